"""Record kinds of the Kafka topics: construction and parsing.

A record is a JSON object with the version `v`. A field whose value is unknown is omitted. Integers are parsed as
Flink's JSON format parses them, so that the Python reference and the stream job agree on which records count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from core.errors import BadRecord
from core.inputs.readable_text import readable

VERSION = 1
Grain = Literal["live", "live_distinct", "minute", "hour", "hour_distinct"]
# "copy" is a shared copy, "bot" a message from a known service bot; copies and bot messages are counted separately from
# other messages.
TEXT_KINDS = frozenset({"message", "copy", "bot"})
# A removal is one ban, timeout or deleted message; "clock" is the wire name of the watermark record.
ChatKind = Literal["message", "copy", "bot", "removal", "pulse", "clock"]
CHAT_KINDS: tuple[ChatKind, ...] = get_args(ChatKind)
# Boolean traits of a message: 1 if true, else absent.
TRAITS = ("is_first", "is_returning", "is_subscriber", "is_emotes")
# Maximum length of an event's text.
TEXT_MAX = 200
BIGINT_MAX = 2**63 - 1
INT_MAX = 2**31 - 1
# Flink ignores a record dated more than this long after its append time, because it would advance the watermark of all
# channels.
# Two hours, because setting back the system clock by an hour affects Kafka's clock but not the producer's.
MAX_AHEAD_MS = 7_200_000
# A window's last viewer count is packed into one number with its time; larger counts would not fit.
VIEWERS_MAX = 9_999_999
# November 2023: no record is older. The time packed with a window's last viewer count is relative to this.
EPOCH_MS = 1_700_000_000_000


@dataclass(frozen=True, slots=True)
class ChatRecord:
    """A valid record of `chat`, with the fields used by metrics."""

    kind: ChatKind
    channel_id: str
    at_ms: int
    sent_ms: int | None = None
    id: str | None = None
    user_hash: int | None = None
    text_hash: int | None = None
    words: int | None = None
    is_first: int | None = None
    is_returning: int | None = None
    is_subscriber: int | None = None
    is_emotes: int | None = None
    viewers: int | None = None
    observed_ms: int | None = None
    live: bool = False


@dataclass(frozen=True, slots=True)
class WindowRecord:
    """One channel's window: `columns` maps the names in core/metrics/columns.py to values; unknown values are omitted.

    `again_ms` is how long after the window's end the job that wrote it was submitted, 0 if it was already running.
    """

    channel_id: str
    grain: Grain
    start_ms: int
    end_ms: int
    columns: Mapping[str, int]
    again_ms: int = 0


@dataclass(frozen=True, slots=True)
class EventRecord:
    """A record of `channel-events`; see core/irc/channel_events.py. A gap has `until_ms` and `reason`.

    Events that report the end of a broadcast, or withdraw such a report, have `started_ms`. The start of a broadcast
    has `until_ms` if its channel left the list while it was on air. Of the reports of a start or an end, the one with
    the latest `reported_ms` is valid.
    """

    id: str
    kind: str
    channel_id: str
    at_ms: int
    until_ms: int | None = None
    reason: str = ""
    count: int | None = None
    text: str = ""
    started_ms: int | None = None
    reported_ms: int | None = None


def stream_fields(*, channel_id: str, viewers: int | None, category: str, language: str) -> dict[str, Any]:
    """Return the channel fields that messages and pulses carry; a field whose value is unknown is omitted."""
    known: dict[str, Any] = {"viewers": viewers, "category": category or None, "language": language or None}
    return {
        "v": VERSION,
        "channel_id": channel_id,
        **{name: value for name, value in known.items() if value is not None},
    }


def message_record(
    stream: Mapping[str, Any],
    *,
    kind: str,
    message_id: str,
    sent_ms: int,
    text: str,
    words: int,
    traits: Mapping[str, int],
) -> dict[str, Any]:
    """Build a record of one of TEXT_KINDS with the channel's `stream_fields`.

    `traits` contains those of TRAITS that are true. The writer adds `at_ms` and the hashes.
    """
    return {**stream, **traits, "kind": kind, "sent_ms": sent_ms, "id": message_id, "words": words, "text": text}


def removal_record(*, channel_id: str, sent_ms: int) -> dict[str, Any]:
    """Build the record of a removal by a moderator. The writer adds `at_ms`."""
    return {"v": VERSION, "kind": "removal", "channel_id": channel_id, "sent_ms": sent_ms}


def pulse_record(stream: Mapping[str, Any], *, observed_ms: int, live: bool) -> dict[str, Any]:
    """Build a channel's pulse for one second. The writer adds `at_ms`."""
    return {**stream, "kind": "pulse", "observed_ms": observed_ms, "live": live}


