"""Where a value stands among others of its kind."""

from __future__ import annotations

from collections.abc import Collection

# Fewer values than this say nothing of a place among them.
FEWEST = 10


def percentile(value: float, values: Collection[float]) -> int | None:
    """Return the percentage of the others in `values` that lie below `value`, cut to a whole one; None for too few.

    `values` hold `value` itself once, which is not compared with itself. Of equal ones half count as below: a value
    that all share is in the middle.
    """
    if len(values) < FEWEST:
        return None
    below = sum(other < value for other in values)
    equal = sum(other == value for other in values) - 1
    return int(100 * (below + equal / 2) / (len(values) - 1))
