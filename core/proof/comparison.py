"""Comparison of sent and received messages: the ledger against `chat` and the channel events."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from core.pipeline.coverage import Gap
from core.proof.ledger import Entry

DROP_REASONS = frozenset({"overflow", "delivery"})
MESSAGE_KINDS = frozenset({"message", "copy"})
# Kind of channel event by kind of notice in the ledger; the event keeps the notice's id.
EVENT_OF_NOTICE: Mapping[str, str] = {"raid": "raid", "submysterygift": "gift_bomb"}

_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MANY_TIMES = 255


@dataclass(frozen=True, slots=True)
class Fault:
    """An injected fault with its recovery time.

    Gaps are excused only within this time and for the affected `channels`; None means all channels.
    """

    from_ms: int
    until_ms: int
    channels: frozenset[str] | None = None

    def contains(self, at_ms: int) -> bool:
        """Return whether `at_ms` is within the fault."""
        return self.from_ms <= at_ms <= self.until_ms

    def excuses(self, channel_id: str, at_ms: int) -> bool:
        """Return whether a gap in this channel may cover `at_ms`."""
        is_affected = self.channels is None or channel_id in self.channels
        return is_affected and self.contains(at_ms)


class ReceivedMessage(NamedTuple):
    """A message or event in Kafka: `times` is the number of records with its id."""

    channel_id: str
    sent_ms: int
    kind: str
    times: int


class ReceivedMessages:
    """Messages or events in Kafka by id. Each one takes about 140 bytes, because millions must fit in memory."""

    def __init__(self) -> None:
        self._indexes: dict[int | str, int] = {}
        self._sent_ms = array("q")
        self._channels = array("I")
        self._kinds = array("I")
        self._times = bytearray()
        self._names: dict[str, int] = {}
        self._texts: list[str] = []

    def __len__(self) -> int:
        return len(self._indexes)

    def add(self, message_id: str, channel_id: str, sent_ms: int, kind: str) -> None:
        """Add a record; a repeated id only increases the count of the first record."""
        index = self._indexes.setdefault(_key(message_id), len(self._indexes))
        if index < len(self._times):
            self._times[index] = min(self._times[index] + 1, _MANY_TIMES)
            return
        self._sent_ms.append(sent_ms)
        self._channels.append(self._number(channel_id))
        self._kinds.append(self._number(kind))
        self._times.append(1)

    def index(self, message_id: str) -> int | None:
        """Return an id's index, or None. Indexes are in order of first occurrence."""
        return self._indexes.get(_key(message_id))

    def at(self, index: int) -> ReceivedMessage:
        """Return the message at an index."""
        channel_id, kind = self._texts[self._channels[index]], self._texts[self._kinds[index]]
        return ReceivedMessage(channel_id, self._sent_ms[index], kind, self._times[index])

    def unmatched(self, matched: bytearray) -> Iterator[tuple[str, ReceivedMessage]]:
        """Yield the id and the message for every index whose byte in `matched` is 0."""
        for key, index in self._indexes.items():
            if not matched[index]:
                yield str(UUID(int=key)) if isinstance(key, int) else key, self.at(index)

    def _number(self, text: str) -> int:
        number = self._names.setdefault(text, len(self._texts))
        if number == len(self._texts):
            self._texts.append(text)
        return number


def _key(message_id: str) -> int | str:
    """Return an id's internal key: a UUID as an integer takes half the memory."""
    return int(message_id.replace("-", ""), 16) if _UUID.fullmatch(message_id) else message_id


@dataclass(slots=True)
class Counts:
    """Outcome of the messages sent to at least one joined connection in an interval.

    `sent` = `in_chat` + `in_gaps` + `dropped` + missing messages. A message received despite a gap counts as `in_chat`.
    """

    sent: int = 0
    in_chat: int = 0
    in_gaps: int = 0
    dropped: int = 0
    differences: int = 0


