"""How fast one may ask: so many times in any window. Times are seconds on a clock that never goes back."""

from __future__ import annotations

from collections import deque


class Pace:
    """A sliding window. Ask `wait_s` before each call, then `take`."""

    def __init__(self, most: int, window_s: float) -> None:
        self._most = most
        self._window_s = window_s
        self._taken: deque[float] = deque()
        self._closed_until_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """Return how long to wait until one more is allowed."""
        while self._taken and self._taken[0] <= now_s - self._window_s:
            self._taken.popleft()
        full = self._taken[0] + self._window_s - now_s if len(self._taken) >= self._most else 0.0
        return max(0.0, full, self._closed_until_s - now_s)

    def take(self, now_s: float) -> None:
        """Count one."""
        self._taken.append(now_s)

    def close(self, until_s: float) -> None:
        """Allow none before `until_s`: the other side said so."""
        self._closed_until_s = max(self._closed_until_s, until_s)
