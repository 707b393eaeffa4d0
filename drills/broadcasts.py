"""Polls of the simulated Helix while its responses are wrong, and the resulting broadcasts on `channel-events`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from core.inputs.timestamps import parse_timestamp
from core.irc.channel_events import END_WITHDRAWN
from core.pipeline.records import EventRecord, read_event, reported_at
from drills.stack import Stack, wait_until

TOPIC = "channel-events"
POLL_LIMIT_S = 90.0
# The number of channels that may leave the list in one poll, because they went offline ten minutes earlier.
MAX_LEAVING = 5


def polled(kind: str, pattern: str, **options: float) -> Callable[[Stack], dict[str, Any]]:
    """Return a Helix fault that is active only during the polls marked `x` in `pattern`.

    Every poll must refresh the list without losing channels.
    """

    def begin(stack: Stack) -> dict[str, Any]:
        for mark in pattern:
            stack.end_faults()
            if mark == "x":
                stack.fault(kind, seconds=2 * POLL_LIMIT_S, **options)
            _poll(stack)
        stack.end_faults()
        return {}

    return begin


def _poll(stack: Stack) -> None:
    before, previous_ms = stack.listed_channels(), int(stack.channel_list()["fetched_ms"])
    stack.run_task("refresh_channel_list")
    wait_until(
        lambda: int(stack.channel_list()["fetched_ms"]) > previous_ms, POLL_LIMIT_S, "the channel list to be refreshed"
    )
    lost = before - stack.listed_channels()
    assert len(lost) <= MAX_LEAVING, f"the channel list lost {len(lost)} of {len(before)} channels in one poll"


def broadcast_errors(stack: Stack) -> list[str]:
    """Return the errors in the broadcasts on `channel-events`. Helix's responses must be correct again."""
    streams = [stream for stream in stack.channel_list()["streams"] if stream["live"]]
    starts = {stream["id"]: parse_timestamp(stream["started_at"]) for stream in streams}
    live = {channel: round(start.timestamp() * 1000) for channel, start in starts.items() if start is not None}
    return event_errors(_events(stack), live)


def event_errors(events: Iterable[EventRecord], live: Mapping[str, int]) -> list[str]:
    """Return an error for each broadcast with more than one end, and for each live one that has an end.

    `live` maps channel ids to the starts of live broadcasts.
    """
    ends: dict[tuple[str, int], set[int]] = {}
    for event in sorted(events, key=reported_at):
        if event.kind in ("stream_end", END_WITHDRAWN) and event.started_ms is not None:
            valid_ends = ends.setdefault((event.channel_id, event.started_ms), set())
            (valid_ends.add if event.kind == "stream_end" else valid_ends.discard)(event.at_ms)
    errors = []
    for (channel_id, started_ms), valid_ends in ends.items():
        if len(valid_ends) > 1:
            errors.append(
                f"channel {channel_id}: the broadcast that started at {started_ms} has {len(valid_ends)} ends"
            )
        if valid_ends and live.get(channel_id) == started_ms:
            errors.append(f"channel {channel_id}: the live broadcast that started at {started_ms} has an end")
    return errors


def _events(stack: Stack) -> list[EventRecord]:
    """Return every record that the topic contains at the time of the call."""
    consumer = Consumer({"bootstrap.servers": stack.kafka, "group.id": "drill", "enable.auto.commit": False})
    try:
        topic = consumer.list_topics(TOPIC, timeout=10).topics[TOPIC]
        events: list[EventRecord] = []
        for partition in (TopicPartition(TOPIC, number) for number in topic.partitions):
            partition.offset, end = consumer.get_watermark_offsets(partition, timeout=10)
            consumer.assign([partition])
            for _ in range(partition.offset, end):
                message = consumer.poll(10)
                assert message is not None, f"no further record on {TOPIC} within 10 s"
                assert message.error() is None, message.error()
                events.append(read_event(message.value(), message.timestamp()[1]))
        return events
    finally:
        consumer.close()
