"""Twitch account as identified by Helix."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ID = re.compile(r"[0-9]{1,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Account:
    """A Twitch account. `id` stays the same when the login changes."""

    id: str
    login: str
    name: str


def is_twitch_id(text: str) -> bool:
    """Return whether `text` has the form of a Twitch id: 1 to 20 digits."""
    return _ID.fullmatch(text) is not None
