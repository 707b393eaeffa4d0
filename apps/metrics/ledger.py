"""End-to-end check: compares the ledger with Kafka, and Cassandra with reference values computed from `chat`.

There are three invariants: each message in the ledger is in `chat` once or in a recorded gap
(core/proof/comparison.py), each stored window equals its reference (window_comparison.py), and each stored day equals
its minutes and hours (day_comparison.py). This module checks them in order, and waits for data that is still in flight.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from apps.metrics.chat_log import ChatLog
from apps.metrics.day_comparison import DayComparison, DaySources, WindowsFromChat
from apps.metrics.window_comparison import RECENT_MS, WindowComparison, WindowReader
from core.irc.event_time import PROMISE_DELAY_MS
from core.proof.comparison import Bounds, Fault, MatchResult, match_messages, match_notices
from core.proof.event_sums import SumComparison, compare_sums
from core.proof.ledger import Entry, file_hour_ms, parse_entry

SETTLE_S = 5.0
POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class FaultCounts:
    """Counts within a fault: windows that end in it, those that differ, and messages counted in another minute."""

    windows: int
    differences: int
    moved: int


@dataclass(slots=True)
class Report:
    """Figures from a check; `notes` are remarks for the reader.

    `windows` is None if windows were not compared; `days` is the number of days compared; `summed` is the number of
    lines that the event sums must include; `faults` contains the counts of each fault, in order.
    """

    messages: MatchResult
    notices: MatchResult
    moved: int
    rejected: int
    windows: int | None
    differences: list[str]
    notes: list[str] = field(default_factory=list)
    summed: int = 0
    faults: Sequence[FaultCounts] = ()
    days: int = 0

    def figures(self) -> dict[str, int]:
        """Return the figures in print order."""
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
            "days": self.days,
            "differences": len(self.differences),
        }

    def of_faults(self) -> list[dict[str, Any]]:
        """Return the figures for each fault; raids and gift bombs are included in the differences."""
        parts = zip(self.messages.of_faults, self.notices.of_faults, self.faults, strict=True)
        return [
            {
                **asdict(messages),
                "moved": counts.moved,
                "windows": counts.windows,
                "differences": messages.differences + notices.differences + counts.differences,
            }
            for messages, notices, counts in parts
        ]

    @property
    def is_ok(self) -> bool:
        """True if there was something to compare and no difference was found."""
        return not self.differences and self.messages.all.sent > 0 and self.windows != 0


@dataclass(slots=True)
class Check:
    """One check, which waits at most `timeout_s`. If `store` is None, only the received messages are compared.

    Days are compared only if `days` is given.
    """

    chat: ChatLog
    store: WindowReader | None
    ledger: Ledger
    timeout_s: float
    faults: Sequence[Fault] | None = None
    days: DaySources | None = None
    now_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _notes: list[str] = field(default_factory=list)
    _deadline_s: float = 0.0
    _channels: set[str] = field(default_factory=set)

    def run(self) -> Report:
        """Wait for data in flight, compare, and compare recent differences once more. Raises: ServiceUnavailable."""
        self._deadline_s = self.now_s() + self.timeout_s
        self._wait_for_promise()
        promise_ms = self.chat.tally.promise_ms(self.chat.partitions)
        comparison = self._window_comparison(promise_ms)
        messages, notices, sums = self._listening(promise_ms)
        if comparison is not None:
            comparison.compare()
        late_ms = max(messages.late_ms, notices.late_ms)
        if late_ms > promise_ms - RECENT_MS or (comparison is not None and comparison.recent):
            self.sleep(SETTLE_S)
            self.chat.catch_up()
            messages, notices, sums = self._listening(promise_ms)
            if comparison is not None:
                comparison.compare_recent()
        days = self._compare_days(comparison, promise_ms)
        return self._report(messages, notices, sums, comparison, days)

    def _compare_days(self, comparison: WindowComparison | None, promise_ms: int) -> DayComparison | None:
        if comparison is None or self.days is None:
            return None
        days = DayComparison(self.days.days, WindowsFromChat(self.days.windows, comparison.from_chat()))
        days.compare(self._channels, min(self.chat.tally.first_ms.values(), default=0), promise_ms)
        if days.pending:
            self._notes.append(
                f"{len(days.pending)} channel-days that ended in the past 2 h differ and may not be rolled up yet, "
                f"first: {days.pending[0]}"
            )
        return days

    def _report(
        self,
        messages: MatchResult,
        notices: MatchResult,
        sums: SumComparison,
        comparison: WindowComparison | None,
        days: DayComparison | None,
    ) -> Report:
        tally = self.chat.tally
        differences = [*messages.differences, *notices.differences, *sums.differences]
        differences += comparison.differences if comparison else []
        differences += days.differences if days else []
        if tally.without_id:
            differences.append(f"{tally.without_id} messages in chat have no id")
        if self.ledger.torn:
            self._notes.append(f"{self.ledger.torn} torn lines in the ledger: their messages were not sent")
        windows = comparison.windows if comparison else None
        faults = [self._fault_counts(fault, comparison) for fault in self.faults or ()]
        moved = len(tally.moved_ms)
        return Report(
            messages,
            notices,
            moved,
            tally.rejected,
            windows,
            differences,
            self._notes,
            sums.summed,
            faults,
            days.days if days else 0,
        )

    def _fault_counts(self, fault: Fault, comparison: WindowComparison | None) -> FaultCounts:
        windows, differences = comparison.within(fault) if comparison else (0, 0)
        return FaultCounts(windows, differences, sum(map(fault.contains, self.chat.tally.moved_ms)))

    def _wait_for_promise(self) -> None:
        """Read `chat` until its watermark has passed the newest entry of the ledger."""
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

    def _window_comparison(self, promise_ms: int) -> WindowComparison | None:
        if self.store is None:
            return None
        complete_from_ms = self.chat.complete_from_ms()
        comparison = WindowComparison(self.store, self.chat.tally, self._channels, complete_from_ms, promise_ms)
        if missing := comparison.wait_for_sink(self._poll):
            self._notes.append(missing)
        return comparison

    def _poll(self) -> bool:
        in_time = self._in_time()
        if in_time:
            self.sleep(POLL_S)
        return in_time

    def _in_time(self) -> bool:
        return self.now_s() <= self._deadline_s

    def _listening(self, promise_ms: int) -> tuple[MatchResult, MatchResult, SumComparison]:
        # The ledger is read after Kafka, because each message is written to the ledger before it is sent.
        events = self.chat.events()
        complete_ms = self.chat.complete_from_ms()
        bounds = Bounds(events.gaps, promise_ms, self.faults, complete_ms + PROMISE_DELAY_MS if complete_ms else 0)
        messages = match_messages(self.ledger.entries(), self.chat.tally.heard, bounds)
        notices = match_notices(self.ledger.entries(), events.notices, bounds)
        return messages, notices, compare_sums(self.ledger.entries(), events.sums, bounds)


class Ledger:
    """The ledger's folder; `torn` counts the torn lines skipped by the latest read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.torn = 0

    def entries(self) -> Iterator[Entry]:
        """Yield all complete entries, hour by hour; the message of a torn line was never sent."""
        self.torn = 0
        for path in sorted(self._folder.glob("*.tsv")):
            if file_hour_ms(path.name) is not None:
                yield from self._entries_in(path)

    def _entries_in(self, path: Path) -> Iterator[Entry]:
        with path.open("rb") as lines:
            for entry in map(parse_entry, lines):
                if entry is None:
                    self.torn += 1
                else:
                    yield entry