def watermark_record(*, producer: str, lag_ms: int = 0) -> dict[str, Any]:
    """Build a watermark record: a partition's promise that nothing earlier than its `at_ms` - 500 ms follows.

    `lag_ms` is the delay of incoming lines at the producer. A gap that follows begins earlier by this delay.
    """
    return {"v": VERSION, "kind": "clock", "producer": producer, "lag_ms": lag_ms}


def event_record(
    *,
    event_id: str,
    kind: str,
    channel_id: str,
    at_ms: int,
    until_ms: int | None = None,
    count: int | None = None,
    text: str | None = None,
    reason: str | None = None,
    started_ms: int | None = None,
    reported_ms: int | None = None,
) -> dict[str, Any]:
    """Build a channel event of a kind in core/irc/channel_events.py; `text` must be readable."""
    optional = {
        "until_ms": until_ms,
        "count": count,
        "text": text or None,
        "reason": reason,
        "started_ms": started_ms,
        "reported_ms": reported_ms,
    }
    return {
        "v": VERSION,
        "id": event_id,
        "kind": kind,
        "channel_id": channel_id,
        "at_ms": at_ms,
        **{name: value for name, value in optional.items() if value is not None},
    }


def gap_record(*, event_id: str, channel_id: str, from_ms: int, until_ms: int, reason: str) -> dict[str, Any]:
    """Build the record of a gap, in which a tracked channel was not heard or may not have been heard."""
    return event_record(
        event_id=event_id, kind="gap", channel_id=channel_id, at_ms=from_ms, until_ms=until_ms, reason=reason
    )


def decode(value: bytes | None) -> dict[str, Any]:
    """Parse a record into its fields. Raises: BadRecord."""
    if value is None:
        raise BadRecord("empty record: expected a JSON object")
    try:
        fields, _ = _DECODER.raw_decode(value.decode().lstrip(" \t\r\n"))
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise BadRecord(f"expected a JSON object, got {type(fields).__name__}")
    return fields


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


# Text after the object is ignored, as in Flink's JSON format.
_DECODER = json.JSONDecoder(parse_constant=_no_constant)
_WHOLE = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)


def read_chat(value: bytes | None, appended_ms: int) -> ChatRecord:
    """Parse a chat record that Kafka appended at `appended_ms`.

    Raises: BadRecord for exactly the records that Flink ignores (see `usable` in flink/sql.py).
    """
    fields = decode(value)
    kind = fields.get("kind")
    if kind not in CHAT_KINDS:
        raise BadRecord(f"unknown kind {_shortened(kind)}: expected one of {', '.join(CHAT_KINDS)}")
    at_ms = _timestamp(fields, "at_ms", appended_ms)
    channel_id = "" if kind == "clock" else _channel_id(fields)
    viewers = _optional(fields, "viewers", INT_MAX)
    if viewers is not None and not 0 <= viewers <= VIEWERS_MAX:
        raise BadRecord(f"viewers is {viewers}: expected 0 to {VIEWERS_MAX}")
    return ChatRecord(
        kind,
        channel_id,
        at_ms,
        _optional(fields, "sent_ms", BIGINT_MAX),
        fields["id"] if isinstance(fields.get("id"), str) else None,
        user_hash=_required(fields, "user_hash", BIGINT_MAX) if kind in TEXT_KINDS else None,
        text_hash=_optional(fields, "text_hash", BIGINT_MAX),
        words=_required(fields, "words", INT_MAX) if kind in TEXT_KINDS else None,
        viewers=viewers,
        observed_ms=_required(fields, "observed_ms", INT_MAX) if kind == "pulse" else None,
        live=_is_true(fields.get("live")),
        **{trait: _optional(fields, trait, INT_MAX) for trait in TRAITS},
    )


