"""Limit on the share of unusable records per topic, beyond which a reader stops.

A few bad records are normal. Many mean that the writer or this reader is broken; without a limit, all records of the
topic would be copied to the dead-letter topic.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

# Of the last RECENT records, UNUSABLE_MAX or PERCENT_MAX percent may be unusable, whichever is more.
RECENT = 10_000
UNUSABLE_MAX = 100
PERCENT_MAX = 10


@dataclass(frozen=True, slots=True)
class RateExceeded:
    """Exceeded limit: of the last `read` records of `topic`, `unusable` were unusable; `reason` is the last fault."""

    topic: str
    unusable: int
    read: int
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.unusable:,} of the last {self.read:,} records of {self.topic} were unusable; "
            f"last fault: {self.reason}"
        )


class BadRecordRate:
    """Tracks the share of unusable records of each topic among its last records."""

    def __init__(self) -> None:
        self._recent: dict[str, _Recent] = {}

    def take(self, topic: str, fault: str | None) -> RateExceeded | None:
        """Count a record, with its fault if it is unusable; return the excess if the limit is exceeded."""
        recent = self._recent.setdefault(topic, _Recent())
        recent.add(fault is not None)
        if fault is None or not recent.exceeds_limit():
            return None
        return RateExceeded(topic, recent.unusable, recent.read, fault)


class _Recent:
    def __init__(self) -> None:
        self._flags: deque[bool] = deque(maxlen=RECENT)
        self.unusable = 0

    @property
    def read(self) -> int:
        return len(self._flags)

    def add(self, unusable: bool) -> None:
        if self.read == RECENT:
            self.unusable -= self._flags[0]
        self._flags.append(unusable)
        self.unusable += unusable

    def exceeds_limit(self) -> bool:
        return self.unusable > UNUSABLE_MAX and self.unusable * 100 > PERCENT_MAX * self.read
