"""The check of the whole path: the ledger against Kafka, and Cassandra against the reference over `chat`.

What is equal to what is said in design.md, section 8. The comparisons are in core/proof/comparison.py and counting.py
beside this file; here is the order in which they are made, and the waiting for what is still on its way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from apps.metrics.chat_log import ChatLog
from apps.metrics.counting import RECENT_MS, Counting, WindowReader
from core.irc.event_time import PROMISE_DELAY_MS
from core.proof.comparison import Bounds, Fault, MatchResult, match_messages, match_notices
from core.proof.event_sums import SumComparison, compare_sums
from core.proof.ledger import Entry, file_hour_ms, parse_entry

SETTLE_S = 5.0
POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted in a fault's time: windows that end in it and how many differ, messages that were moved."""

    windows: int
    differences: int
    moved: int


@dataclass(slots=True)
class Report:
    """The figures of a check; `notes` are what a person should know who reads them.

    `windows` is None where counting was not compared; `summed` is how many the sums had to hold at least;
    `counted` is of each fault, in their order.
    """

    messages: MatchResult
    notices: MatchResult
    moved: int
    rejected: int
    windows: int | None
    differences: list[str]
    notes: list[str] = field(default_factory=list)
    summed: int = 0
    counted: Sequence[Counted] = ()

    def figures(self) -> dict[str, int]:
        """Return the figures in the order in which they are printed."""
        heard = self.messages.all
        return {
            "sent": heard.sent,
            "in_chat": heard.in_chat,
            "in_gaps": heard.in_gaps,
            "dropped": heard.dropped,
            "notices": self.notices.all.sent,
            "summed": self.summed,
            "moved": self.moved,
            "rejected": self.rejected,
            "pending": self.messages.pending,
            "windows": self.windows or 0,
            "differences": len(self.differences),
        }

    def of_faults(self) -> list[dict[str, Any]]:
        """Return the figures of each fault's own time; raids and gift bombs are told by their differences."""
        parts = zip(self.messages.of_faults, self.notices.of_faults, self.counted, strict=True)
        return [
            {
                **asdict(messages),
                "moved": counted.moved,
                "windows": counted.windows,
                "differences": messages.differences + notices.differences + counted.differences,
            }
            for messages, notices, counted in parts
        ]

    @property
    def proves(self) -> bool:
        """Whether what was to be compared was compared, and holds."""
        return not self.differences and self.messages.all.sent > 0 and self.windows != 0


@dataclass(slots=True)
class Check:
    """One check; nothing waits longer than `timeout_s` in all. Without a store only listening is compared."""

    chat: ChatLog
    store: WindowReader | None
    ledger: Ledger
    timeout_s: float
    faults: Sequence[Fault] | None = None
    now_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _notes: list[str] = field(default_factory=list)
    _deadline_s: float = 0.0
    _channels: set[str] = field(default_factory=set)

    def run(self) -> Report:
        """Wait for what is under way, compare, and look once more at what is young. Raises: ServiceAway."""
        self._deadline_s = self.now_s() + self.timeout_s
        self._wait_for_promise()
        promise_ms = self.chat.tally.promise_ms(self.chat.partitions)
        counting = self._counting(promise_ms)
        messages, notices, sums = self._listening(promise_ms)
        if counting is not None:
            counting.compare()
        late_ms = max(messages.late_ms, notices.late_ms)
        if late_ms > promise_ms - RECENT_MS or (counting is not None and counting.young):
            self.sleep(SETTLE_S)
            self.chat.catch_up()
            messages, notices, sums = self._listening(promise_ms)
            if counting is not None:
                counting.compare_young()
        return self._report(messages, notices, sums, counting)

    def _report(
        self, messages: MatchResult, notices: MatchResult, sums: SumComparison, counting: Counting | None
    ) -> Report:
        tally = self.chat.tally
        found = [*messages.differences, *notices.differences, *sums.differences]
        found += counting.differences if counting else []
        if tally.without_id:
            found.append(f"{tally.without_id} messages on chat have no id")
        if self.ledger.torn:
            self._notes.append(f"{self.ledger.torn} torn lines in the ledger: nothing of them was sent")
        windows = counting.windows if counting else None
        counted = [self._counted(fault, counting) for fault in self.faults or ()]
        moved = len(tally.moved_ms)
        return Report(messages, notices, moved, tally.rejected, windows, found, self._notes, sums.summed, counted)

    def _counted(self, fault: Fault, counting: Counting | None) -> Counted:
        windows, differences = counting.within(fault) if counting else (0, 0)
        return Counted(windows, differences, sum(map(fault.holds, self.chat.tally.moved_ms)))

    def _wait_for_promise(self) -> None:
        """Read `chat` until its promise has passed the newest entry that is in the ledger now."""
        newest_ms = 0
        for entry in self.ledger.entries():
            self._channels.add(entry.channel_id)
            newest_ms = max(newest_ms, entry.sent_ms if entry.connections else 0)
        self.chat.catch_up()
        while (promise_ms := self.chat.tally.promise_ms(self.chat.partitions)) < newest_ms:
            if not self._in_time():
                behind_s = (newest_ms - promise_ms) / 1000
                self._notes.append(f"chat ends {behind_s:.1f} s before the ledger: is run_producer running?")
                return
            self.sleep(POLL_S)
            self.chat.catch_up()

    def _counting(self, promise_ms: int) -> Counting | None:
        if self.store is None:
            return None
        counting = Counting(self.store, self.chat.tally, self._channels, self.chat.kept_from_ms(), promise_ms)
        if missing := counting.wait_for_sink(self._poll):
            self._notes.append(missing)
        return counting

    def _poll(self) -> bool:
        in_time = self._in_time()
        if in_time:
            self.sleep(POLL_S)
        return in_time

    def _in_time(self) -> bool:
        return self.now_s() <= self._deadline_s

    def _listening(self, promise_ms: int) -> tuple[MatchResult, MatchResult, SumComparison]:
        # The ledger is read after Kafka: each message heard was written there before.
        events = self.chat.events()
        kept_ms = self.chat.kept_from_ms()
        bounds = Bounds(events.gaps, promise_ms, self.faults, kept_ms + PROMISE_DELAY_MS if kept_ms else 0)
        messages = match_messages(self.ledger.entries(), self.chat.tally.heard, bounds)
        notices = match_notices(self.ledger.entries(), events.notices, bounds)
        return messages, notices, compare_sums(self.ledger.entries(), events.sums, bounds)


class Ledger:
    """The ledger's folder; `torn` counts the lines passed over in the latest reading."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.torn = 0

    def entries(self) -> Iterator[Entry]:
        """Yield every whole entry, an hour's file after the other; of a torn line nothing was sent."""
        self.torn = 0
        for path in sorted(self._folder.glob("*.tsv")):
            if file_hour_ms(path.name) is not None:
                yield from self._whole(path)

    def _whole(self, path: Path) -> Iterator[Entry]:
        with path.open("rb") as lines:
            for entry in map(parse_entry, lines):
                if entry is None:
                    self.torn += 1
                else:
                    yield entry
