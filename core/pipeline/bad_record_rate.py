"""When so many of a topic's records are unusable that setting them aside must end.

A bad record is a slip of its writer; many are a fault of the writer or of this reader, and a dead-letter topic
is no place for a whole topic.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

# Over so many of the records read last, this many may be unusable, and more while they are no larger a share.
RECENT = 10_000
UNUSABLE_MAX = 100
PERCENT_MAX = 10


@dataclass(frozen=True, slots=True)
class Excess:
    """What was exceeded: of the last `read` records of `topic` this many were unusable, the last one for `reason`."""

    topic: str
    unusable: int
    read: int
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.unusable:,} of the last {self.read:,} records of {self.topic} were unusable, "
            f"the last one because: {self.reason}"
        )


class ShareLimits:
    """Looks back over the records that were read last, at each topic's apart."""

    def __init__(self) -> None:
        self._recent: dict[str, _Recent] = {}

    def take(self, topic: str, fault: str | None) -> Excess | None:
        """Take note of one more record and why it is unusable, None when it is not; say whether that is too much."""
        recent = self._recent.setdefault(topic, _Recent())
        recent.add(fault is not None)
        if fault is None or not recent.is_too_much():
            return None
        return Excess(topic, recent.unusable, recent.read, fault)


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

    def is_too_much(self) -> bool:
        return self.unusable > UNUSABLE_MAX and self.unusable * 100 > PERCENT_MAX * self.read
