"""Messages of the channel-layer group that every web process joins.

The boards sink sends a tick once a second; any process can announce that a session has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAME = "boards"


@dataclass(frozen=True, slots=True)
class Tick:
    """Boards have changed: `ends` contains the newest window end of each kind of window, in ms."""

    ends: Mapping[str, int]

    def to_message(self) -> dict[str, Any]:
        """Return the message in the channel layer's format."""
        return {"type": "tick", "ends": dict(self.ends)}


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A session has ended; `session` is its digest, see apps/accounts/session_endings.py."""

    session: str

    def to_message(self) -> dict[str, Any]:
        """Return the message in the channel layer's format."""
        return {"type": "session.ended", "session": self.session}


def read_message(message: Mapping[str, Any]) -> Tick | SessionEnded:
    """Parse a message of the group. Raises: ValueError for an unknown message."""
    match message:
        case {"type": "tick", "ends": dict(ends)}:
            return Tick(ends)
        case {"type": "session.ended", "session": str(session)}:
            return SessionEnded(session)
    raise ValueError(f"unknown group message: {str(message)[:100]}")
