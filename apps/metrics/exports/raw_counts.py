"""Raw counts behind the metrics, for exports; most may be summed over windows that do not overlap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.metrics.exports.intervals import Interval
from core.metrics.columns import GRAINS_OF, WINDOW_MS, StoredGrain, columns_of
from core.metrics.table import Metric, columns_behind


@dataclass(frozen=True, slots=True)
class Count:
    """A column of windows, with its name, unit and heading in an export.

    `by_minute` means that a minute's value is not the sum of the values of its shorter windows, so these may not be
    summed.
    """

    column: str
    name: str
    unit: str
    words: str
    by_minute: bool = False

    def may_be_summed(self, interval: Interval) -> bool:
        """Return whether the sum over an interval's windows equals the count over the time that they span."""
        return not interval.overlaps and not (self.by_minute and interval.grain == "live")


def _count(column: str, unit: str = "messages", *, by_minute: bool = False) -> Count:
    return Count(column, f"count_{column}", unit, f"{column.replace('_', ' ').capitalize()}, count", by_minute)


COUNTS: tuple[Count, ...] = (
    _count("messages"),
    _count("words", "words"),
    # Distinct within a window. The value of an hour is the sum of the values of its minutes.
    _count("texts", "distinct texts per minute or shorter window", by_minute=True),
    _count("first_messages"),
    _count("returning_messages"),
    _count("subscriber_messages"),
    _count("emote_messages"),
    _count("removals", "bans, timeouts and deletions"),
    _count("copies"),
    _count("bot_messages"),
    Count("observed_ms", "observed_ms", "ms", "Time heard"),
    Count("pulses", "pulses", "seconds tracked", "Time tracked"),
    Count("on_air_pulses", "on_air_pulses", "seconds on air", "Time on air"),
    Count("on_air_observed_ms", "on_air_observed_ms", "ms", "Time heard on air"),
    Count("viewers_sum", "viewers_sum", "viewers, one count a second", "Viewers, sum"),
    Count("viewer_pulses", "viewer_pulses", "seconds with known viewers", "Time with a known viewer count"),
)


def counts_of(grain: StoredGrain) -> list[Count]:
    """Return all counts of windows of a stored grain."""
    columns = {column.name for part in GRAINS_OF[grain] for column in columns_of(part)}
    return [count for count in COUNTS if count.column in columns]


def counts_behind(metrics: Iterable[Metric], grain: StoredGrain) -> list[Count]:
    """Return the counts that these metrics are computed from, and the observed time."""
    used = columns_behind(metrics, WINDOW_MS[grain]) | {"observed_ms"}
    return [count for count in counts_of(grain) if count.column in used]


def columns_in(counts: Sequence[Count]) -> set[str]:
    """Return the columns to read for these counts."""
    return {count.column for count in counts}
