"""Percentile of a value among its peers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence

# A smaller peer group has no percentiles.
MIN_PEERS = 10


def percentile(value: float, values: Collection[float]) -> int | None:
    """Return the percentage of the other `values` that are below `value`, rounded down, or None if there are too few.

    `values` contains `value` itself, which is not compared with itself. Half of the equal values count as below, so a
    value that all share is at the 50th percentile.
    """
    return None if len(values) < MIN_PEERS else _percent(value, sorted(values))


def percentiles(values: Mapping[str, float]) -> dict[str, int]:
    """Return the `percentile` of each value by its key; empty if there are too few values."""
    ordered = sorted(values.values())
    return {key: _percent(value, ordered) for key, value in values.items()} if len(ordered) >= MIN_PEERS else {}


def _percent(value: float, ordered: Sequence[float]) -> int:
    below, until = bisect_left(ordered, value), bisect_right(ordered, value)
    return int(100 * (below + (until - below - 1) / 2) / (len(ordered) - 1))
