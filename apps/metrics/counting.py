"""Cassandra against the reference over `chat`: the second equality of `check_ledger`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from apps.metrics.store import StoredWindow
from core.metrics.columns import STORED_GRAINS, WINDOW_MS, StoredGrain
from core.proof.comparison import Fault
from core.proof.reference import Tally, WindowKey, differences

# A difference younger than this may still be on its way through the sinks.
RECENT_MS = 30_000

StoredWindows = dict[WindowKey, dict[str, int]]


class WindowReader(Protocol):
    """What the check asks of Cassandra: see apps/metrics/store.py."""

    def read_windows(self, grain: StoredGrain, channel_id: str, from_ms: int, until_ms: int) -> list[StoredWindow]:
        """Return the windows of a channel whose end lies in (from_ms, until_ms], oldest first."""
        ...


class Counting:
    """The windows that `chat` makes in (from_ms, promise_ms], and what Cassandra holds of them."""

    def __init__(
        self, store: WindowReader, tally: Tally, channels: Iterable[str], from_ms: int, promise_ms: int
    ) -> None:
        self._store = store
        self._channels = tally.blocks.channels().union(channels)
        self._first_ms = min(tally.first_ms.values(), default=0)
        self._from_ms = from_ms
        self._promise_ms = promise_ms
        self._expected = tally.blocks.windows(from_ms=from_ms, until_ms=promise_ms)
        self._wrong: dict[WindowKey, str] = {}
        self._compared: Counter[int] = Counter()

    def wait_for_sink(self, go_on: Callable[[], bool]) -> str:
        """Wait until the newest closed minute is in Cassandra for every channel that has one.

        Return what is still missing when `go_on` says no, else an empty text.
        """
        ends = [end_ms for _, grain, end_ms in self._expected if grain == "minute"]
        waiting = {key[0] for key in self._expected if key[1] == "minute" and key[2] == max(ends)}
        while waiting:
            end_ms = max(ends)
            waiting = {one for one in waiting if not self._store.read_windows("minute", one, end_ms - 1, end_ms)}
            if waiting and not go_on():
                return f"the minute ending {end_ms} is missing in Cassandra for {len(waiting)} channels"
        return ""

    def compare(self) -> None:
        """Compare every window."""
        found = self._stored()
        self._wrong = dict(differences(self._expected, found))
        self._compared = Counter(end_ms for _, _, end_ms in self._expected.keys() | found.keys())

    @property
    def windows(self) -> int:
        """How many windows were compared."""
        return self._compared.total()

    @property
    def young(self) -> set[WindowKey]:
        """The windows that differ, but may yet be written."""
        return {key for key in self._wrong if key[2] > self._promise_ms - RECENT_MS}

    def compare_young(self) -> None:
        """Read once more the windows that may have been under way."""
        young = self.young
        found = self._read(young)
        self._wrong = {key: why for key, why in self._wrong.items() if key not in young}
        expected = {key: self._expected[key] for key in young if key in self._expected}
        self._wrong |= dict(differences(expected, found))

    @property
    def differences(self) -> list[str]:
        """What differs, in sentences."""
        return list(self._wrong.values())

    def within(self, fault: Fault) -> tuple[int, int]:
        """Return how many of the compared windows end in a fault's time, and how many of those differ."""
        compared = sum(count for end_ms, count in self._compared.items() if fault.holds(end_ms))
        return compared, sum(fault.holds(end_ms) for _, _, end_ms in self._wrong)

    def _stored(self) -> StoredWindows:
        """Return what Cassandra holds of the channels known from `chat` or the ledger."""
        found: StoredWindows = {}
        for channel_id in sorted(self._channels):
            for grain in STORED_GRAINS:
                after_ms = self._from_ms + WINDOW_MS[grain] - 1 if self._from_ms else self._first_ms
                for window in self._store.read_windows(grain, channel_id, after_ms, self._promise_ms):
                    found[channel_id, grain, window.end_ms] = window.columns
        return found

    def _read(self, keys: Iterable[WindowKey]) -> Mapping[WindowKey, dict[str, int]]:
        return {
            (channel_id, grain, end_ms): window.columns
            for channel_id, grain, end_ms in keys
            for window in self._store.read_windows(grain, channel_id, end_ms - 1, end_ms)
        }
