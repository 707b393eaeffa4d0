"""The simplest IRC parser, for comparison: a regular expression, with all tags in a dictionary."""

from __future__ import annotations

import re

_LINE = re.compile(r"(?:@([^ ]*) +)?(?::([^ ]+) +)?([A-Za-z0-9]+)(?: +#?([^ :]+))?")
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_UNESCAPED = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}


def parse(raw: bytes) -> tuple[str, str, dict[str, str]]:
    """Return a line's command, channel and unescaped tags; the command of a malformed line is empty."""
    match = _LINE.match(raw.decode("utf-8", "replace"))
    if match is None:
        return "", "", {}
    tags, _, command, channel = match.groups()
    return command.upper(), channel or "", dict(map(_tag, tags.split(";"))) if tags else {}


def _tag(pair: str) -> tuple[str, str]:
    key, _, value = pair.partition("=")
    return key, _ESCAPE.sub(_unescape, value) if "\\" in value else value


def _unescape(match: re.Match[str]) -> str:
    return _UNESCAPED.get(match[1], match[1])
