"""Detection of growth in a figure that is sampled over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

# Growth of up to a tenth, plus the caller's slack, is not a leak.
GROWTH = 1.10


@dataclass(frozen=True, slots=True)
class Trend:
    """The means of the first and last thirds of the samples, and the slope per hour (least squares)."""

    first: float
    last: float
    slope_per_h: float

    def is_flat(self, slack: float) -> bool:
        """Return whether the last third exceeds the first by at most a tenth plus `slack`."""
        return self.last <= self.first * GROWTH + slack


def trend(samples: Sequence[tuple[float, float]]) -> Trend:
    """Return the trend of (seconds, value) samples, in order; at least one is needed."""
    third = max(1, len(samples) // 3)
    values = [value for _, value in samples]
    return Trend(fmean(values[:third]), fmean(values[-third:]), _slope(samples) * 3600)


def _slope(samples: Sequence[tuple[float, float]]) -> float:
    mean_s, mean = fmean(at_s for at_s, _ in samples), fmean(value for _, value in samples)
    spread = sum((at_s - mean_s) ** 2 for at_s, _ in samples)
    return sum((at_s - mean_s) * (value - mean) for at_s, value in samples) / spread if spread else 0.0
