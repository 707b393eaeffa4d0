"""What Twitch allows its clients, and the count of how often they asked for more.

Source: docs/twitch.md, "Limits".
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
    """How often a limit was overrun: joins of a connection, logins of all clients, channels of a connection."""

    joins: int = 0
    connections: int = 0
    channels: int = 0


class Window:
    """The attempts of the last 10 s, of which there may be so many."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._times_s: deque[float] = deque()

    def exceeded(self, now_s: float) -> bool:
        """Count an attempt, and say whether it is one too many. `now_s` never goes backwards."""
        times_s = self._times_s
        times_s.append(now_s)
        while times_s[0] <= now_s - WINDOW_S:
            times_s.popleft()
        return len(times_s) > self._limit
