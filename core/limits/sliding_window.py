"""Sliding-window rate limiter. Times are seconds of a monotonic clock."""

from __future__ import annotations

from collections import deque


class SlidingWindow:
    """Allows `limit` calls in any `window_s` seconds. Wait `delay_s` before each call, then `record` it."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._calls_s: deque[float] = deque()
        self._blocked_until_s = 0.0

    def delay_s(self, now_s: float) -> float:
        """Return the seconds to wait before the next call is allowed."""
        while self._calls_s and self._calls_s[0] <= now_s - self._window_s:
            self._calls_s.popleft()
        full_s = self._calls_s[0] + self._window_s - now_s if len(self._calls_s) >= self._limit else 0.0
        return max(0.0, full_s, self._blocked_until_s - now_s)

    def record(self, now_s: float) -> None:
        """Count a call."""
        self._calls_s.append(now_s)

    def block_until(self, until_s: float) -> None:
        """Allow no call before `until_s`, for example after a Retry-After; an ongoing block is never shortened."""
        self._blocked_until_s = max(self._blocked_until_s, until_s)
