"""Types of the records that are written to topics, one per kind.

core/pipeline/schemas.py generates JSON Schemas from them.

They are TypedDicts, because the producer writes 20,000 records a second and orjson encodes dicts directly. The parsed
forms are dataclasses: see core/pipeline/records.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, NotRequired, TypedDict

from core.pipeline.records import BIGINT_MAX, EPOCH_MS, INT_MAX, TEXT_MAX, VIEWERS_MAX


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a field beyond its type: minimum, maximum, maximum length, pattern."""

    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None
    pattern: str | None = None


ChannelId = Annotated[str, Limits(pattern="^[0-9]{1,20}$")]
Timestamp = Annotated[int, Limits(EPOCH_MS, BIGINT_MAX)]
Count = Annotated[int, Limits(0, BIGINT_MAX)]
SmallCount = Annotated[int, Limits(0, INT_MAX)]
Hash = Annotated[int, Limits(-BIGINT_MAX - 1, BIGINT_MAX)]
Text = Annotated[str, Limits(max_length=TEXT_MAX)]


class _ChannelRecord(TypedDict):
    v: Literal[1]
    channel_id: ChannelId
    at_ms: Timestamp


class _StreamRecord(_ChannelRecord):
    viewers: NotRequired[Annotated[int, Limits(0, VIEWERS_MAX)]]
    category: NotRequired[str]
    language: NotRequired[str]


class TextRecord(_StreamRecord):
    """A message, a shared copy or a message from a known bot. `words` and the hashes ignore invisible characters."""

    kind: Literal["message", "copy", "bot"]
    id: str
    sent_ms: Timestamp
    text: str
    words: SmallCount
    user_hash: Hash
    text_hash: Hash
    is_first: NotRequired[Literal[1]]
    is_returning: NotRequired[Literal[1]]
    is_subscriber: NotRequired[Literal[1]]
    is_emotes: NotRequired[Literal[1]]


class PulseRecord(_StreamRecord):
    """A second of a listed channel: how much of it was heard, and whether the channel was live."""

    kind: Literal["pulse"]
    observed_ms: Annotated[int, Limits(0, 1_000)]
    live: bool


class RemovalRecord(_ChannelRecord):
    """A ban, a timeout or a deleted message."""

    kind: Literal["removal"]
    sent_ms: Timestamp


class WatermarkRecord(TypedDict):
    """A partition's promise that nothing earlier than `at_ms` - 500 ms follows. `lag_ms`: delay of incoming lines."""

    v: Literal[1]
    kind: Literal["clock"]
    at_ms: Timestamp
    producer: str
    lag_ms: Count


class ChannelEventRecord(_ChannelRecord):
    """Something that happened in a channel; the kinds are in core/irc/channel_events.py.

    A gap has `until_ms`, and so has the start of a broadcast that was on air when its channel left the list.
    """

    id: Text
    kind: Text
    until_ms: NotRequired[Timestamp]
    count: NotRequired[Count]
    text: NotRequired[Text]
    reason: NotRequired[Text]
    started_ms: NotRequired[Timestamp]
    reported_ms: NotRequired[Timestamp]


class WindowFields(TypedDict):
    """A channel's window. Its columns are listed in core/metrics/columns.py; columns with unknown values are absent.

    `again_ms`: how long after the window's end the job that wrote the window was submitted; absent if the job was
    already running.
    """

    v: Literal[1]
    channel_id: ChannelId
    grain: str
    start_ms: Timestamp
    end_ms: Timestamp
    again_ms: NotRequired[Count]
