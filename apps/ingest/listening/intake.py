"""Which of the lines that are heard count, and what is added to them. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.curation.queries import Rules
from apps.ingest.channel_list import Stream
from apps.ingest.listening.writer import Entry
from core.irc.channel_events import REMOVALS, SUMMED, ChatModes, Happening, Minutes, Sum, happening
from core.irc.deduplication import Seen
from core.irc.event_ids import EventIds
from core.irc.gifts import GIFTS, GiftBombs
from core.irc.lines import ChatMessage, Line, chat_message, is_subscriber, sent_ms
from core.irc.sharding import partition_of
from core.pipeline.records import event_record, message_record, pulse_record, removal_record, stream_fields
from core.times import SECOND_MS

# A message comes twice within seconds. At 20,000 a second the limit holds the last 10 s.
REMEMBERED = 200_000
REMEMBERED_MS = 60_000
# A line that is the oldest possible may come after one that is dated ahead.
EVENT_IDS_MS = 900_000
# How far from our clock Twitch's time on a line may be to be believed.
OLDEST_MS = 600_000
AHEAD_MS = 10_000
# The traits of a message that a tag of its own tells.
_TRAITS = (("is_first", "first-msg"), ("is_returning", "returning-chatter"), ("is_emotes", "emote-only"))
# The tags in which two notices or moderations of one moment differ.
_TELLING_TAGS = ("target-msg-id", "target-user-id", "ban-duration", "msg-id", "user-id", "msg-param-recipient-id")
_EVENT_COMMANDS = frozenset({"USERNOTICE", "CLEARCHAT", "CLEARMSG", "ROOMSTATE"})


@dataclass(frozen=True, slots=True)
class Unwanted:
    """A message of a channel that is not wanted any more: Twitch has not parted us yet."""

    channel_id: str
    sent_ms: int


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What every record of one channel has in common."""

    fields: Mapping[str, Any]
    partition: int
    live: bool


