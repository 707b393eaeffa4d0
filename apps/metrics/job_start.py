"""Start time for a stream job without state, chosen so that no window is wrong or missing."""

from __future__ import annotations

from confluent_kafka import Consumer, TopicPartition

from apps.metrics.chat_range import ChatRange
from apps.metrics.record_readers import appended_ms, window_in
from core.errors import BadRecord
from core.times import HOUR_MS, MINUTE_MS
from twitchly import kafka

# Windows that a crashed job had computed but not yet written to Kafka are much younger than this.
MARGIN_MS = 5 * MINUTE_MS


def valid_from_ms() -> int:
    """Return the start of the first window of a job without state; 0 means all of `chat`. Raises: ServiceUnavailable.

    It is the start of the hour that was open when the last window was written, because windows that began earlier have
    been written. If Kafka no longer has all of that hour, it is the time from which `chat` is complete.
    """
    chat = ChatRange()
    try:
        complete_ms = chat.complete_from_ms()
    finally:
        chat.close()
    newest_ms = _newest_window_ms()
    return complete_ms if newest_ms is None else max(complete_ms, (newest_ms - MARGIN_MS) // HOUR_MS * HOUR_MS)


def _newest_window_ms() -> int | None:
    """Return the newest window end in Kafka, or None if there is none."""
    reader = kafka.reader("flink-resume")
    try:
        partitions = [p for topic in ("windows-live", "windows") for p in kafka.partitions_of(reader, topic)]
        ends = [end_ms for partition in partitions if (end_ms := _last_end_ms(reader, partition)) is not None]
    finally:
        reader.close()
    return max(ends, default=None)


def _last_end_ms(reader: Consumer, partition: TopicPartition) -> int | None:
    low, high = kafka.ends_of(reader, partition)
    if low == high:
        return None
    message = kafka.record_at(reader, partition, high - 1)
    try:
        return window_in(message.value(), appended_ms(message)).end_ms
    except BadRecord:
        return None
