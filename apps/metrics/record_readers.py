"""Parsers for the records of each topic."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from confluent_kafka import Message, TopicPartition
from django.conf import settings

from core.metrics.columns import GRAINS, WINDOW_MS, names_of
from core.pipeline.records import ChatRecord, EventRecord, Grain, WindowRecord, read_chat, read_event, read_window

Record = ChatRecord | WindowRecord | EventRecord

LENGTHS_MS: Mapping[Grain, int] = {grain: WINDOW_MS[grain] for grain in GRAINS}
COLUMN_NAMES: Mapping[Grain, frozenset[str]] = {grain: frozenset(names_of(grain)) for grain in GRAINS}


def window_in(value: bytes | None, at_ms: int) -> WindowRecord:
    """Return the window in `value`, appended at `at_ms` by the instance's clock. Raises: BadRecord."""
    return read_window(value, COLUMN_NAMES, LENGTHS_MS, at_ms)


READERS: Mapping[str, Callable[[bytes | None, int], Record]] = {
    "chat": read_chat,
    "windows-live": window_in,
    "windows-distinct": window_in,
    "windows": window_in,
    "channel-events": read_event,
}


def position_of(message: Message) -> TopicPartition:
    """Return the topic, partition and offset of a message."""
    return TopicPartition(str(message.topic()), message.partition() or 0, message.offset() or 0)


def appended_ms(message: Message) -> int:
    """Return the record's append time by the instance's clock."""
    return int(message.timestamp()[1]) + int(settings.CLOCK_OFFSET_MS)
