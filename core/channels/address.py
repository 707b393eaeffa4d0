"""Parse names, ids and addresses of channels as people type them: one rule for every field.

A name may be written in any case, with @ or # before it, or as the address of any page of the channel. Addresses of
videos, clips, categories and Twitch's own pages name no channel and are refused.
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
# The longest address that is read: more than Twitch's own with every parameter.
TEXT_MAX = 500

_LOGIN = re.compile(rf"[A-Za-z0-9_]{{1,{LOGIN_MAX}}}", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# twitch.tv/…, or a host alone; "Mr. Smith" and "a.b c" are names.
_BARE_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?(?:[/?#].*)?", re.ASCII | re.DOTALL)
# de.twitch.tv and pt-br.twitch.tv show the same pages.
_PAGES = re.compile(r"(?:(?:www|m|go|secure|player|embed|dashboard|[a-z]{2}(?:-[a-z]{2})?)\.)?twitch\.tv")
_INVISIBLE = dict.fromkeys((0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF))

# First parts of an address after which the channel is named: twitch.tv/popout/ada_plays/chat.
_BEFORE_A_CHANNEL = frozenset({"popout", "embed", "moderator", "u", "subs"})
_OTHERS = {
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
# Parts behind a channel's name that are a page of something else: twitch.tv/ada_plays/clip/….
_BEHIND_A_CHANNEL = frozenset({"clip", "video", "v", "b", "c"})
# First parts of Twitch's own pages; no account has such a name.
RESERVED = frozenset((
    "activate", "annual-recap", "bits", "bits-checkout", "broadcast", "checkout", "clip", "clips", "collections",
    "dashboard", "directory", "downloads", "drops", "embed", "event", "events", "following", "friends", "inventory",
    "jobs", "login", "logout", "messages", "moderator", "p", "payments", "popout", "prime", "privacy", "products",
    "redeem", "search", "settings", "signup", "store", "subs", "subscriptions", "team", "turbo", "u", "user", "video",
    "videos", "wallet",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChannelName:
    """A channel by its `login`; one that is all digits is the channel with that id, where one is known."""

    login: str

    @property
    def may_be_id(self) -> bool:
        return is_twitch_id(self.login)


class NoChannel(Refused):
    """A text that names no channel. The message says what it is instead, and what to enter."""


def read_channel(text: str) -> ChannelName:
    """Return the channel that a text names. Raises: NoChannel."""
    text = _plain(text)
    if not text:
        raise _refused("No channel is named")
    if len(text) > TEXT_MAX:
        raise _refused(f"The text is longer than {TEXT_MAX} characters")
    if is_address(text):
        return _of_address(text)
    return _named(text[1:] if text[0] in "@#" else text)


def is_address(text: str) -> bool:
    """Tell whether a text is an address, of Twitch or of something else, rather than a name."""
    text = _plain(text)
    return "/" in text or _SCHEME.match(text) is not None or _BARE_HOST.fullmatch(text) is not None


def searched(text: str) -> tuple[str, bool]:
    """Return what to search names for, and whether it is a whole login. Raises: NoChannel for another address.

    A search may hold a part of a name in any script: only addresses are read, and @ and # taken off.
    """
    if is_address(text):
        return read_channel(text).login, True
    plain = one_line(_plain(text))
    return (plain[1:] if plain[:1] in ("@", "#") else plain), False


def _plain(text: str) -> str:
    """Return text without the invisible characters that copying brings along."""
    return text.translate(_INVISIBLE).strip()


def _of_address(text: str) -> ChannelName:
    # Python's parser would take line ends and tabs out.
    if any(character < " " or character == "\x7f" for character in text):
        raise _refused("This is no address")
    try:
        parts = urlsplit(_whole(text))
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        raise _refused("This is no address") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise _refused(f"This is an address of {parts.scheme.lower()}, not of Twitch's pages")
    if host == "clips.twitch.tv":
        raise _refused("This is the address of a clip")
    if not _PAGES.fullmatch(host):
        raise _refused(f"This is an address of {_short(host)}, not of a channel on Twitch")
    path = [unquote(part) for part in parts.path.split("/") if part]
    return _of_path(path, parse_qs(parts.query))


def _whole(text: str) -> str:
    """Return an address with its scheme and host; a path alone is one of Twitch's."""
    if _SCHEME.match(text):
        return text
    host = text.lstrip("/").partition("/")[0]
    is_path = "." not in host and not text.startswith("//")
    return f"https://twitch.tv/{text.lstrip('/')}" if is_path else f"https://{text.lstrip('/')}"


def _of_path(path: Sequence[str], query: dict[str, list[str]]) -> ChannelName:
    first = path[0].lower() if path else ""
    if first in _BEFORE_A_CHANNEL and len(path) > 1:
        return _of_path(path[1:], query)
    if not path or (first in _BEFORE_A_CHANNEL and len(path) == 1):
        # player.twitch.tv/?channel=ada_plays
        if channels := query.get("channel"):
            return _named(channels[0])
        if "video" in query or "collection" in query:
            raise _refused("This is the address of a video")
        raise _refused("This is an address of Twitch without a channel")
    if first in _OTHERS:
        raise _refused(f"This is the address of {_OTHERS[first]}")
    channel = _named(path[0])
    if len(path) > 1 and path[1].lower() in _BEHIND_A_CHANNEL:
        what = _OTHERS[path[1].lower()]
        raise _refused(f"This is the address of {what}, not of the channel {channel.login}")
    return channel


def _named(text: str) -> ChannelName:
    login = text.lower()
    if login in RESERVED:
        raise _refused(f"“{login}” is one of Twitch's own pages")
    # Checked before it becomes small: the Kelvin sign would become a k.
    if not _LOGIN.fullmatch(text):
        raise _refused(
            f"“{_short(text)}” is no channel's name: it has 1 to {LOGIN_MAX} letters, digits and underscores"
        )
    return ChannelName(login)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


def _refused(found: str) -> NoChannel:
    return NoChannel(f"{found}. Enter a channel's name or address, such as twitch.tv/ada_plays.")