def read_window(
    value: bytes | None, columns: Mapping[Grain, frozenset[str]], lengths_ms: Mapping[Grain, int], appended_ms: int
) -> WindowRecord:
    """Parse a window that Kafka appended at `appended_ms`.

    `columns` and `lengths_ms` contain the columns and the length of each grain. Raises: BadRecord.
    """
    fields = decode(value)
    grain = fields.get("grain")
    if not isinstance(grain, str) or grain not in columns:
        raise BadRecord(f"unknown grain {_shortened(grain)}: expected one of {', '.join(columns)}")
    grain = cast("Grain", grain)
    start_ms, end_ms = (_timestamp(fields, name, appended_ms) for name in ("start_ms", "end_ms"))
    if end_ms - start_ms != lengths_ms[grain]:
        raise BadRecord(f"a {grain} window is {end_ms - start_ms} ms long: expected {lengths_ms[grain]}")
    values = {name: _required(fields, name, BIGINT_MAX) for name in columns[grain] if fields.get(name) is not None}
    again_ms = _required(fields, "again_ms", BIGINT_MAX) if fields.get("again_ms") is not None else 0
    if again_ms < 0:
        raise BadRecord(f"again_ms is {again_ms}: expected 0 or more")
    return WindowRecord(_channel_id(fields), grain, start_ms, end_ms, values, again_ms)


def read_event(value: bytes | None, appended_ms: int) -> EventRecord:
    """Parse a channel event that Kafka appended at `appended_ms`. Raises: BadRecord."""
    fields = decode(value)
    return EventRecord(
        id=_text(fields, "id"),
        kind=_text(fields, "kind"),
        channel_id=_channel_id(fields),
        at_ms=_timestamp(fields, "at_ms", appended_ms),
        until_ms=_timestamp(fields, "until_ms", appended_ms) if fields.get("until_ms") is not None else None,
        reason=_text(fields, "reason") if fields.get("reason") is not None else "",
        count=_required(fields, "count", BIGINT_MAX) if fields.get("count") is not None else None,
        text=_text(fields, "text") if fields.get("text") is not None else "",
        started_ms=_timestamp(fields, "started_ms", appended_ms) if fields.get("started_ms") is not None else None,
        reported_ms=_timestamp(fields, "reported_ms", appended_ms) if fields.get("reported_ms") is not None else None,
    )


def reported_at(event: EventRecord) -> int:
    """Return when an event was reported, in ms; if unknown, when it happened."""
    return event.at_ms if event.reported_ms is None else event.reported_ms


def _text(fields: Mapping[str, Any], name: str) -> str:
    """Return a field with readable text of up to TEXT_MAX code points. Raises: BadRecord."""
    text = fields.get(name)
    if not isinstance(text, str) or not 0 < len(text) <= TEXT_MAX or readable(text) != text:
        raise BadRecord(f"{name} is {_shortened(text)}: expected readable text of up to {TEXT_MAX} characters")
    return text


def _channel_id(fields: Mapping[str, Any]) -> str:
    channel_id = fields.get("channel_id")
    if type(channel_id) is int:
        channel_id = str(channel_id)
    if not isinstance(channel_id, str) or not re.fullmatch(r"[0-9]{1,20}", channel_id):
        raise BadRecord(f"channel_id is {_shortened(channel_id)}: expected up to 20 digits")
    return channel_id


def _required(fields: Mapping[str, Any], name: str, limit: int) -> int:
    number = _optional(fields, name, limit)
    if number is None:
        raise BadRecord(f"{name} is {_shortened(fields.get(name))}: expected a whole number up to {limit}")
    return number


def _timestamp(fields: Mapping[str, Any], name: str, appended_ms: int) -> int:
    """Return a time that is plausible for a record appended at `appended_ms`. Raises: BadRecord."""
    at_ms = _required(fields, name, BIGINT_MAX)
    if at_ms < EPOCH_MS:
        raise BadRecord(f"{name} {at_ms} predates Twitchly: expected ms since 1970")
    if at_ms > appended_ms + MAX_AHEAD_MS:
        raise BadRecord(
            f"{name} {at_ms} is more than {MAX_AHEAD_MS // 3_600_000} h after Kafka received the record ({appended_ms})"
        )
    return at_ms


def _optional(fields: Mapping[str, Any], name: str, limit: int) -> int | None:
    """Parse an integer as Flink's JSON format does: strings of digits are accepted, fractions truncated."""
    value = fields.get(name)
    if isinstance(value, bool) or value is None or (isinstance(value, str) and not _WHOLE.fullmatch(value)):
        return None
    try:
        number = int(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return number if -limit - 1 <= number <= limit else None


def _is_true(value: object) -> bool:
    """Parse a boolean as Flink's JSON format does: strings are accepted in any case."""
    return value is True or (isinstance(value, str) and value.strip(_JAVA_SPACE).lower() == "true")


# The characters that Java's String.trim removes.
_JAVA_SPACE = "".join(map(chr, range(33)))


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
