"""What the simulated Twitch can be asked to play: channels, their streams, and items that fall due."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from core.proof.ledger import BOMB_GIFT

# The chat modes of a room and what they are at rest, as ROOMSTATE tags.
MODES_AT_REST: Mapping[str, int] = {"emote-only": 0, "followers-only": -1, "r9k": 0, "slow": 0, "subs-only": 0}


@dataclass(frozen=True, slots=True)
class Channel:
    """A Twitch channel: `id` is digits, `login` the lower-case name, `name` as people see it."""

    id: str
    login: str
    name: str


class Chatter(NamedTuple):
    """The author of an item as one channel's tags describe them. A tuple for the same reason as `Chat`.

    `subscriber` is the deprecated tag: False for founders, whose badge alone tells.
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
    """Where an item of a shared-chat session was written: `id` and `room_id` of its original."""

    id: str
    room_id: str
    badges: str = ""
    badge_info: str = ""


class Chat(NamedTuple):
    """One PRIVMSG; `due_ms` is when it should be sent, `emotes` as the tag of that name.

    A tuple, for it is made 20,000 times a second, and a frozen dataclass takes seven times as long to make.
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
        """Whether it was written here or brought by shared chat."""
        return "message" if self.shared is None or self.shared.room_id == self.channel.id else "copy"


@dataclass(frozen=True, slots=True)
class Notice:
    """One USERNOTICE; `name` is the msg-id of its original, `params` the msg-param- tags without that prefix.

    `is_of_bomb`: one of the gifts of a gift bomb, whose own notice has their number.
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
    is_of_bomb: bool = False

    @property
    def kind(self) -> str:
        """The kind in the ledger."""
        return BOMB_GIFT if self.is_of_bomb and self.msg_id == self.name else self.msg_id

    @property
    def msg_id(self) -> str:
        """The msg-id on the wire."""
        return self.name if self.shared is None or self.shared.room_id == self.channel.id else "sharedchatnotice"


@dataclass(frozen=True, slots=True)
class Removal:
    """One CLEARCHAT: of a timed-out or banned user's messages, or of all; `id` is for the ledger alone."""

    id: str
    channel: Channel
    due_ms: float
    user: Chatter | None = None
    seconds: int = 0

    @property
    def kind(self) -> str:
        """What it is called in the ledger."""
        if self.user is None:
            return "clear"
        return "timeout" if self.seconds else "ban"


@dataclass(frozen=True, slots=True)
class Deletion:
    """One CLEARMSG; `id` is for the ledger alone."""

    id: str
    channel: Channel
    due_ms: float
    target: Chat

    @property
    def kind(self) -> str:
        """What it is called in the ledger."""
        return "deletion"


@dataclass(frozen=True, slots=True)
class ModeChange:
    """One ROOMSTATE with the tag that changed; `id` is for the ledger alone."""

    id: str
    channel: Channel
    due_ms: float
    tag: str
    value: int

    @property
    def kind(self) -> str:
        """What it is called in the ledger."""
        return "mode"


Item = Chat | Notice | Removal | Deletion | ModeChange


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
        """Every channel that can be joined, live or not."""
        ...

    @property
    def finished(self) -> bool:
        """Whether no more will ever fall due."""
        ...

    def start(self, now_ms: int) -> None:
        """Let the first item fall due at `now_ms`."""
        ...

    def due(self, now_ms: int) -> Iterator[Item]:
        """Yield what falls due up to `now_ms`, oldest first; what is not taken stays due."""
        ...

    def streams(self, now_ms: int) -> list[Stream]:
        """Return what is live, most viewers first."""
        ...

    def modes(self, channel: Channel, now_ms: int) -> Mapping[str, int]:
        """Return every chat mode of a room by its ROOMSTATE tag, as a client that joins is told."""
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
