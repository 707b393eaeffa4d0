"""Parser for Twitch's IRC lines. No input raises an error, and unknown commands are parsed too.

Source: dev.twitch.tv, "IRC Tags"; IRCv3 message tags.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from core.irc.counted_text import counted_text

_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_UNESCAPED = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}
_ACTION = "\x01ACTION "


class Line(NamedTuple):
    """A parsed line, with `command` in upper case and `nick` from the prefix (or the server's name).

    Tags are parsed on access. `channel` is the login in the first parameter, or an empty string; `head` is the raw
    tags, still escaped, each prefixed with `;`.
    """

    command: str
    params: tuple[str, ...] = ()
    nick: str = ""
    channel: str = ""
    head: str = ""

    @property
    def tags(self) -> Mapping[str, str]:
        """All tags, unescaped. The last value of a repeated key wins."""
        tags: dict[str, str] = {}
        for pair in self.head[1:].split(";"):
            key, is_given, value = pair.partition("=")
            if key and (is_given or key not in tags):
                tags[key] = _unescaped_value(value)
        return tags

    def tag(self, key: str) -> str:
        """Return a tag's unescaped value, or an empty string if the tag is missing, which is equivalent."""
        head = self.head
        start = head.rfind(f";{key}=")
        if start < 0:
            return ""
        start += len(key) + 2
        end = head.find(";", start)
        value = head[start:] if end < 0 else head[start:end]
        return _unescaped_value(value) if "\\" in value else value

    def is_set(self, key: str) -> bool:
        """Return whether a tag is 1, Twitch's notation for true."""
        return f";{key}=1" in self.head and self.tag(key) == "1"


class ChatMessage(NamedTuple):
    """A PRIVMSG. Missing tags are None or empty; times are ms since the epoch."""

    channel: str
    text: str
    user: str
    id: str | None
    room_id: str | None
    sent_ms: int | None
    source_room_id: str | None

    @property
    def is_shared_copy(self) -> bool:
        """Whether Shared Chat brought this message from another channel."""
        return self.source_room_id is not None and self.source_room_id != self.room_id

    @property
    def words(self) -> int:
        """The number of words: `counted_text`, split on white space."""
        return len(counted_text(self.text).split())


def parse(raw: bytes) -> Line:
    """Parse a line, with or without its line ending. Invalid UTF-8 becomes U+FFFD."""
    text = raw.decode("utf-8", "replace").rstrip("\r\n")
    parts = text.split(" ", 4)
    if len(parts) == 5:
        # Fast path for nearly all lines: tags, prefix, command, channel, text.
        head, prefix, command, first, rest = parts
        if head[0:1] == "@" and prefix[0:1] == rest[0:1] == ":" and command and first[0:1] == "#":
            nick = prefix[1:].partition("!")[0]
            return Line(command.upper(), (first, rest[1:]), nick, first[1:].lower(), f";{head[1:]}")
    return _parse_general(text)


def _parse_general(text: str) -> Line:
    head = ""
    if text[:1] == "@":
        head, _, text = text.partition(" ")
        head = f";{head[1:]}"
    text = text.lstrip(" ")
    nick = ""
    if text[:1] == ":":
        prefix, _, text = text[1:].partition(" ")
        nick = prefix.partition("!")[0]
        text = text.lstrip(" ")
    before, colon, trailing = text.partition(" :")
    words = before.split(" ")
    if "" in words:
        words = [word for word in words if word]
    params = (*words[1:], trailing) if colon else tuple(words[1:])
    channel = params[0][1:].lower() if params and params[0].startswith("#") else ""
    return Line(words[0].upper() if words else "", params, nick, channel, head)


def chat_message(line: Line) -> ChatMessage | None:
    """Return the message in a PRIVMSG that has a channel and a text, else None."""
    if line.command != "PRIVMSG" or not line.channel or len(line.params) < 2:
        return None
    source_room_id = line.tag("source-room-id")
    return ChatMessage(
        channel=line.channel,
        text=clean_text(line.params[-1]),
        user=line.tag("user-id") or line.nick,
        id=line.tag("id") or None,
        room_id=_digits(line.tag("room-id")),
        sent_ms=sent_ms(line),
        source_room_id=_digits(source_room_id) if source_room_id else None,
    )


def is_subscriber(line: Line) -> bool:
    """Return whether the author subscribes to the channel, according to `badges` or `badge-info`.

    A user can hide the badge, but `badge-info` still contains the months of the subscription. The deprecated tag
    `subscriber`, which is 0 for founders, is used only if `badges` is empty.
    """
    badges = line.tag("badges")
    if _has_subscriber(badges) or _has_subscriber(line.tag("badge-info")):
        return True
    return not badges and line.is_set("subscriber")


def sent_ms(line: Line) -> int | None:
    """Return when Twitch's server sent the line, in ms since the epoch, or None if the line does not say."""
    digits = _digits(line.tag("tmi-sent-ts"))
    return int(digits) if digits and len(digits) <= 15 else None


def clean_text(text: str) -> str:
    """Return the text without the wrapper of /me and without surrounding white space."""
    if text.startswith(_ACTION):
        text = text[len(_ACTION) :].rstrip("\x01")
    return text.strip()


def _has_subscriber(badges: str) -> bool:
    # Founders are a channel's first subscribers.
    separated = f",{badges}"
    return ",subscriber/" in separated or ",founder/" in separated


def _unescaped_value(value: str) -> str:
    return _ESCAPE.sub(_unescape, value)


def _unescape(match: re.Match[str]) -> str:
    return _UNESCAPED.get(match[1], match[1])


def _digits(value: str) -> str | None:
    return value if value.isascii() and value.isdigit() else None
