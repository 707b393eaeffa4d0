"""Parsers by name. Each returns the fields that records use: command, channel, user id and unescaped tags."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bench import regex_parser

TAGS = (
    "id",
    "room-id",
    "tmi-sent-ts",
    "source-room-id",
    "bits",
    "msg-id",
)
# Boolean tags: "1" means true.
TRAITS = ("first-msg", "returning-chatter", "subscriber", "emote-only")
# Command, channel, user id, the values of TAGS and those of TRAITS.
Read = tuple[str, str, str, tuple[str, ...], tuple[bool, ...]]
Reader = Callable[[bytes], Read]

_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_UNESCAPED = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}


def twitchly() -> Reader:
    """Return a reader that uses core.irc.lines."""
    from core.irc.lines import parse

    def read(raw: bytes) -> Read:
        line = parse(raw)
        tag, is_set = line.tag, line.is_set
        values, traits = tuple([tag(name) for name in TAGS]), tuple([is_set(name) for name in TRAITS])
        return line.command, line.channel, tag("user-id"), values, traits

    return read


def regular_expression() -> Reader:
    """Return a reader that uses bench/regex_parser.py."""

    def read(raw: bytes) -> Read:
        command, channel, tags = regex_parser.parse(raw)
        return command, channel, tags.get("user-id", ""), *_used_tags(tags)

    return read


def irctokens() -> Reader:
    """Return a reader that uses `irctokens` from PyPI."""
    from irctokens.line import tokenise

    def read(raw: bytes) -> Read:
        line = tokenise(raw)
        tags, params = line.tags or {}, line.params
        channel = params[0][1:] if params else ""
        return line.command, channel, tags.get("user-id", ""), *_used_tags(tags)

    return read


def jaraco_irc() -> Reader:
    """Return a reader that uses `irc` from PyPI, including the steps of its client before the callbacks."""
    from irc import client, events, message  # type: ignore[import-untyped]

    match = client._rfc_1459_command_regexp.match

    def read(raw: bytes) -> Read:
        group = match(raw.decode("utf-8", "replace")).group
        command = events.Command.lookup(group("command"))
        arguments = message.Arguments.from_group(group("argument"))
        client.NickMask.from_group(group("prefix"))
        tags = {tag["key"]: tag["value"] or "" for tag in message.Tag.from_group(group("tags")) or ()}
        channel = arguments[0][1:] if arguments else ""
        return str(command).upper(), channel, tags.get("user-id", ""), *_used_tags(tags)

    return read


def twitch_api() -> Reader:
    """Return a reader that uses the chat parser of `twitchAPI` from PyPI, plus the unescaping that it omits."""
    from twitchAPI.chat import Chat

    chat = object.__new__(Chat)  # the parser needs only these two fields and no connection
    chat._prefix, chat._channel_command_prefix = "!", {}

    def read(raw: bytes) -> Read:
        parsed = chat._parse_irc_message(raw.decode("utf-8", "replace"))
        if parsed is None:
            return "", "", "", *_used_tags({})
        command, tags = parsed["command"], parsed["tags"]
        channel, values = (command.get("channel") or "#")[1:], tuple([_text(tags.get(name)) for name in TAGS])
        traits = tuple([tags.get(name) == "1" for name in TRAITS])
        return command["command"], channel, _text(tags.get("user-id")), values, traits

    return read


def _used_tags(tags: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    return tuple([tags.get(name, "") for name in TAGS]), tuple([tags.get(name) == "1" for name in TRAITS])


def _text(value: object) -> str:
    # The parser has already split emotes and badges, so their values are not strings.
    text = value if isinstance(value, str) else ""
    return _ESCAPE.sub(lambda match: _UNESCAPED.get(match[1], match[1]), text) if "\\" in text else text


READERS: dict[str, Callable[[], Reader]] = {
    "Twitchly (core.irc.lines)": twitchly,
    "regular expression": regular_expression,
    "irctokens": irctokens,
    "irc (jaraco)": jaraco_irc,
    "twitchAPI": twitch_api,
}
