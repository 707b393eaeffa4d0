"""Compares the windows in Cassandra with reference values computed from `chat`.

This is the second invariant that `check_ledger` verifies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from apps.metrics.store import StoredWindow
from core.metrics.columns import STORED_GRAINS, WINDOW_MS, StoredGrain
from core.proof.comparison import Fault
from core.proof.reference import Tally, WindowKey, Windows, differences

# A difference younger than this may still be on its way through the sinks.
RECENT_MS = 30_000

StoredWindows = dict[WindowKey, dict[str, int]]


@dataclass(frozen=True, slots=True)
class ChatWindows:
    """Windows computed from `chat`, which has all messages of a grain's windows that end in (after_ms, until_ms]."""

    windows: Windows
    after_ms: Mapping[StoredGrain, int]
    until_ms: int

    def has(self, grain: StoredGrain, end_ms: int) -> bool:
        """Return whether `chat` has all messages of a window."""
        return self.after_ms[grain] < end_ms <= self.until_ms


class WindowReader(Protocol):
    """Reads windows; implemented by apps/metrics/store.py."""

    def read_windows(self, grain: StoredGrain, channel_id: str, from_ms: int, until_ms: int) -> list[StoredWindow]:
        """Return the windows of a channel that end in (from_ms, until_ms], oldest first."""
        ...


class WindowComparison:
    """Compares the reference windows in (from_ms, promise_ms] with those in Cassandra."""

    def __init__(
        self, store: WindowReader, tally: Tally, channels: Iterable[str], from_ms: int, promise_ms: int
    ) -> None:
        self._store = store
        self._channels = tally.blocks.channels().union(channels)
        self._first_ms = min(tally.first_ms.values(), default=0)
        self._from_ms = from_ms
        self._promise_ms = promise_ms
        self._expected = tally.blocks.windows(from_ms=from_ms, until_ms=promise_ms)
        self._differences: dict[WindowKey, str] = {}
        self._compared: Counter[int] = Counter()

    def wait_for_sink(self, keep_waiting: Callable[[], bool]) -> str:
        """Wait until Cassandra has the newest closed minute of every channel.

        Return "", or a message about missing minutes when `keep_waiting` returns False.
        """
        ends = [end_ms for _, grain, end_ms in self._expected if grain == "minute"]
        waiting = {key[0] for key in self._expected if key[1] == "minute" and key[2] == max(ends)}
        while waiting:
            end_ms = max(ends)
            waiting = {i for i in waiting if not self._store.read_windows("minute", i, end_ms - 1, end_ms)}
            if waiting and not keep_waiting():
                return f"the minute ending {end_ms} is missing from Cassandra for {len(waiting)} channels"
        return ""

    def compare(self) -> None:
        """Compare every window."""
        stored = self._stored()
        self._differences = dict(differences(self._expected, stored))
        self._compared = Counter(end_ms for _, _, end_ms in self._expected.keys() | stored.keys())

    def from_chat(self) -> ChatWindows:
        """Return the reference windows."""
        after_ms = {g: self._from_ms + WINDOW_MS[g] - 1 if self._from_ms else self._first_ms for g in STORED_GRAINS}
        return ChatWindows(self._expected, after_ms, self._promise_ms)

    @property
    def windows(self) -> int:
        """The number of windows compared."""
        return self._compared.total()

    @property
    def recent(self) -> set[WindowKey]:
        """The recent windows that differ, which may not have been written yet."""
        return {key for key in self._differences if key[2] > self._promise_ms - RECENT_MS}

    def compare_recent(self) -> None:
        """Compare again the recent windows that differ."""
        recent = self.recent
        stored = self._read(recent)
        self._differences = {key: text for key, text in self._differences.items() if key not in recent}
        expected = {key: self._expected[key] for key in recent if key in self._expected}
        self._differences |= dict(differences(expected, stored))

    @property
    def differences(self) -> list[str]:
        """The differences as display text."""
        return list(self._differences.values())

    def within(self, fault: Fault) -> tuple[int, int]:
        """Return the number of compared windows that end within a fault, and the number of those that differ."""
        compared = sum(count for end_ms, count in self._compared.items() if fault.contains(end_ms))
        return compared, sum(fault.contains(end_ms) for _, _, end_ms in self._differences)

    def _stored(self) -> StoredWindows:
        """Return Cassandra's windows of the channels in `chat` or the ledger."""
        stored: StoredWindows = {}
        after_ms = self.from_chat().after_ms
        for channel_id in sorted(self._channels):
            for grain in STORED_GRAINS:
                for window in self._store.read_windows(grain, channel_id, after_ms[grain], self._promise_ms):
                    stored[channel_id, grain, window.end_ms] = window.columns
        return stored

    def _read(self, keys: Iterable[WindowKey]) -> Mapping[WindowKey, dict[str, int]]:
        return {
            (channel_id, grain, end_ms): window.columns
            for channel_id, grain, end_ms in keys
            for window in self._store.read_windows(grain, channel_id, end_ms - 1, end_ms)
        }