@dataclass(slots=True)
class MatchResult:
    """Outcome over all channels: `all` counts every message; `of_faults` counts the messages within each fault.

    `late_ms` is the newest `sent_ms` of the missing messages, which may still arrive.
    """

    faults: Sequence[Fault] = ()
    all: Counts = field(default_factory=Counts)
    of_faults: list[Counts] = field(default_factory=list)
    pending: int = 0
    late_ms: int = 0
    differences: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.of_faults = self.of_faults or [Counts() for _ in self.faults]

    def count(self, name: str, sent_ms: int) -> None:
        """Increment a count."""
        for counts in (self.all, *self._at(sent_ms)):
            setattr(counts, name, getattr(counts, name) + 1)

    def differ(self, text: str, sent_ms: int) -> None:
        """Record a difference."""
        self.count("differences", sent_ms)
        self.differences.append(text)

    def _at(self, sent_ms: int) -> list[Counts]:
        pairs = zip(self.faults, self.of_faults, strict=True)
        return [counts for fault, counts in pairs if fault.contains(sent_ms)]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of the comparison: from `from_ms`, the start of Kafka's retention, to `promise_ms`.

    `gaps` contains the gaps by channel id. A message in a gap that none of the `faults` excuses is a difference; if
    `faults` is None, every gap is excused.
    """

    gaps: Mapping[str, Sequence[Gap]]
    promise_ms: int
    faults: Sequence[Fault] | None = None
    from_ms: int = 0


def match_messages(entries: Iterable[Entry], heard: ReceivedMessages, bounds: Bounds) -> MatchResult:
    """Match the messages in the ledger: each must be in `chat` exactly once, or in a recorded gap."""
    selected = (entry for entry in entries if entry.kind in MESSAGE_KINDS)
    return _match(selected, heard, bounds, "message", _same_message)


def match_notices(entries: Iterable[Entry], heard: ReceivedMessages, bounds: Bounds) -> MatchResult:
    """Match the raids and gift bombs in the ledger with the events in `heard`, from `channel-events`."""
    selected = (entry for entry in entries if entry.kind in EVENT_OF_NOTICE)
    return _match(selected, heard, bounds, "notice", _same_notice)


def _same_message(entry: Entry, received: ReceivedMessage) -> bool:
    # A bot's shared copy may be recorded as either kind.
    is_kind_equal = received.kind in (entry.kind, "bot")
    return is_kind_equal and (received.channel_id, received.sent_ms) == (entry.channel_id, entry.sent_ms)


def _same_notice(entry: Entry, received: ReceivedMessage) -> bool:
    return (received.channel_id, received.kind) == (entry.channel_id, EVENT_OF_NOTICE[entry.kind])


def _match(
    entries: Iterable[Entry],
    heard: ReceivedMessages,
    bounds: Bounds,
    noun: str,
    is_equal: Callable[[Entry, ReceivedMessage], bool],
) -> MatchResult:
    result = MatchResult(bounds.faults or ())
    matched, missing = bytearray(len(heard)), set[int | str]()
    covered_from_ms: int | None = None
    for entry in entries:
        if covered_from_ms is None or entry.sent_ms < covered_from_ms:
            covered_from_ms = entry.sent_ms
        index, key = heard.index(entry.id), _key(entry.id)
        if matched[index] if index is not None else key in missing:
            result.differ(f"{noun} {entry.id} appears twice in the ledger", entry.sent_ms)
            continue
        if index is None:
            missing.add(key)
        else:
            matched[index] = 1
        if entry.sent_ms >= bounds.from_ms:
            received = None if index is None else heard.at(index)
            description = f"{noun} {entry.id} ({entry.kind}) in channel {entry.channel_id}, sent at {entry.sent_ms},"
            _judge(result, entry, received, bounds, description)
            if received is not None and not is_equal(entry, received):
                actual = f"{received.kind} in channel {received.channel_id} at {received.sent_ms}"
                result.differ(f"{description} was written as {actual}", entry.sent_ms)
    if covered_from_ms is not None:
        for unknown_id, message in heard.unmatched(matched):
            if message.sent_ms >= covered_from_ms:
                origin = f"in channel {message.channel_id} at {message.sent_ms}"
                result.differ(f"{noun} {unknown_id} {origin} was written, but never sent", message.sent_ms)
    return result


def _judge(result: MatchResult, entry: Entry, heard: ReceivedMessage | None, bounds: Bounds, description: str) -> None:
    if heard is not None and heard.times > 1:
        result.differ(f"{description} was written {heard.times} times", entry.sent_ms)
    if entry.connections == 0:
        if heard is not None:
            result.differ(f"{description} was sent to no connection, yet it was written", entry.sent_ms)
        return
    if entry.sent_ms > bounds.promise_ms:
        result.pending += 1
        return
    result.count("sent", entry.sent_ms)
    if heard is not None:
        result.count("in_chat", entry.sent_ms)
    else:
        _excuse(result, entry, bounds, description)


def _excuse(result: MatchResult, entry: Entry, bounds: Bounds, description: str) -> None:
    """Determine whether a message that was not received is in a gap, dropped or missing, and count it."""
    gaps = bounds.gaps.get(entry.channel_id, ())
    reasons = {gap.reason for gap in gaps if gap.from_ms <= entry.sent_ms <= gap.until_ms}
    if not reasons:
        result.late_ms = max(result.late_ms, entry.sent_ms)
        result.differ(f"{description} is neither in Kafka nor in a recorded gap", entry.sent_ms)
        return
    result.count("in_gaps" if reasons - DROP_REASONS else "dropped", entry.sent_ms)
    faults = bounds.faults
    if faults is not None and not any(fault.excuses(entry.channel_id, entry.sent_ms) for fault in faults):
        result.differ(f"{description} is in a gap outside every fault: {', '.join(sorted(reasons))}", entry.sent_ms)
