"""What happens to a channel beside its chat: which notices count, how they are summed, what a chart writes.

No name of a person leaves this module: an event is a kind, a count or a text, and a time.
Source: twitch.md "The wire".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.irc.gifts import GIFTS, names_bomb
from core.irc.lines import Line
from core.times import MINUTE_MS

# How each kind is written; those with a count say where it goes.
LABELS: Mapping[str, str] = {
    "raid": "Raid: {count} viewers",
    "gift_bomb": "Gift bomb: {count} subscriptions",
    "subscriptions": "Subscriptions: {count}",
    "cheers": "Cheers: {count} bits",
    "bans": "Bans: {count}",
    "timeouts": "Timeouts: {count}",
    "deletions": "Deleted messages: {count}",
    "announcements": "Announcements: {count}",
    "bits_badges": "Bits badges: {count}",
    "milestones": "Viewer milestones: {count}",
    "chat_cleared": "Chat cleared",
    "chat_mode": "Chat mode: {text}",
    "stream_start": "Stream started",
    "stream_end": "Stream ended",
    "title": "Title: {text}",
    "category": "Category: {text}",
    "gap": "Not listened to",
    "opt_out": "Opted out",
}
# Kinds that come one by one and are summed over a minute.
SUMMED = frozenset(
    {"subscriptions", "cheers", "bans", "timeouts", "deletions", "announcements", "bits_badges", "milestones"}
)
# Those of them by which a moderator removes what somebody wrote.
REMOVALS = frozenset({"bans", "timeouts", "deletions"})

# What a notice counts as, by its msg-id, where one notice is one of them.
_COUNTED: Mapping[str, str] = {
    "sub": "subscriptions",
    "resub": "subscriptions",
    "subgift": "subscriptions",
    "anonsubgift": "subscriptions",
    "giftpaidupgrade": "subscriptions",
    "anongiftpaidupgrade": "subscriptions",
    "primepaidupgrade": "subscriptions",
    "announcement": "announcements",
    "bitsbadgetier": "bits_badges",
    "viewermilestone": "milestones",
}
_BOMBS = frozenset({"submysterygift", "anonsubmysterygift"})
# A producer learns of an opt-out within 10 s, the more under load; live windows hold what it heard for 30 s.
STILL_HEARD_MS = 90_000
OPT_OUT = "opt_out"
# The broadcast that began at `started_ms` is still live: the end reported for `at_ms` was wrong.
END_WITHDRAWN = "stream_end_withdrawn"
_COUNT_MAX = 10_000_000


@dataclass(frozen=True, slots=True)
class Happening:
    """What one line says of its channel: `count` is of viewers, gifts, bits or one; `text` names a chat mode."""

    kind: str
    count: int | None = None
    text: str = ""


def stream_end_id(channel_id: str, started_ms: int) -> str:
    """Return the id of the event with which a broadcast ends."""
    return f"{channel_id}-stream_end-{started_ms}"


def label(kind: str, count: int | None, text: str) -> str:
    """Return an event as a chart writes it; an unknown kind is written as it is."""
    written = "unknown" if count is None else f"{count:,}"
    return LABELS.get(kind, kind).format(count=written, text=text or "none")


def happening(line: Line) -> Happening | None:
    """Return what a notice, a moderation or a cheer says, None for a line that says nothing of the channel.

    A gift that names its bomb says nothing: the bomb's own notice has counted it. Others see core/irc/gifts.py.
    """
    match line.command:
        case "USERNOTICE":
            return _notice(line)
        case "CLEARCHAT":
            if len(line.params) < 2:
                return Happening("chat_cleared")
            return Happening("timeouts" if line.tag("ban-duration") else "bans", 1)
        case "CLEARMSG":
            return Happening("deletions", 1)
        case "PRIVMSG":
            bits = _number(line.tag("bits"))
            return Happening("cheers", bits) if bits else None
    return None


def _notice(line: Line) -> Happening | None:
    name = line.tag("msg-id")
    if name == "raid":
        return Happening("raid", _number(line.tag("msg-param-viewerCount")))
    if name in _BOMBS:
        return Happening("gift_bomb", _number(line.tag("msg-param-mass-gift-count")))
    kind = _COUNTED.get(name)
    if kind is None or (name in GIFTS and names_bomb(line)):
        return None
    return Happening(kind, 1)


def _number(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    return number if number is not None and number <= _COUNT_MAX else None


class ChatModes:
    """Follows the ROOMSTATE of each channel and names what changed since the first one."""

    def __init__(self) -> None:
        self._modes: dict[str, dict[str, str]] = {}

    def change(self, channel_id: str, line: Line) -> list[Happening]:
        """Return the changes that a ROOMSTATE tells; the first of a channel, with all its modes, tells none."""
        told = {name: value for name in _MODES if (value := line.tag(name))}
        known = self._modes.get(channel_id)
        if known is None:
            if len(told) > 1:
                self._modes[channel_id] = told
            return []
        changed = [name for name, value in told.items() if known.get(name) != value]
        known |= told
        return [Happening("chat_mode", text=_mode(name, told[name])) for name in changed]

    def forget(self, channel_ids: Iterable[str]) -> None:
        """Forget channels that are listened to no longer: what they change meanwhile is not told."""
        for channel_id in channel_ids:
            self._modes.pop(channel_id, None)


_MODES: Mapping[str, str] = {
    "emote-only": "Emotes only",
    "followers-only": "Followers only",
    "r9k": "Unique messages only",
    "slow": "Slow mode",
    "subs-only": "Subscribers only",
}
_OFF = {"followers-only": "-1"}


def _mode(name: str, value: str) -> str:
    if value == _OFF.get(name, "0"):
        return f"{_MODES[name]} off"
    number = _number(value)
    if name == "slow" and number:
        return f"{_MODES[name]}, {number} s"
    if name == "followers-only" and number:
        return f"{_MODES[name]}, {number} min"
    return f"{_MODES[name]} on"


@dataclass(slots=True)
class Sum:
    """What was counted of one kind in one channel in one minute: from its first line until its last, in ms."""

    channel_id: str
    kind: str
    first_ms: int
    last_ms: int
    count: int = 0


class Minutes:
    """Sums the frequent kinds by channel and UTC minute."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str, int], Sum] = {}

    def add(self, channel_id: str, happened: Happening, sent_ms: int) -> None:
        """Count what happened at `sent_ms`."""
        key = (channel_id, happened.kind, sent_ms // MINUTE_MS)
        total = self._sums.setdefault(key, Sum(channel_id, happened.kind, sent_ms, sent_ms))
        total.count += happened.count or 0
        total.first_ms, total.last_ms = min(total.first_ms, sent_ms), max(total.last_ms, sent_ms)

    def take_back(self, channel_id: str, kind: str, sent_ms: int) -> None:
        """Count one less at `sent_ms`, where the sum was not taken yet."""
        if (total := self._sums.get((channel_id, kind, sent_ms // MINUTE_MS))) is not None:
            total.count -= 1

    def take(self, until_ms: int) -> list[Sum]:
        """Return, once, the sums of the minutes that ended by `until_ms`."""
        due = [key for key in self._sums if (key[2] + 1) * MINUTE_MS <= until_ms]
        return [total for total in map(self._sums.pop, due) if total.count]
