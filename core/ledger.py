"""The ledger of the simulated Twitch: its format, and the proof that what was sent is what was heard.

One file per UTC hour of `sent_ms`, append only, one line a message: id, channel id, `sent_ms` and the number
of joined connections it goes to, separated by tabs. A line is written before its message is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.records import HOUR_MS

FILE_FORMAT = "%Y-%m-%dT%H.tsv"
# What a restarted writer appends to an unfinished line: no line that ends like this can be read as an entry.
TORN_END = b"\ttorn\n"
DROP_REASONS = frozenset({"overflow", "delivery"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One message as sent: `connections` is how many joined connections it went to."""

    id: str
    channel_id: str
    sent_ms: int
    connections: int


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval, both ends included, in which a channel was not or not surely listened to."""

    from_ms: int
    until_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that was injected, and until when its recovery may last: gaps are excused in between alone."""

    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as `chat` holds it: `times` is how often its id was found."""

    channel_id: str
    sent_ms: int
    times: int = 1


@dataclass(slots=True)
class Listening:
    """What became of the messages sent to at least one joined connection.

    `sent` = `in_chat` + `in_gaps` + `dropped` + what is missing. A message of a gap that was heard all the same
    counts as `in_chat`. `late_ms` is the newest `sent_ms` among the missing, which may yet arrive.
    """

    sent: int = 0
    in_chat: int = 0
    in_gaps: int = 0
    dropped: int = 0
    pending: int = 0
    late_ms: int = 0
    differences: list[str] = field(default_factory=list)


def file_name(sent_ms: int) -> str:
    """Return the name of the file that holds the entries of this hour."""
    return datetime.fromtimestamp(sent_ms // HOUR_MS * 3_600, UTC).strftime(FILE_FORMAT)


def file_hour_ms(name: str) -> int | None:
    """Return when the hour of a ledger file began; None for a file of another kind."""
    try:
        return int(datetime.strptime(name, FILE_FORMAT).replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        return None


def format_entry(entry: Entry) -> bytes:
    """Return the entry's line."""
    return f"{entry.id}\t{entry.channel_id}\t{entry.sent_ms}\t{entry.connections}\n".encode()


def parse_entry(line: bytes) -> Entry | None:
    """Return the entry in a line; None for a torn one, of which nothing was sent."""
    fields = line.split(b"\t")
    if len(fields) != 4 or not line.endswith(b"\n"):
        return None
    try:
        return Entry(fields[0].decode(), fields[1].decode(), int(fields[2]), int(fields[3]))
    except ValueError:
        return None


def match(
    entries: Iterable[Entry],
    heard: Mapping[str, Heard],
    gaps: Mapping[str, Sequence[Gap]],
    promise_ms: int,
    faults: Sequence[Fault] | None = None,
    from_ms: int = 0,
) -> Listening:
    """Return what became of every entry up to `promise_ms`; `gaps` are by channel id.

    A message in a gap outside of all `faults` is a difference; None excuses every gap. Entries later than the
    promise are pending: `chat` may not hold them yet. What is earlier than `from_ms` is left out: `chat` does
    not hold it any more.
    """
    result = Listening()
    known: set[str] = set()
    covered_from_ms: int | None = None
    for entry in entries:
        if covered_from_ms is None or entry.sent_ms < covered_from_ms:
            covered_from_ms = entry.sent_ms
        if entry.id in known:
            result.differences.append(f"message {entry.id} is twice in the ledger")
            continue
        known.add(entry.id)
        if entry.sent_ms < from_ms:
            continue
        _place(result, entry, heard.get(entry.id), gaps.get(entry.channel_id, ()), promise_ms)
        if faults is not None and entry.id not in heard and not _excused(entry, faults, promise_ms):
            result.differences.append(f"{_named(entry)} lies in a gap outside of every fault")
    for message_id, message in heard.items():
        if message_id not in known and covered_from_ms is not None and message.sent_ms >= covered_from_ms:
            result.differences.append(
                f"message {message_id} of channel {message.channel_id} at {message.sent_ms} is on chat, but never sent"
            )
    return result


def _place(result: Listening, entry: Entry, heard: Heard | None, gaps: Sequence[Gap], promise_ms: int) -> None:
    if heard is not None and heard.times > 1:
        result.differences.append(f"{_named(entry)} is on chat {heard.times} times")
    if heard is not None and (heard.channel_id, heard.sent_ms) != (entry.channel_id, entry.sent_ms):
        result.differences.append(f"{_named(entry)} is on chat as channel {heard.channel_id} at {heard.sent_ms}")
    if entry.connections == 0:
        if heard is not None:
            result.differences.append(f"{_named(entry)} was sent to nobody, yet it is on chat")
        return
    if entry.sent_ms > promise_ms:
        result.pending += 1
        return
    result.sent += 1
    reasons = {gap.reason for gap in gaps if gap.from_ms <= entry.sent_ms <= gap.until_ms}
    if heard is not None:
        result.in_chat += 1
    elif reasons - DROP_REASONS:
        result.in_gaps += 1
    elif reasons:
        result.dropped += 1
    else:
        result.late_ms = max(result.late_ms, entry.sent_ms)
        result.differences.append(f"{_named(entry)} is neither on chat nor in a recorded gap")


def _excused(entry: Entry, faults: Sequence[Fault], promise_ms: int) -> bool:
    """Say whether nothing need be excused, or a fault does it."""
    due = entry.connections and entry.sent_ms <= promise_ms
    return not due or any(fault.from_ms <= entry.sent_ms <= fault.until_ms for fault in faults)


def _named(entry: Entry) -> str:
    return f"message {entry.id} of channel {entry.channel_id}, sent at {entry.sent_ms},"
