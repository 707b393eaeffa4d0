"""Twitch's IRC lines: bytes in, values out. Total: no input raises, unknown commands are values too.

Source: twitch.md "The wire"; IRCv3 message tags.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_UNESCAPED = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}
_ACTION = "\x01ACTION "
# Invisible characters that clients append to send the same text twice.
_INVISIBLE = str.maketrans("", "", "\U000e0000\u034f")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `tags` unescaped, `nick` of the prefix (or the server's name), upper-case `command`."""

    command: str
    params: tuple[str, ...] = ()
    nick: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def channel(self) -> str:
        """The login of the channel in the first parameter, or an empty text."""
        return self.params[0][1:].lower() if self.params and self.params[0].startswith("#") else ""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A PRIVMSG. Tags that Twitch did not send are None or empty; times are ms since the epoch."""

    channel: str
    text: str
    user: str
    id: str | None
    room_id: str | None
    sent_ms: int | None
    source_room_id: str | None

    @property
    def is_copy(self) -> bool:
        """Whether shared chat brought this message here from another channel."""
        return self.source_room_id is not None and self.source_room_id != self.room_id

    @property
    def words(self) -> int:
        """The number of words, split on white space."""
        return len(self.text.split())


def parse(raw: bytes) -> Line:
    """Return the line in `raw`, with or without its end of line. Bytes that are not UTF-8 become U+FFFD."""
    text = raw.decode("utf-8", "replace").rstrip("\r\n")
    tags: Mapping[str, str] = {}
    nick = ""
    if text.startswith("@"):
        head, _, text = text[1:].partition(" ")
        tags = _tags(head)
    text = text.lstrip(" ")
    if text.startswith(":"):
        prefix, _, text = text[1:].partition(" ")
        nick = prefix.partition("!")[0]
        text = text.lstrip(" ")
    before, colon, trailing = text.partition(" :")
    words = before.split()
    params = (*words[1:], trailing) if colon else tuple(words[1:])
    return Line(words[0].upper() if words else "", params, nick, tags)


def chat_message(line: Line) -> ChatMessage | None:
    """Return the chat message in a PRIVMSG with a channel and a text, else None."""
    if line.command != "PRIVMSG" or not line.channel or len(line.params) < 2:
        return None
    tags = line.tags
    return ChatMessage(
        channel=line.channel,
        text=clean_text(line.params[-1]),
        user=tags.get("user-id") or line.nick,
        id=tags.get("id") or None,
        room_id=_digits(tags.get("room-id")),
        sent_ms=sent_ms(line),
        source_room_id=_digits(tags.get("source-room-id")),
    )


def sent_ms(line: Line) -> int | None:
    """Return when Twitch's server sent the line, in ms since the epoch, if it says so."""
    digits = _digits(line.tags.get("tmi-sent-ts"))
    return int(digits) if digits and len(digits) <= 15 else None


def clean_text(text: str) -> str:
    """Return what was written: without the wrapping of /me and without invisible padding."""
    if text.startswith(_ACTION):
        text = text[len(_ACTION) :].rstrip("\x01")
    return text.translate(_INVISIBLE).strip()


def _tags(head: str) -> dict[str, str]:
    tags = {}
    for pair in head.split(";"):
        key, _, value = pair.partition("=")
        if key:
            tags[key] = _ESCAPE.sub(_unescape, value) if "\\" in value else value
    return tags


def _unescape(match: re.Match[str]) -> str:
    return _UNESCAPED.get(match[1], match[1])


def _digits(value: str | None) -> str | None:
    return value if value and value.isascii() and value.isdigit() else None
