"""Who has joined which channel, on all listeners together, and which channels take nobody just now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from simulator.limits import JOINS_PER_WINDOW, LOGINS_PER_WINDOW, Violations, Window
from simulator.source import Channel

if TYPE_CHECKING:
    from simulator.irc_session import IrcSession


class Rooms:
    """The joined sessions of every channel, and what sessions share besides."""

    def __init__(
        self, channels: Iterable[Channel], state: Callable[[Channel], bytes], *, strict_joins: bool = False
    ) -> None:
        """`state` gives a room's ROOMSTATE line with its tags; `strict_joins`: all connections share one budget."""
        self.channels: Mapping[str, Channel] = {channel.login: channel for channel in channels}
        self.state = state
        self.violations = Violations()
        self.joins_asked = 0
        self.logins = Window(LOGINS_PER_WINDOW)
        self.mute: Collection[str] = frozenset()
        """Logins whose joins get no answer."""
        self.suspended: Collection[str] = frozenset()
        self._shared_joins = Window(JOINS_PER_WINDOW) if strict_joins else None
        self._sessions: dict[str, set[IrcSession]] = {login: set() for login in self.channels}

    def sessions(self, login: str) -> set[IrcSession]:
        """Return the sessions that have joined a channel."""
        return self._sessions[login]

    def joined(self) -> int:
        """Return how many channels somebody has joined."""
        return sum(1 for sessions in self._sessions.values() if sessions)

    def join_window(self) -> Window:
        """Return the joins that a new connection is counted with."""
        return self._shared_joins or Window(JOINS_PER_WINDOW)

    def prominent(self, count: int) -> list[Channel]:
        """Return the first `count` channels (0: all), those that somebody has joined before the others."""
        channels = sorted(self.channels.values(), key=lambda channel: not self._sessions[channel.login])
        return channels[: count or None]
