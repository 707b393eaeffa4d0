"""Interface of chat sources for the simulated Twitch: channels, streams and timed items."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from core.proof.ledger import BOMB_GIFT

# Default chat modes of a room, by ROOMSTATE tag.
DEFAULT_MODES: Mapping[str, int] = {"emote-only": 0, "followers-only": -1, "r9k": 0, "slow": 0, "subs-only": 0}


@dataclass(frozen=True, slots=True)
class Channel:
    """A Twitch channel: numeric `id`, lower-case `login`, display `name`."""

    id: str
    login: str
    name: str


class Chatter(NamedTuple):
    """The author of an item with the tags of one channel. A tuple for the same reason as `Chat`.

    `subscriber` is the deprecated tag, which is False for founders.
    """

    id: str
    login: str
    name: str
    color: str = ""
    badges: str = ""
    badge_info: str = ""
    subscriber: bool = False
    mod: bool = False
    vip: bool = False


@dataclass(frozen=True, slots=True)
class Shared:
    """Origin of an item in a Shared Chat: `id` and `room_id` of the original."""

    id: str
    room_id: str
    badges: str = ""
    badge_info: str = ""


class Chat(NamedTuple):
    """A PRIVMSG; `due_ms` is its scheduled send time, `emotes` the tag's value.

    A tuple, because 20,000 are created per second and creating a frozen dataclass takes seven times as long.
    """

    id: str
    channel: Channel
    chatter: Chatter
    text: str
    due_ms: float
    emotes: str = ""
    first: bool = False
    returning: bool = False
    bits: int = 0
    action: bool = False
    shared: Shared | None = None

    @property
    def kind(self) -> str:
        """The kind in the ledger: "message", or "copy" for a shared copy."""
        return "message" if self.shared is None or self.shared.room_id == self.channel.id else "copy"


@dataclass(frozen=True, slots=True)
class Notice:
    """A USERNOTICE; `name` is the original's msg-id, `params` the msg-param- tags without the prefix.

    `is_bomb_gift` marks a gift in a gift bomb, whose notice already includes the number of gifts.
    """

    id: str
    name: str
    channel: Channel
    chatter: Chatter
    due_ms: float
    params: tuple[tuple[str, str], ...] = ()
    system: str = ""
    text: str = ""
    shared: Shared | None = None
    is_bomb_gift: bool = False

    @property
    def kind(self) -> str:
        """The kind in the ledger."""
        return BOMB_GIFT if self.is_bomb_gift and self.msg_id == self.name else self.msg_id

    @property
    def msg_id(self) -> str:
        """The msg-id on the wire."""
        return self.name if self.shared is None or self.shared.room_id == self.channel.id else "sharedchatnotice"


@dataclass(frozen=True, slots=True)
class Removal:
    """A CLEARCHAT for one user's messages (timeout, ban) or for the whole chat; `id` is only for the ledger."""

    id: str
    channel: Channel
    due_ms: float
    user: Chatter | None = None
    seconds: int = 0

    @property
    def kind(self) -> str:
        """The kind in the ledger."""
        if self.user is None:
            return "clear"
        return "timeout" if self.seconds else "ban"


@dataclass(frozen=True, slots=True)
class Deletion:
    """A CLEARMSG; `id` is only for the ledger."""

    id: str
    channel: Channel
    due_ms: float
    target: Chat

    @property
    def kind(self) -> str:
        """The kind in the ledger."""
        return "deletion"


@dataclass(frozen=True, slots=True)
class ModeChange:
    """A ROOMSTATE with the changed tag; `id` is only for the ledger."""

    id: str
    channel: Channel
    due_ms: float
    tag: str
    value: int

    @property
    def kind(self) -> str:
        """The kind in the ledger."""
        return "mode"


Item = Chat | Notice | Removal | Deletion | ModeChange


@dataclass(frozen=True, slots=True)
class Stream:
    """A live broadcast as reported by Helix."""

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
    """A synthetic audience or a recording, driven by the time passed in."""

    @property
    def channels(self) -> Sequence[Channel]:
        """All channels, live or not."""
        ...

    @property
    def finished(self) -> bool:
        """True if no further items will be due."""
        ...

    def start(self, now_ms: int) -> None:
        """Start the schedule; the first item is due at `now_ms`."""
        ...

    def due(self, now_ms: int) -> Iterator[Item]:
        """Yield the items due by `now_ms`, oldest first; items that are not consumed remain due."""
        ...

    def streams(self, now_ms: int) -> list[Stream]:
        """Return the live streams by descending viewers."""
        ...

    def modes(self, channel: Channel, now_ms: int) -> Mapping[str, int]:
        """Return all chat modes of a room by ROOMSTATE tag, as sent to a joining client."""
        ...


def digits_of(key: str, digits: int) -> int:
    """Return a number of exactly `digits` digits derived from `key`."""
    floor = int(10 ** (digits - 1))
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    return floor + number % (9 * floor)


def name_channels(names: Iterable[str]) -> list[Channel]:
    """Return a channel per name, with stable and unique ids of 9 digits."""
    used: set[int] = set()
    channels = []
    for name in names:
        number = digits_of(f"channel {name.lower()}", 9)
        while number in used:
            number += 1
        used.add(number)
        channels.append(Channel(str(number), name.lower(), name))
    return channels
