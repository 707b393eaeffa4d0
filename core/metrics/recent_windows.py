"""Recent windows, for live values that need more than one window."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

from core.metrics.columns import STEP_MS

T = TypeVar("T")
# Windows that do not end on an interval boundary are not stored. Ignoring them here bases live values on the same
# windows as history.
INTERVAL_MS = STEP_MS["live"]


class RecentWindows(Generic[T]):
    """Values for live windows by key and window end; windows that do not end on an interval boundary are ignored."""

    def __init__(self) -> None:
        self._by_key: dict[Hashable, dict[int, T]] = {}
        self._pruned_ms = 0

    def add(self, key: Hashable, end_ms: int, value: T) -> None:
        """Add a window; windows may be repeated and arrive in any order."""
        if not end_ms % INTERVAL_MS:
            self._by_key.setdefault(key, {})[end_ms] = value

    def of(self, key: Hashable) -> Mapping[int, T]:
        """Return the values stored for a key by window end, in ms."""
        return self._by_key.get(key, {})

    def prune(self, before_ms: int) -> None:
        """Drop windows that ended before `before_ms`; at most once per INTERVAL_MS, however often it is called."""
        if before_ms < self._pruned_ms + INTERVAL_MS:
            return
        self._pruned_ms = before_ms
        for key, ends in list(self._by_key.items()):
            for end_ms in [end_ms for end_ms in ends if end_ms < before_ms]:
                del ends[end_ms]
            if not ends:
                del self._by_key[key]
