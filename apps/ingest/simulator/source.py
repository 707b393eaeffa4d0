"""What the simulated Twitch can be asked to play: channels, their streams, and chat that falls due."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Channel:
    """A Twitch channel: `id` is digits, `login` the lower-case name, `name` as people see it."""

    id: str
    login: str
    name: str


@dataclass(frozen=True, slots=True)
class Chatter:
    """Who wrote, with what one channel's tags say of them."""

    id: str
    login: str
    name: str
    color: str = ""
    badges: str = ""
    badge_info: str = ""
    subscriber: bool = False
    mod: bool = False


@dataclass(frozen=True, slots=True)
class Chat:
    """One chat message; `due_ms` is when it should be sent, `emotes` as the tag of that name."""

    id: str
    channel: Channel
    chatter: Chatter
    text: str
    due_ms: float
    emotes: str = ""
    first: bool = False
    returning: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """One running broadcast, as Helix tells of it."""

    id: str
    channel: Channel
    viewers: int
    category_id: str
    category: str
    language: str
    title: str
    tags: tuple[str, ...]
    started_ms: int


class Source(Protocol):
    """A synthetic audience or a recording; both are driven by the clock that is passed in."""

    @property
    def channels(self) -> Sequence[Channel]:
        """Every channel that can be joined."""
        ...

    @property
    def finished(self) -> bool:
        """Whether no more chat will ever fall due."""
        ...

    def start(self, now_ms: int) -> None:
        """Let the first message fall due at `now_ms`."""
        ...

    def due(self, now_ms: int) -> Iterator[Chat]:
        """Yield what falls due up to `now_ms`, oldest first; what is not taken stays due."""
        ...

    def streams(self, now_ms: int) -> list[Stream]:
        """Return what is live, most viewers first."""
        ...


def digits_of(key: str, digits: int) -> int:
    """Return a number of exactly `digits` digits that depends on `key` alone."""
    floor = int(10 ** (digits - 1))
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    return floor + number % (9 * floor)


def name_channels(names: Iterable[str]) -> list[Channel]:
    """Return a channel per name, with ids of 9 digits that are stable and unique."""
    taken: set[int] = set()
    channels = []
    for name in names:
        number = digits_of(f"channel {name.lower()}", 9)
        while number in taken:
            number += 1
        taken.add(number)
        channels.append(Channel(str(number), name.lower(), name))
    return channels
