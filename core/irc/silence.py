"""Which joined channels have been silent for longer than their own pace makes believable.

A server can forget a join and say nothing. A channel that speaks every second is suspect after a minute, one
that hardly speaks after an hour: so each channel is joined anew at least once in a silent hour.
"""

from __future__ import annotations

from dataclasses import dataclass

# Silence of this many times the usual pause between two messages is suspect, within these limits.
PAUSES = 30.0
AT_LEAST_MS = 60_000
AT_MOST_MS = 3_600_000
# How much one pause says of the usual one.
WEIGHT = 0.05


@dataclass(slots=True)
class _Pace:
    last_ms: int
    pause_ms: float = AT_MOST_MS / PAUSES
    patience: int = 1


class Silence:
    """Learns the pace of each watched channel. Times are ms on a clock that never goes back."""

    def __init__(self) -> None:
        self._paces: dict[str, _Pace] = {}
        self._learned: dict[str, _Pace] = {}

    def watch(self, login: str, now_ms: int) -> None:
        """Begin to watch a channel; one that was joined anew keeps its pace, and is given twice the time."""
        pace = self._learned.pop(login, None) or _Pace(now_ms)
        pace.last_ms = now_ms
        self._paces[login] = pace

    def unwatch(self, login: str) -> None:
        """Stop watching a channel."""
        self._paces.pop(login, None)

    def heard(self, login: str, now_ms: int) -> None:
        """Take note of a message."""
        pace = self._paces.get(login)
        if pace is not None:
            pace.pause_ms += WEIGHT * (now_ms - pace.last_ms - pace.pause_ms)
            pace.last_ms, pace.patience = now_ms, 1

    def due(self, now_ms: int) -> list[str]:
        """Return the channels to be joined anew."""
        return [login for login, pace in self._paces.items() if now_ms - pace.last_ms >= _limit_ms(pace)]

    def doubt(self, login: str) -> None:
        """Take note that a watched channel is joined anew: the next time it is given twice as long."""
        pace = self._learned[login] = self._paces[login]
        pace.patience *= 2


def _limit_ms(pace: _Pace) -> float:
    return min(AT_MOST_MS, max(AT_LEAST_MS, PAUSES * pace.pause_ms) * pace.patience)
