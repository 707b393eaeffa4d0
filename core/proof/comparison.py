"""The proof that what was sent is what was heard: the ledger against the messages of `chat` and the channel events.

Source: design.md, section 8, "listening".
"""

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
# Which channel event a notice of the ledger becomes, with the notice's own id.
EVENT_OF_NOTICE: Mapping[str, str] = {"raid": "raid", "submysterygift": "gift_bomb"}

_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MANY_TIMES = 255


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that was injected, and until when its recovery may last: gaps are excused in between alone.

    They are excused of the `channels` that it touched; None stands for all.
    """

    from_ms: int
    until_ms: int
    channels: frozenset[str] | None = None

    def holds(self, at_ms: int) -> bool:
        """Whether `at_ms` lies in the fault's time."""
        return self.from_ms <= at_ms <= self.until_ms

    def excuses(self, channel_id: str, at_ms: int) -> bool:
        """Whether a gap of this channel may reach over `at_ms`."""
        touched = self.channels is None or channel_id in self.channels
        return touched and self.holds(at_ms)


class HeardMessage(NamedTuple):
    """A message or event as Kafka holds it: `times` is how often its id was found."""

    channel_id: str
    sent_ms: int
    kind: str
    times: int


class Heard:
    """What was found in Kafka, by id, in about 140 bytes each: millions have to fit in memory."""

    def __init__(self) -> None:
        self._places: dict[int | str, int] = {}
        self._sent_ms = array("q")
        self._channels = array("I")
        self._kinds = array("I")
        self._times = bytearray()
        self._names: dict[str, int] = {}
        self._texts: list[str] = []

    def __len__(self) -> int:
        return len(self._places)

    def add(self, message_id: str, channel_id: str, sent_ms: int, kind: str) -> None:
        """Take one record; of an id that comes again the first one stays, and how often it came is counted."""
        place = self._places.setdefault(_key(message_id), len(self._places))
        if place < len(self._times):
            self._times[place] = min(self._times[place] + 1, _MANY_TIMES)
            return
        self._sent_ms.append(sent_ms)
        self._channels.append(self._number(channel_id))
        self._kinds.append(self._number(kind))
        self._times.append(1)

    def place(self, message_id: str) -> int | None:
        """Return at which place an id lies, counted from 0 in the order of their first coming."""
        return self._places.get(_key(message_id))

    def at(self, place: int) -> HeardMessage:
        """Return what lies at a place."""
        channel_id, kind = self._texts[self._channels[place]], self._texts[self._kinds[place]]
        return HeardMessage(channel_id, self._sent_ms[place], kind, self._times[place])

    def unmet(self, met: bytearray) -> Iterator[tuple[str, HeardMessage]]:
        """Yield the id and what lies there for every place whose byte in `met` is 0."""
        for key, place in self._places.items():
            if not met[place]:
                yield str(UUID(int=key)) if isinstance(key, int) else key, self.at(place)

    def _number(self, text: str) -> int:
        number = self._names.setdefault(text, len(self._texts))
        if number == len(self._texts):
            self._texts.append(text)
        return number


def _key(message_id: str) -> int | str:
    """Return an id as it is kept: a UUID as a number takes half the memory."""
    return int(message_id.replace("-", ""), 16) if _UUID.fullmatch(message_id) else message_id


@dataclass(slots=True)
class Counts:
    """What became of the messages sent to at least one joined connection in some time.

    `sent` = `in_chat` + `in_gaps` + `dropped` + what is missing. A message of a gap that was heard all the same
    counts as `in_chat`.
    """

    sent: int = 0
    in_chat: int = 0
    in_gaps: int = 0
    dropped: int = 0
    differences: int = 0


@dataclass(slots=True)
class Listening:
    """What became of every message: `all` together and `of_faults`, each within its own time, of all channels.

    `late_ms` is the newest `sent_ms` among the missing, which may yet arrive.
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
        """Add one to a count."""
        for counts in (self.all, *self._at(sent_ms)):
            setattr(counts, name, getattr(counts, name) + 1)

    def differ(self, text: str, sent_ms: int) -> None:
        """Note a difference."""
        self.count("differences", sent_ms)
        self.differences.append(text)

    def _at(self, sent_ms: int) -> list[Counts]:
        pairs = zip(self.faults, self.of_faults, strict=True)
        return [counts for fault, counts in pairs if fault.holds(sent_ms)]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is compared: nothing before `from_ms`, which Kafka holds no more, nor after the promise.

    `gaps` are by channel id. A message in a gap that none of the `faults` excuses is a difference;
    None excuses every gap.
    """

    gaps: Mapping[str, Sequence[Gap]]
    promise_ms: int
    faults: Sequence[Fault] | None = None
    from_ms: int = 0


