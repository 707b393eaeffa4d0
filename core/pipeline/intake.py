"""Filtering of IRC lines and their conversion into records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.channels.rules import IntakeRules
from core.channels.stream import Stream
from core.irc.channel_events import REMOVALS, SUMMED, ChatModes, LineEvent, MinuteSum, MinuteSums, event_of
from core.irc.deduplication import Deduplicator
from core.irc.event_ids import EventIds
from core.irc.gifts import GIFTS, GiftBombs
from core.irc.lines import ChatMessage, Line, chat_message, is_subscriber, sent_ms
from core.irc.sharding import partition_of
from core.pipeline.reasons import Loss, Rejection
from core.pipeline.records import event_record, message_record, pulse_record, removal_record, stream_fields
from core.pipeline.unstamped import UnstampedRecord
from core.times import SECOND_MS

# Duplicates arrive within seconds. At 20,000 messages a second, the limit covers the last 10 s.
DEDUPLICATION_LIMIT = 200_000
DEDUPLICATION_MS = 60_000
# Covers the span from the oldest accepted line to the one dated farthest ahead.
EVENT_IDS_MS = 900_000
# Accepted deviation of a line's time from the local clock.
MAX_AGE_MS = 600_000
MAX_AHEAD_MS = 10_000
# Traits that have their own tag.
_TRAITS = (("is_first", "first-msg"), ("is_returning", "returning-chatter"), ("is_emotes", "emote-only"))
# Tags that distinguish simultaneous notices or moderation actions.
_DISTINGUISHING_TAGS = (
    "target-msg-id",
    "target-user-id",
    "ban-duration",
    "msg-id",
    "user-id",
    "msg-param-recipient-id",
)
_EVENT_COMMANDS = frozenset({"USERNOTICE", "CLEARCHAT", "CLEARMSG", "ROOMSTATE"})


@dataclass(frozen=True, slots=True)
class UntrackedMessage:
    """A message in a channel that is no longer tracked but not yet parted."""

    channel_id: str
    sent_ms: int


@dataclass(frozen=True, slots=True)
class _Target:
    """Fields that all records of a channel share."""

    fields: Mapping[str, Any]
    partition: int
    live: bool


class Output(Protocol):
    """Receives the records that an intake produces."""

    def put(self, record: UnstampedRecord, /) -> None:
        """Accept a record for the `chat` topic."""

    def put_event(self, fields: dict[str, Any], /) -> None:
        """Accept a record for the `channel-events` topic."""

    def skip(self, channel_id: str, sent_ms: int, reason: Loss, /) -> None:
        """Count a message as lost: it was received, but must not be written."""


class Intake:
    """Converts lines into records and counts rejected lines in `rejected`, by reason.

    Lines must be passed in order of arrival. `last_sent_ms` is the send time of the last line that had one.
    """

    def __init__(self, partitions: int, *, count_bots: bool) -> None:
        self.partitions = partitions
        self._count_bots = count_bots
        self._targets: dict[str, _Target] = {}
        self._ids: dict[str, str] = {}
        self._ever_tracked: set[str] = set()
        self._rules = IntakeRules()
        self._deduplicator = Deduplicator(DEDUPLICATION_LIMIT, DEDUPLICATION_MS)
        self._modes = ChatModes()
        self._minutes = MinuteSums()
        self._gift_bombs = GiftBombs()
        self._event_ids = EventIds(EVENT_IDS_MS)
        self.last_sent_ms = 0
        self.heard = 0
        self.rejected: Counter[Rejection] = Counter()

    def set_channels(self, streams: Mapping[str, Stream], tracked: frozenset[str], *, know_viewers: bool) -> None:
        """Accept records of the `tracked` channel ids only and take their fields from `streams`."""
        self._ids |= {stream.login: stream.id for stream in streams.values()}
        self._ever_tracked |= tracked
        self._modes.forget(self._targets.keys() - tracked)
        self._targets = {
            channel_id: _Target(
                _fields_of(stream, know_viewers), partition_of(channel_id, self.partitions), stream.live
            )
            for channel_id in tracked
            if (stream := streams.get(channel_id)) is not None
        }

    def set_rules(self, rules: IntakeRules) -> None:
        """Replace the lists of bots and opt-outs."""
        self._rules = rules

    def id_of(self, login: str) -> str:
        """Return the id of a channel that was ever listed, else an empty string."""
        return self._ids.get(login, "")

    def receive(self, lines: Iterable[Line], now_ms: int, output: Output) -> int | None:
        """Pass the records of lines to `output`; return the delay of the newest line with a time, in ms, else None."""
        self.last_sent_ms = 0
        for line in lines:
            if line.command == "PRIVMSG":
                result = self.take(line, now_ms)
                if type(result) is UnstampedRecord:
                    output.put(result)
                elif type(result) is UntrackedMessage:
                    output.skip(result.channel_id, result.sent_ms, Loss.UNWANTED)
                continue
            for record in self.notice(line, now_ms):
                if isinstance(record, UnstampedRecord):
                    output.put(record)
                else:
                    output.put_event(record)
        return max(0, now_ms - self.last_sent_ms) if self.last_sent_ms else None

    def take(self, line: Line, now_ms: int) -> UnstampedRecord | UntrackedMessage | None:
        """Convert a PRIVMSG into a record, a message to count as lost, or None if it is rejected."""
        self.heard += 1
        message = chat_message(line)
        if message is None:
            self.rejected[Rejection.MALFORMED_MESSAGE] += 1
            return None
        at_ms = self._sent_ms(message.sent_ms, now_ms)
        channel_id = message.room_id or self.id_of(message.channel)
        target = self._targets.get(channel_id)
        if not channel_id:
            self.rejected[Rejection.UNKNOWN_CHANNEL] += 1
        elif target is None and channel_id in self._ever_tracked:
            return UntrackedMessage(channel_id, at_ms)
        elif target is None:
            self.rejected[Rejection.UNKNOWN_CHANNEL] += 1
        elif message.id is None or not message.user:
            self.rejected[Rejection.INCOMPLETE] += 1
        elif message.user in self._rules.opted_out_users or message.source_room_id in self._rules.opted_out_channels:
            self.rejected[Rejection.OPTED_OUT] += 1
        elif self._deduplicator.is_duplicate(message.id, now_ms):
            self.rejected[Rejection.DUPLICATE] += 1
        else:
            return self._text(line, message, message.id, target, at_ms)
        return None

    def notice(self, line: Line, now_ms: int) -> list[dict[str, Any] | UnstampedRecord]:
        """Convert any other line into channel events and removal records.

        Events of frequent kinds are summed; `minutes` returns the sums.
        """
        self.heard += 1
        if line.command not in _EVENT_COMMANDS:
            if line.command in ("", "PRIVMSG"):
                self.rejected[Rejection.MALFORMED_LINE] += 1
            return []
        channel_id = line.tag("room-id") or self.id_of(line.channel)
        if channel_id not in self._targets or line.tag("user-id") in self._rules.opted_out_users:
            return []
        if line.command == "ROOMSTATE":
            return [self._event(channel_id, change, now_ms) for change in self._modes.change(channel_id, line)]
        if _is_shared_copy(line, channel_id):
            self.rejected[Rejection.COPIED_NOTICE] += 1
            return []
        event, event_id = event_of(line), line.tag("id")
        if event is None or self._deduplicator.is_duplicate(event_id or _line_id(line, now_ms), now_ms):
            return []
        at_ms = self._sent_ms(sent_ms(line), now_ms)
        if event.kind == "gift_bomb":
            for early_ms in self._gift_bombs.add_bomb(channel_id, line, event.count, at_ms):
                self._minutes.subtract(channel_id, "subscriptions", early_ms)
        elif line.tag("msg-id") in GIFTS:
            early = self._gift_bombs.match_gift(channel_id, line, at_ms)
            if early is not None:
                for early_ms in early:
                    self._minutes.subtract(channel_id, "subscriptions", early_ms)
                return []
        if event.kind in SUMMED:
            self._minutes.add(channel_id, event, at_ms)
            return [self._removal(channel_id, at_ms)] if event.kind in REMOVALS else []
        return [self._event(channel_id, event, at_ms, event_id)]

    def minutes(self, until_ms: int) -> list[dict[str, Any]]:
        """Remove and return the sums of minutes that ended by `until_ms`, as channel events."""
        return [self._sum_event(total) for total in self._minutes.take(until_ms)]

    def pulse(self, channel_id: str, observed_ms: int, end_ms: int) -> UnstampedRecord | None:
        """Return a tracked channel's pulse for the second that ends at `end_ms`."""
        target = self._targets.get(channel_id)
        if target is None:
            return None
        fields = pulse_record(target.fields, observed_ms=observed_ms, live=target.live)
        return UnstampedRecord(target.partition, end_ms - 1, fields)

    def _text(self, line: Line, message: ChatMessage, message_id: str, target: _Target, at_ms: int) -> UnstampedRecord:
        kind = self._kind(message, line.nick)
        if kind == "message" and line.tag("bits") and (cheer := event_of(line)) is not None:
            self._minutes.add(target.fields["channel_id"], cheer, at_ms)
        fields = message_record(
            target.fields,
            kind=kind,
            message_id=message_id,
            sent_ms=at_ms,
            text=message.text,
            words=message.words,
            traits=_traits(line),
        )
        return UnstampedRecord(target.partition, at_ms, fields, message.user)

    def _removal(self, channel_id: str, at_ms: int) -> UnstampedRecord:
        return UnstampedRecord(
            self._targets[channel_id].partition, at_ms, removal_record(channel_id=channel_id, sent_ms=at_ms)
        )

    def _kind(self, message: ChatMessage, login: str) -> str:
        if message.is_shared_copy:
            return "copy"
        return "bot" if login in self._rules.bots and not self._count_bots else "message"

    def _sent_ms(self, claimed_ms: int | None, now_ms: int) -> int:
        """Return when Twitch sent a line, or `now_ms` if its time is missing or implausible."""
        if claimed_ms is None or not now_ms - MAX_AGE_MS <= claimed_ms <= now_ms + MAX_AHEAD_MS:
            return now_ms
        self.last_sent_ms = claimed_ms
        return claimed_ms

    def _event(self, channel_id: str, event: LineEvent, at_ms: int, event_id: str = "") -> dict[str, Any]:
        return event_record(
            event_id=event_id or self._event_ids.next(channel_id, event.kind, at_ms),
            kind=event.kind,
            channel_id=channel_id,
            at_ms=at_ms,
            count=event.count,
            text=event.text,
        )

    def _sum_event(self, total: MinuteSum) -> dict[str, Any]:
        return event_record(
            event_id=self._event_ids.next(total.channel_id, total.kind, total.first_ms),
            kind=total.kind,
            channel_id=total.channel_id,
            at_ms=total.first_ms,
            until_ms=total.last_ms + 1,
            count=total.count,
        )


def _fields_of(stream: Stream, know_viewers: bool) -> dict[str, Any]:
    """Return the stream fields of a channel's records; viewers only if known."""
    return stream_fields(
        channel_id=stream.id,
        viewers=stream.viewers if know_viewers else None,
        category=stream.category,
        language=stream.language,
    )


def _traits(line: Line) -> dict[str, int]:
    traits = {trait: 1 for trait, tag in _TRAITS if line.is_set(tag)}
    return traits | {"is_subscriber": 1} if is_subscriber(line) else traits


def _is_shared_copy(line: Line, channel_id: str) -> bool:
    return line.tag("source-room-id") not in ("", channel_id)


def _line_id(line: Line, now_ms: int) -> str:
    """Return a deduplication key for a line without an id.

    Time alone is not enough, because a user can be timed out and banned in the same millisecond.
    """
    distinguishing = " ".join(line.tag(name) for name in _DISTINGUISHING_TAGS)
    return f"{line.command} {line.channel} {line.tag('tmi-sent-ts') or now_ms // SECOND_MS} {distinguishing}"
