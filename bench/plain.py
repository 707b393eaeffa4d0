"""What one writes first: an IRC line by a regular expression, all its tags into a dictionary. To compare with."""

from __future__ import annotations

import re

_LINE = re.compile(r"(?:@([^ ]*) +)?(?::([^ ]+) +)?([A-Za-z0-9]+)(?: +#?([^ :]+))?")
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_UNESCAPED = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}


def parse(raw: bytes) -> tuple[str, str, dict[str, str]]:
    """Return a line's command, channel and tags, unescaped; what is no line has an empty command."""
    match = _LINE.match(raw.decode("utf-8", "replace"))
    if match is None:
        return "", "", {}
    tags, _, command, channel = match.groups()
    return command.upper(), channel or "", dict(map(_tag, tags.split(";"))) if tags else {}


def _tag(pair: str) -> tuple[str, str]:
    key, _, value = pair.partition("=")
    return key, _ESCAPE.sub(_unescaped, value) if "\\" in value else value


def _unescaped(match: re.Match[str]) -> str:
    return _UNESCAPED.get(match[1], match[1])
