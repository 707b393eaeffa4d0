"""Count and age of the records in the Kafka client, which delivers the records of each partition in order."""

from __future__ import annotations

import math
from collections import deque


class InFlight:
    """Records that the Kafka client has neither delivered nor returned. Times are seconds on any monotonic clock."""

    def __init__(self) -> None:
        self._batches: dict[int, deque[tuple[float, int]]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def oldest_s(self) -> float:
        """The time at which the oldest record was passed to the Kafka client, or infinity if there is none."""
        return min((batches[0][0] for batches in self._batches.values()), default=math.inf)

    def add(self, partition: int, count: int, now_s: float) -> None:
        """Add a batch that was passed to the Kafka client."""
        if count:
            self._batches.setdefault(partition, deque()).append((now_s, count))
            self._count += count

    def remove(self, partition: int) -> None:
        """Remove the oldest record of a partition."""
        batches = self._batches[partition]
        since_s, count = batches.popleft()
        if count > 1:
            batches.appendleft((since_s, count - 1))
        elif not batches:
            del self._batches[partition]
        self._count -= 1