class Intake:
    """Turns lines into records; what cannot be used is counted in `rejected`, by reason.

    Fed in the order in which lines are heard. `told_ms` is Twitch's time on the last line that had one.
    """

    def __init__(self, partitions: int, *, count_bots: bool) -> None:
        self._partitions = partitions
        self._count_bots = count_bots
        self._wanted: dict[str, _Wanted] = {}
        self._ids: dict[str, str] = {}
        self._followed: set[str] = set()
        self._rules = Rules(frozenset(), frozenset(), frozenset())
        self._seen = Seen(REMEMBERED, REMEMBERED_MS)
        self._modes = ChatModes()
        self._minutes = Minutes()
        self._gift_bombs = GiftBombs()
        self._event_ids = EventIds(EVENT_IDS_MS)
        self.told_ms = 0
        self.heard = 0
        self.rejected: Counter[str] = Counter()

    def follow(self, streams: Mapping[str, Stream], wanted: frozenset[str], *, know_viewers: bool) -> None:
        """Take records of the `wanted` channel ids from now on, with what `streams` tells of them."""
        self._ids |= {stream.login: stream.id for stream in streams.values()}
        self._followed |= wanted
        self._modes.forget(self._wanted.keys() - wanted)
        self._wanted = {
            channel_id: _Wanted(
                _fields_of(stream, know_viewers), partition_of(channel_id, self._partitions), stream.live
            )
            for channel_id in wanted
            if (stream := streams.get(channel_id)) is not None
        }

    def obey(self, rules: Rules) -> None:
        """Apply the lists of bots and opt-outs from now on."""
        self._rules = rules

    def id_of(self, login: str) -> str:
        """Return the id of a channel that was ever followed, else an empty text."""
        return self._ids.get(login, "")

    def take(self, line: Line, now_ms: int) -> Entry | Unwanted | None:
        """Return what becomes of a PRIVMSG: a record to write, a message to account for, or nothing."""
        self.heard += 1
        message = chat_message(line)
        if message is None:
            self.rejected["malformed PRIVMSG"] += 1
            return None
        at_ms = self._sent_ms(message.sent_ms, now_ms)
        channel_id = message.room_id or self.id_of(message.channel)
        wanted = self._wanted.get(channel_id)
        if not channel_id:
            self.rejected["of no known channel"] += 1
        elif wanted is None and channel_id in self._followed:
            return Unwanted(channel_id, at_ms)
        elif wanted is None:
            self.rejected["of no known channel"] += 1
        elif message.id is None or not message.user:
            self.rejected["without id or user"] += 1
        elif message.user in self._rules.opted_out_users or message.source_room_id in self._rules.opted_out_channels:
            self.rejected["opted out"] += 1
        elif self._seen.again(message.id, now_ms):
            self.rejected["duplicate"] += 1
        else:
            return self._entry(line, message, message.id, wanted, at_ms)
        return None

    def notice(self, line: Line, now_ms: int) -> list[dict[str, Any] | Entry]:
        """Return what a line other than a PRIVMSG tells: channel events, and the record of a removal.

        Events of frequent kinds come by `minutes`.
        """
        self.heard += 1
        if line.command not in _EVENT_COMMANDS:
            if line.command in ("", "PRIVMSG"):
                self.rejected["malformed line"] += 1
            return []
        channel_id = line.tag("room-id") or self.id_of(line.channel)
        if channel_id not in self._wanted or line.tag("user-id") in self._rules.opted_out_users:
            return []
        if line.command == "ROOMSTATE":
            return [self._event(channel_id, change, now_ms) for change in self._modes.change(channel_id, line)]
        if _is_copied(line, channel_id):
            self.rejected["copied notice"] += 1
            return []
        happened, event_id = happening(line), line.tag("id")
        if happened is None or self._seen.again(event_id or _line_id(line, now_ms), now_ms):
            return []
        at_ms = self._sent_ms(sent_ms(line), now_ms)
        if happened.kind == "gift_bomb":
            for early_ms in self._gift_bombs.begin(channel_id, line, happened.count, at_ms):
                self._minutes.take_back(channel_id, "subscriptions", early_ms)
        elif line.tag("msg-id") in GIFTS and self._gift_bombs.takes(channel_id, line, at_ms):
            return []
        if happened.kind in SUMMED:
            self._minutes.add(channel_id, happened, at_ms)
            return [self._removal(channel_id, at_ms)] if happened.kind in REMOVALS else []
        return [self._event(channel_id, happened, at_ms, event_id)]

    def minutes(self, until_ms: int) -> list[dict[str, Any]]:
        """Return, once, the sums of the minutes that ended by `until_ms`, as channel events."""
        return [self._sum_event(total) for total in self._minutes.take(until_ms)]

    def pulse(self, channel_id: str, observed_ms: int, end_ms: int) -> Entry | None:
        """Return a wanted channel's pulse for the second that ends at `end_ms`."""
        wanted = self._wanted.get(channel_id)
        if wanted is None:
            return None
        fields = pulse_record(wanted.fields, observed_ms=observed_ms, live=wanted.live)
        return Entry(wanted.partition, end_ms - 1, fields)

    def _entry(self, line: Line, message: ChatMessage, message_id: str, wanted: _Wanted, at_ms: int) -> Entry:
        kind = self._kind(message, line.nick)
        if kind == "message" and line.tag("bits") and (cheer := happening(line)) is not None:
            self._minutes.add(wanted.fields["channel_id"], cheer, at_ms)
        fields = message_record(
            wanted.fields,
            kind=kind,
            message_id=message_id,
            sent_ms=at_ms,
            text=message.text,
            words=message.words,
            traits=_traits(line),
        )
        return Entry(wanted.partition, at_ms, fields, message.user)

    def _removal(self, channel_id: str, at_ms: int) -> Entry:
        return Entry(self._wanted[channel_id].partition, at_ms, removal_record(channel_id=channel_id, sent_ms=at_ms))

    def _kind(self, message: ChatMessage, login: str) -> str:
        if message.is_copy:
            return "copy"
        return "bot" if login in self._rules.bots and not self._count_bots else "message"

    def _sent_ms(self, sent: int | None, now_ms: int) -> int:
        """Return when Twitch sent a line; a time that cannot be is as good as none."""
        if sent is None or not now_ms - OLDEST_MS <= sent <= now_ms + AHEAD_MS:
            return now_ms
        self.told_ms = sent
        return sent

    def _event(self, channel_id: str, happened: Happening, at_ms: int, event_id: str = "") -> dict[str, Any]:
        return event_record(
            event_id=event_id or self._event_ids.next(channel_id, happened.kind, at_ms),
            kind=happened.kind,
            channel_id=channel_id,
            at_ms=at_ms,
            count=happened.count,
            text=happened.text,
        )

    def _sum_event(self, total: Sum) -> dict[str, Any]:
        return event_record(
            event_id=self._event_ids.next(total.channel_id, total.kind, total.first_ms),
            kind=total.kind,
            channel_id=total.channel_id,
            at_ms=total.first_ms,
            until_ms=total.last_ms + 1,
            count=total.count,
        )


def _fields_of(stream: Stream, know_viewers: bool) -> dict[str, Any]:
    """Return what a channel's records say of its stream; viewers only while they are known."""
    return stream_fields(
        channel_id=stream.id,
        viewers=stream.viewers if know_viewers else None,
        category=stream.category,
        language=stream.language,
    )


def _traits(line: Line) -> dict[str, int]:
    traits = {trait: 1 for trait, tag in _TRAITS if line.is_set(tag)}
    return traits | {"is_subscriber": 1} if is_subscriber(line) else traits


def _is_copied(line: Line, channel_id: str) -> bool:
    return line.tag("source-room-id") not in ("", channel_id)


def _line_id(line: Line, now_ms: int) -> str:
    """Return what distinguishes a line without an id from others: time alone does not.

    A user may be timed out and banned at once: those are two.
    """
    told = " ".join(line.tag(name) for name in _TELLING_TAGS)
    return f"{line.command} {line.channel} {line.tag('tmi-sent-ts') or now_ms // SECOND_MS} {told}"
