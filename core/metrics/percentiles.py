"""Where a value stands among others of its kind."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence

# Fewer values than this say nothing of a place among them.
FEWEST = 10


def percentile(value: float, values: Collection[float]) -> int | None:
    """Return the percentage of the others in `values` that lie below `value`, cut to a whole one; None for too few.

    `values` hold `value` itself once, which is not compared with itself. Of equal ones half count as below: a value
    that all share is in the middle.
    """
    return None if len(values) < FEWEST else _percent(value, sorted(values))


def percentiles(values: Mapping[str, float]) -> dict[str, int]:
    """Return the `percentile` of each value by its key; nothing for too few."""
    ordered = sorted(values.values())
    return {key: _percent(value, ordered) for key, value in values.items()} if len(ordered) >= FEWEST else {}


def _percent(value: float, ordered: Sequence[float]) -> int:
    below, until = bisect_left(ordered, value), bisect_right(ordered, value)
    return int(100 * (below + (until - below - 1) / 2) / (len(ordered) - 1))
