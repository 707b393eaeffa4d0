"""Detection of joined channels that are silent for longer than their usual message rate explains.

A server can silently drop a join. A channel with a message every second is suspect after a minute, a quiet one
after an hour, so each channel is rejoined at least once per silent hour.
"""

from __future__ import annotations

from dataclasses import dataclass

# Silence is suspect after this multiple of the average pause between messages, within these limits.
PAUSES = 30.0
AT_LEAST_MS = 60_000
AT_MOST_MS = 3_600_000
# Weight of one pause in the moving average.
WEIGHT = 0.05


@dataclass(slots=True)
class _Pace:
    last_ms: int
    pause_ms: float = AT_MOST_MS / PAUSES
    patience: int = 1


class Silence:
    """Learns the message rate of each channel. Times are ms on a monotonic clock."""

    def __init__(self) -> None:
        self._paces: dict[str, _Pace] = {}
        self._learned: dict[str, _Pace] = {}

    def watch(self, login: str, now_ms: int) -> None:
        """Start watching a channel; a rejoined one keeps its learned rate and its doubled limit."""
        pace = self._learned.pop(login, None) or _Pace(now_ms)
        pace.last_ms = now_ms
        self._paces[login] = pace

    def unwatch(self, login: str) -> None:
        """Stop watching a channel."""
        self._paces.pop(login, None)

    def heard(self, login: str, now_ms: int) -> None:
        """Record a message."""
        pace = self._paces.get(login)
        if pace is not None:
            pace.pause_ms += WEIGHT * (now_ms - pace.last_ms - pace.pause_ms)
            pace.last_ms, pace.patience = now_ms, 1

    def due(self, now_ms: int) -> list[str]:
        """Return the channels to rejoin."""
        return [login for login, pace in self._paces.items() if now_ms - pace.last_ms >= _limit_ms(pace)]

    def mark_rejoined(self, login: str) -> None:
        """Record a rejoin and double the channel's limit for the next time."""
        pace = self._learned[login] = self._paces[login]
        pace.patience *= 2


def _limit_ms(pace: _Pace) -> float:
    return min(AT_MOST_MS, max(AT_LEAST_MS, PAUSES * pace.pause_ms) * pace.patience)
