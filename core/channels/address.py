"""Parse channel names, ids and URLs as users type them, by the same rules in every field.

A name may be in any case and prefixed with @ or #. A URL may be that of any page of the channel. URLs of videos, clips,
categories and Twitch's own pages are rejected.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from core.channels.account import is_twitch_id
from core.errors import Refused
from core.inputs.readable_text import one_line

LOGIN_MAX = 25
# The longest accepted input: longer than any of Twitch's URLs.
TEXT_MAX = 500

_LOGIN = re.compile(rf"[A-Za-z0-9_]{{1,{LOGIN_MAX}}}", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# twitch.tv/… or a bare host; "Mr. Smith" and "a.b c" are names.
_BARE_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?(?:[/?#].*)?", re.ASCII | re.DOTALL)
# de.twitch.tv and pt-br.twitch.tv serve the same pages.
_PAGES = re.compile(r"(?:(?:www|m|go|secure|player|embed|dashboard|[a-z]{2}(?:-[a-z]{2})?)\.)?twitch\.tv")
_INVISIBLE = dict.fromkeys((0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF))

# Path segments that precede the channel: twitch.tv/popout/ada_plays/chat.
_PATH_PREFIXES = frozenset({"popout", "embed", "moderator", "u", "subs"})
_OTHER_OBJECTS = {
    "videos": "a video",
    "video": "a video",
    "v": "a video",
    "b": "a video",
    "c": "a video",
    "clip": "a clip",
    "clips": "a clip",
    "collections": "a collection of videos",
    "directory": "a page of Twitch's directory of categories",
    "team": "a team",
    "event": "an event",
    "events": "an event",
}
# Path segments after the channel that make the URL point to another object: twitch.tv/ada_plays/clip/….
_OTHER_AFTER_CHANNEL = frozenset({"clip", "video", "v", "b", "c"})
# First path segments of Twitch's own pages; no account has such a name.
RESERVED = frozenset((
    "activate", "annual-recap", "bits", "bits-checkout", "broadcast", "checkout", "clip", "clips", "collections",
    "dashboard", "directory", "downloads", "drops", "embed", "event", "events", "following", "friends", "inventory",
    "jobs", "login", "logout", "messages", "moderator", "p", "payments", "popout", "prime", "privacy", "products",
    "redeem", "search", "settings", "signup", "store", "subs", "subscriptions", "team", "turbo", "u", "user", "video",
    "videos", "wallet",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChannelName:
    """A channel's `login`; if it consists of digits only, it may instead be the id of a known channel."""

    login: str

    @property
    def may_be_id(self) -> bool:
        return is_twitch_id(self.login)


class InvalidChannel(Refused):
    """The input does not name a channel. The message explains why and gives an example."""


def read_channel(text: str) -> ChannelName:
    """Parse a channel's name, id or URL. Raises: InvalidChannel."""
    text = _without_invisible(text)
    if not text:
        raise _refused("No channel given")
    if len(text) > TEXT_MAX:
        raise _refused(f"The text is longer than {TEXT_MAX} characters")
    if is_url(text):
        return _parse_url(text)
    return _parse_name(text[1:] if text[0] in "@#" else text)


def is_url(text: str) -> bool:
    """Return whether the input is a URL, on Twitch or any other site, rather than a name."""
    text = _without_invisible(text)
    return "/" in text or _SCHEME.match(text) is not None or _BARE_HOST.fullmatch(text) is not None


def parse_search(text: str) -> tuple[str, bool]:
    """Return the search term and whether it is a whole login. Raises: InvalidChannel for any other URL.

    A search term may be part of a name in any script, so it is not validated: only URLs are parsed, and a leading @ or
    # is removed.
    """
    if is_url(text):
        return read_channel(text).login, True
    plain = one_line(_without_invisible(text))
    return (plain[1:] if plain[:1] in ("@", "#") else plain), False


def _without_invisible(text: str) -> str:
    """Remove the invisible characters that copying and pasting can add."""
    return text.translate(_INVISIBLE).strip()


def _parse_url(text: str) -> ChannelName:
    # Python's URL parser would silently remove line breaks and tabs.
    if any(character < " " or character == "\x7f" for character in text):
        raise _refused("This is not a valid URL")
    try:
        parts = urlsplit(_complete_url(text))
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        raise _refused("This is not a valid URL") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise _refused(f"This URL begins with {parts.scheme.lower()}: instead of https:")
    if host == "clips.twitch.tv":
        raise _refused("This is the URL of a clip")
    if not _PAGES.fullmatch(host):
        raise _refused(f"This URL belongs to {_truncated(host)}, not to a Twitch channel")
    path = [unquote(part) for part in parts.path.split("/") if part]
    return _parse_path(path, parse_qs(parts.query))


def _complete_url(text: str) -> str:
    """Complete a URL with scheme and host; a bare path belongs to twitch.tv."""
    if _SCHEME.match(text):
        return text
    host = text.lstrip("/").partition("/")[0]
    is_path = "." not in host and not text.startswith("//")
    return f"https://twitch.tv/{text.lstrip('/')}" if is_path else f"https://{text.lstrip('/')}"


def _parse_path(path: Sequence[str], query: dict[str, list[str]]) -> ChannelName:
    first = path[0].lower() if path else ""
    if first in _PATH_PREFIXES and len(path) > 1:
        return _parse_path(path[1:], query)
    if not path or (first in _PATH_PREFIXES and len(path) == 1):
        # player.twitch.tv/?channel=ada_plays
        if channels := query.get("channel"):
            return _parse_name(channels[0])
        if "video" in query or "collection" in query:
            raise _refused("This is the URL of a video")
        raise _refused("This is a Twitch URL without a channel")
    if first in _OTHER_OBJECTS:
        raise _refused(f"This is the URL of {_OTHER_OBJECTS[first]}")
    channel = _parse_name(path[0])
    is_video = len(path) > 2 and path[1].lower() == "videos" and path[2].isdecimal()
    if is_video or (len(path) > 1 and path[1].lower() in _OTHER_AFTER_CHANNEL):
        noun = _OTHER_OBJECTS[path[1].lower()]
        raise _refused(f"This is the URL of {noun}, not of the channel {channel.login}")
    return channel


def _parse_name(text: str) -> ChannelName:
    login = text.lower()
    if login in RESERVED:
        raise _refused(f"“{login}” is one of Twitch's own pages")
    # Checked before lower-casing, which would turn the Kelvin sign into a k.
    if not _LOGIN.fullmatch(text):
        raise _refused(
            f"“{_truncated(text)}” is not a channel name: a name has 1 to {LOGIN_MAX} letters, digits and underscores"
        )
    return ChannelName(login)


def _truncated(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


def _refused(problem: str) -> InvalidChannel:
    return InvalidChannel(f"{problem}. Enter a channel's name or URL, such as twitch.tv/ada_plays.")
