"""Where a stream job that has no state begins, so that no window is wrong and none is missing."""

from __future__ import annotations

from confluent_kafka import Consumer, TopicPartition

from apps.metrics.chat_range import ChatRange
from apps.metrics.record_readers import taken_ms, window_in
from core.errors import BadRecord
from core.times import HOUR_MS, MINUTE_MS
from twitchly import kafka

# What a job that died had computed and not yet handed to Kafka is far younger.
MARGIN_MS = 5 * MINUTE_MS


def valid_from_ms() -> int:
    """Return from when on a job without state computes windows; 0 is all that Kafka holds. Raises: ServiceAway.

    That is the beginning of the hour that was being counted when the last window was written: whatever began
    before has been written, or, where Kafka does not hold that hour any more, cannot be computed whole.
    """
    chat = ChatRange()
    try:
        kept_ms = chat.kept_from_ms()
    finally:
        chat.close()
    newest_ms = _newest_window_ms()
    return kept_ms if newest_ms is None else max(kept_ms, (newest_ms - MARGIN_MS) // HOUR_MS * HOUR_MS)


def _newest_window_ms() -> int | None:
    """Return the newest end of a window on Kafka, None when there is none."""
    reader = kafka.reader("flink-resume")
    try:
        places = [place for topic in ("windows-live", "windows") for place in kafka.partitions_of(reader, topic)]
        ends = [end_ms for place in places if (end_ms := _last_end_ms(reader, place)) is not None]
    finally:
        reader.close()
    return max(ends, default=None)


def _last_end_ms(reader: Consumer, place: TopicPartition) -> int | None:
    low, high = kafka.ends_of(reader, place)
    if low == high:
        return None
    message = kafka.record_at(reader, place, high - 1)
    try:
        return window_in(message.value(), taken_ms(message)).end_ms
    except BadRecord:
        return None
