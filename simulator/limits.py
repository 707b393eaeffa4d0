"""Twitch's limits for clients, and counters of violations.

Source: dev.twitch.tv, "Chat & Chatbots", "Rate Limits".
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

JOINS_PER_WINDOW = 20
LOGINS_PER_WINDOW = 20
WINDOW_S = 10.0
CHANNELS_PER_CONNECTION = 100


@dataclass(slots=True)
class Violations:
    """Number of violations of each limit: joins per connection, logins in total, and channels per connection."""

    joins: int = 0
    connections: int = 0
    channels: int = 0


class RateLimit:
    """Sliding-window limit on attempts in 10 s."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._times_s: deque[float] = deque()

    def exceeded(self, now_s: float) -> bool:
        """Count an attempt and return whether it exceeds the limit. `now_s` is monotonic."""
        times_s = self._times_s
        times_s.append(now_s)
        while times_s[0] <= now_s - WINDOW_S:
            times_s.popleft()
        return len(times_s) > self._limit
