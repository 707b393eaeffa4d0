"""Joined sessions of all channels across all listeners, and channels that cannot be joined."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from simulator.limits import JOINS_PER_WINDOW, LOGINS_PER_WINDOW, RateLimit, Violations
from simulator.source import Channel

if TYPE_CHECKING:
    from simulator.irc_session import IrcSession


class Rooms:
    """The joined sessions by channel, and other state shared by sessions."""

    def __init__(
        self, channels: Iterable[Channel], state: Callable[[Channel], bytes], *, strict_joins: bool = False
    ) -> None:
        """`state` returns a room's ROOMSTATE with tags. With `strict_joins`, all connections share one join limit."""
        self.channels: Mapping[str, Channel] = {channel.login: channel for channel in channels}
        self.state = state
        self.violations = Violations()
        self.join_attempts = 0
        self.logins = RateLimit(LOGINS_PER_WINDOW)
        self.unresponsive: Collection[str] = frozenset()
        """Logins whose joins are not answered."""
        self.suspended: Collection[str] = frozenset()
        self._shared_joins = RateLimit(JOINS_PER_WINDOW) if strict_joins else None
        self._sessions: dict[str, set[IrcSession]] = {login: set() for login in self.channels}

    def sessions(self, login: str) -> set[IrcSession]:
        """Return the sessions that have joined a channel."""
        return self._sessions[login]

    def joined(self) -> int:
        """Return the number of channels with at least one session."""
        return sum(1 for sessions in self._sessions.values() if sessions)

    def join_window(self) -> RateLimit:
        """Return the join limit for a new connection."""
        return self._shared_joins or RateLimit(JOINS_PER_WINDOW)

    def joined_first(self, count: int) -> list[Channel]:
        """Return the first `count` channels (0: all), joined ones first."""
        channels = sorted(self.channels.values(), key=lambda channel: not self._sessions[channel.login])
        return channels[: count or None]
