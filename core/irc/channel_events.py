"""Channel events from IRC lines: counted notices, sums per minute, and labels.

Events never contain user names: an event is a kind, a count or text, and a time.
Source: dev.twitch.tv, "IRC Tags".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.irc.gifts import GIFTS, names_bomb
from core.irc.lines import Line
from core.times import MINUTE_MS

# Labels by kind, with placeholders for count and text.
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
    "gap": "Chat not heard",
    "opt_out": "Opted out",
}
# Frequent kinds, which are summed per minute.
SUMMED = frozenset(
    {"subscriptions", "cheers", "bans", "timeouts", "deletions", "announcements", "bits_badges", "milestones"}
)
# The summed kinds of events that remove messages.
REMOVALS = frozenset({"bans", "timeouts", "deletions"})

# Event kind by msg-id, for notices that count as one event each.
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
# Producers learn of an opt-out within 10 s, or later under load. After that, live windows still contain earlier records
# for another 30 s.
OPT_OUT_DELAY_MS = 90_000
OPT_OUT = "opt_out"
STREAM_START, STREAM_END = "stream_start", "stream_end"
# The broadcast that started at `started_ms` is still live: the end reported at `at_ms` was wrong.
END_WITHDRAWN = "stream_end_withdrawn"
_COUNT_MAX = 10_000_000


@dataclass(frozen=True, slots=True)
class LineEvent:
    """A channel event from one line.

    `count` is the number of viewers, gifts or bits, otherwise 1; `text` names a chat mode.
    """

    kind: str
    count: int | None = None
    text: str = ""


def stream_end_id(channel_id: str, started_ms: int) -> str:
    """Return the id of the event that marks a broadcast's end."""
    return f"{channel_id}-{STREAM_END}-{started_ms}"


def started_ms_of(end_id: str) -> int:
    """Return the start of the broadcast that the end event with this id belongs to."""
    return int(end_id.rpartition("-")[2])


def label(kind: str, count: int | None, text: str) -> str:
    """Return an event's label for charts; an unknown kind is its own label."""
    written = "unknown" if count is None else f"{count:,}"
    return LABELS.get(kind, kind).format(count=written, text=text or "none")


def event_of(line: Line) -> LineEvent | None:
    """Return the event of a notice, moderation action or cheer, or None for any other line.

    A gift that names its gift bomb is not an event, because the bomb's notice already counts it. See core/irc/gifts.py
    for other gifts.
    """
    match line.command:
        case "USERNOTICE":
            return _notice(line)
        case "CLEARCHAT":
            if len(line.params) < 2:
                return LineEvent("chat_cleared")
            return LineEvent("timeouts" if line.tag("ban-duration") else "bans", 1)
        case "CLEARMSG":
            return LineEvent("deletions", 1)
        case "PRIVMSG":
            bits = _number(line.tag("bits"))
            return LineEvent("cheers", bits) if bits else None
    return None


def _notice(line: Line) -> LineEvent | None:
    name = line.tag("msg-id")
    if name == "raid":
        return LineEvent("raid", _number(line.tag("msg-param-viewerCount")))
    if name in _BOMBS:
        return LineEvent("gift_bomb", _number(line.tag("msg-param-mass-gift-count")))
    kind = _COUNTED.get(name)
    if kind is None or (name in GIFTS and names_bomb(line)):
        return None
    return LineEvent(kind, 1)


def _number(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    return number if number is not None and number <= _COUNT_MAX else None


class ChatModes:
    """Tracks the ROOMSTATE of each channel and detects changes."""

    def __init__(self) -> None:
        self._modes: dict[str, dict[str, str]] = {}

    def change(self, channel_id: str, line: Line) -> list[LineEvent]:
        """Return the changes in a ROOMSTATE. A channel's first one contains all modes and sets the baseline."""
        reported = {name: value for name in _MODES if (value := line.tag(name))}
        known = self._modes.get(channel_id)
        if known is None:
            if len(reported) > 1:
                self._modes[channel_id] = reported
            return []
        changed = [name for name, value in reported.items() if known.get(name) != value]
        known |= reported
        return [LineEvent("chat_mode", text=_mode(name, reported[name])) for name in changed]

    def forget(self, channel_ids: Iterable[str]) -> None:
        """Drop channels that are no longer tracked, because their later changes would be missed."""
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
class MinuteSum:
    """The count of one kind in one channel and minute, with the times of its first and last line."""

    channel_id: str
    kind: str
    first_ms: int
    last_ms: int
    count: int = 0


class MinuteSums:
    """Sums frequent kinds by channel and UTC minute."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str, int], MinuteSum] = {}

    def add(self, channel_id: str, event: LineEvent, sent_ms: int) -> None:
        """Count an event sent at `sent_ms`."""
        key = (channel_id, event.kind, sent_ms // MINUTE_MS)
        total = self._sums.setdefault(key, MinuteSum(channel_id, event.kind, sent_ms, sent_ms))
        total.count += event.count or 0
        total.first_ms, total.last_ms = min(total.first_ms, sent_ms), max(total.last_ms, sent_ms)

    def subtract(self, channel_id: str, kind: str, sent_ms: int) -> None:
        """Decrement the sum for the minute of `sent_ms`, unless it was already taken."""
        if (total := self._sums.get((channel_id, kind, sent_ms // MINUTE_MS))) is not None:
            total.count -= 1

    def take(self, until_ms: int) -> list[MinuteSum]:
        """Remove and return the sums of minutes that ended by `until_ms`."""
        due = [key for key in self._sums if (key[2] + 1) * MINUTE_MS <= until_ms]
        return [total for total in map(self._sums.pop, due) if total.count]
