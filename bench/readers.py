"""Parsers by name. Each reads of a line what our records use: command, channel, user id and tags, unescaped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bench import plain

TAGS = (
    "id",
    "room-id",
    "tmi-sent-ts",
    "source-room-id",
    "bits",
    "msg-id",
)
# Tags that are 1 where something is so.
TRAITS = ("first-msg", "returning-chatter", "subscriber", "emote-only")
# Command, channel, user id, the values of TAGS, and which of TRAITS are so.
Read = tuple[str, str, str, tuple[str, ...], tuple[bool, ...]]
Reader = Callable[[bytes], Read]

_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_UNESCAPED = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}


def twitchly() -> Reader:
    """Return the reader of core.irc.lines."""
    from core.irc.lines import parse

    def read(raw: bytes) -> Read:
        line = parse(raw)
        tag, is_set = line.tag, line.is_set
        values, traits = tuple([tag(name) for name in TAGS]), tuple([is_set(name) for name in TRAITS])
        return line.command, line.channel, tag("user-id"), values, traits

    return read


def expression() -> Reader:
    """Return the reader of bench/plain.py, a regular expression."""

    def read(raw: bytes) -> Read:
        command, channel, tags = plain.parse(raw)
        return command, channel, tags.get("user-id", ""), *_wanted(tags)

    return read


def irctokens() -> Reader:
    """Return the reader of PyPI `irctokens`."""
    from irctokens.line import tokenise

    def read(raw: bytes) -> Read:
        line = tokenise(raw)
        tags, params = line.tags or {}, line.params
        channel = params[0][1:] if params else ""
        return line.command, channel, tags.get("user-id", ""), *_wanted(tags)

    return read


def jaraco_irc() -> Reader:
    """Return the reader of PyPI `irc`: what its client does with a line before it calls anybody."""
    from irc import client, events, message  # type: ignore[import-untyped]

    match = client._rfc_1459_command_regexp.match

    def read(raw: bytes) -> Read:
        group = match(raw.decode("utf-8", "replace")).group
        command = events.Command.lookup(group("command"))
        arguments = message.Arguments.from_group(group("argument"))
        client.NickMask.from_group(group("prefix"))
        tags = {tag["key"]: tag["value"] or "" for tag in message.Tag.from_group(group("tags")) or ()}
        channel = arguments[0][1:] if arguments else ""
        return str(command).upper(), channel, tags.get("user-id", ""), *_wanted(tags)

    return read


def twitch_api() -> Reader:
    """Return the reader of PyPI `twitchAPI`: its chat's parser, with the unescaping that it leaves to its user."""
    from twitchAPI.chat import Chat

    chat = object.__new__(Chat)  # its parser needs no connection, and these two fields alone
    chat._prefix, chat._channel_command_prefix = "!", {}

    def read(raw: bytes) -> Read:
        parsed = chat._parse_irc_message(raw.decode("utf-8", "replace"))
        if parsed is None:
            return "", "", "", *_wanted({})
        command, tags = parsed["command"], parsed["tags"]
        channel, values = (command.get("channel") or "#")[1:], tuple([_text(tags.get(name)) for name in TAGS])
        traits = tuple([tags.get(name) == "1" for name in TRAITS])
        return command["command"], channel, _text(tags.get("user-id")), values, traits

    return read


def _wanted(tags: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    return tuple([tags.get(name, "") for name in TAGS]), tuple([tags.get(name) == "1" for name in TRAITS])


def _text(value: object) -> str:
    # It has taken emotes and badges apart: that is more than is asked for, not less.
    text = value if isinstance(value, str) else ""
    return _ESCAPE.sub(lambda match: _UNESCAPED.get(match[1], match[1]), text) if "\\" in text else text


READERS: dict[str, Callable[[], Reader]] = {
    "Twitchly (core.irc.lines)": twitchly,
    "regular expression": expression,
    "irctokens": irctokens,
    "irc (jaraco)": jaraco_irc,
    "twitchAPI": twitch_api,
}
