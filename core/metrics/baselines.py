"""Comparison of a broadcast with the channel's previous ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from core.metrics.broadcasts import Broadcast

# The number of previous broadcasts that a baseline is computed from, and the minimum that must have a value.
PREVIOUS, KNOWN_MIN = 5, 3

# Figures that are compared. A figure that is unknown or a lower bound is not part of a baseline.
_FIGURES: Mapping[str, Callable[[Broadcast], float | None]] = {
    "length": lambda b: b.ended_ms - b.started_ms,
    "peak_viewers": lambda b: None if b.lower_bounds.viewers else b.peak_viewers,
    "mean_viewers": lambda b: None if b.lower_bounds.viewers else b.mean_viewers,
    "watched": lambda b: None if b.lower_bounds.viewers else b.watched,
    "messages": lambda b: None if b.lower_bounds.chat else b.heard_messages,
}


@dataclass(frozen=True, slots=True)
class Baseline:
    """The median of a figure over `count` previous broadcasts, and the change from it in percent.

    `change` is None if the broadcast's own figure is unknown or a lower bound, or the median is 0.
    """

    median: float
    count: int
    change: float | None


def baselines(broadcast: Broadcast, previous: Sequence[Broadcast]) -> dict[str, Baseline]:
    """Return a baseline for each figure known for enough of the last PREVIOUS broadcasts. `previous`: newest first."""
    found = {}
    for name, figure in _FIGURES.items():
        known = [value for earlier in previous[:PREVIOUS] if (value := figure(earlier)) is not None]
        if len(known) >= KNOWN_MIN:
            middle, own = median(known), figure(broadcast)
            change = 100 * (own / middle - 1) if own is not None and middle else None
            found[name] = Baseline(middle, len(known), change)
    return found
