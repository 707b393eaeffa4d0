"""Changes of a metric around an event: its means over the whole windows shortly before and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from core.times import MINUTE_MS

SPAN_MS = 5 * MINUTE_MS
# If less than this share of the windows is known, there is no mean.
KNOWN_MIN = 0.6


@dataclass(frozen=True, slots=True)
class Change:
    """A metric's means before and after an event; None if unknown. The event need not be the cause of the change."""

    before: float | None
    after: float | None

    @property
    def difference(self) -> float | None:
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def ratio(self) -> float | None:
        """Return the mean after / the mean before; None if either is unknown or the mean before is 0."""
        return self.after / self.before if self.before and self.after is not None else None


def change_around(
    values: Mapping[int, float], at_ms: int, *, step_ms: int, length_ms: int, settle_ms: int = 0
) -> Change:
    """Return the change from the 5 min before an event to the 5 min that begin `settle_ms` after it.

    `values` contains the metric's values by window end; a window of `length_ms` ends every `step_ms`. Windows that
    contain the event count in neither mean.
    """
    before_ms = at_ms // step_ms * step_ms
    after_ms = -(-at_ms // step_ms) * step_ms + settle_ms
    return Change(
        _mean(values, before_ms - SPAN_MS + length_ms, before_ms, step_ms),
        _mean(values, after_ms + length_ms, after_ms + SPAN_MS, step_ms),
    )


def _mean(values: Mapping[int, float], first_ms: int, last_ms: int, step_ms: int) -> float | None:
    ends_ms = range(first_ms, last_ms + 1, step_ms)
    known = [values[end_ms] for end_ms in ends_ms if end_ms in values]
    return fmean(known) if known and len(known) >= KNOWN_MIN * len(ends_ms) else None