def match_messages(entries: Iterable[Entry], heard: Heard, bounds: Bounds) -> Listening:
    """Return what became of every message of the ledger: each is on `chat` once, or in a recorded gap."""
    chosen = (entry for entry in entries if entry.kind in MESSAGE_KINDS)
    return _match(chosen, heard, bounds, "message", _same_message)


def match_notices(entries: Iterable[Entry], heard: Heard, bounds: Bounds) -> Listening:
    """Return what became of the raids and gift bombs of the ledger; `heard` holds those of `channel-events`."""
    chosen = (entry for entry in entries if entry.kind in EVENT_OF_NOTICE)
    return _match(chosen, heard, bounds, "notice", _same_notice)


def _same_message(entry: Entry, found: HeardMessage) -> bool:
    # A bot's copy may be told as either.
    right = found.kind in (entry.kind, "bot")
    return right and (found.channel_id, found.sent_ms) == (entry.channel_id, entry.sent_ms)


def _same_notice(entry: Entry, found: HeardMessage) -> bool:
    return (found.channel_id, found.kind) == (entry.channel_id, EVENT_OF_NOTICE[entry.kind])


def _match(
    entries: Iterable[Entry],
    heard: Heard,
    bounds: Bounds,
    noun: str,
    same: Callable[[Entry, HeardMessage], bool],
) -> Listening:
    result = Listening(bounds.faults or ())
    met, unheard = bytearray(len(heard)), set[int | str]()
    covered_from_ms: int | None = None
    for entry in entries:
        if covered_from_ms is None or entry.sent_ms < covered_from_ms:
            covered_from_ms = entry.sent_ms
        place, key = heard.place(entry.id), _key(entry.id)
        if met[place] if place is not None else key in unheard:
            result.differ(f"{noun} {entry.id} is twice in the ledger", entry.sent_ms)
            continue
        if place is None:
            unheard.add(key)
        else:
            met[place] = 1
        if entry.sent_ms >= bounds.from_ms:
            found = None if place is None else heard.at(place)
            named = f"{noun} {entry.id} ({entry.kind}) of channel {entry.channel_id}, sent at {entry.sent_ms},"
            _judge(result, entry, found, bounds, named)
            if found is not None and not same(entry, found):
                as_what = f"{found.kind} of channel {found.channel_id} at {found.sent_ms}"
                result.differ(f"{named} was written as {as_what}", entry.sent_ms)
    if covered_from_ms is not None:
        for unknown_id, message in heard.unmet(met):
            if message.sent_ms >= covered_from_ms:
                where = f"of channel {message.channel_id} at {message.sent_ms}"
                result.differ(f"{noun} {unknown_id} {where} was written, but never sent", message.sent_ms)
    return result


def _judge(result: Listening, entry: Entry, heard: HeardMessage | None, bounds: Bounds, named: str) -> None:
    if heard is not None and heard.times > 1:
        result.differ(f"{named} was written {heard.times} times", entry.sent_ms)
    if entry.connections == 0:
        if heard is not None:
            result.differ(f"{named} was sent to nobody, yet it was written", entry.sent_ms)
        return
    if entry.sent_ms > bounds.promise_ms:
        result.pending += 1
        return
    result.count("sent", entry.sent_ms)
    if heard is not None:
        result.count("in_chat", entry.sent_ms)
    else:
        _excuse(result, entry, bounds, named)


def _excuse(result: Listening, entry: Entry, bounds: Bounds, named: str) -> None:
    """Count what was not heard: it lies in a gap, was dropped, or is missing."""
    gaps = bounds.gaps.get(entry.channel_id, ())
    reasons = {gap.reason for gap in gaps if gap.from_ms <= entry.sent_ms <= gap.until_ms}
    if not reasons:
        result.late_ms = max(result.late_ms, entry.sent_ms)
        result.differ(f"{named} is neither on Kafka nor in a recorded gap", entry.sent_ms)
        return
    result.count("in_gaps" if reasons - DROP_REASONS else "dropped", entry.sent_ms)
    faults = bounds.faults
    if faults is not None and not any(fault.excuses(entry.channel_id, entry.sent_ms) for fault in faults):
        result.differ(f"{named} lies in a gap outside of every fault: {', '.join(sorted(reasons))}", entry.sent_ms)
