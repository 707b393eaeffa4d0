"""Polls of the simulated Helix while its answers are wrong, and what `channel-events` then says of broadcasts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from core.inputs.moments import read_moment
from core.irc.channel_events import END_WITHDRAWN
from core.pipeline.records import EventRecord, read_event, reported_at
from drills.stack import Stack, wait_until

TOPIC = "channel-events"
POLL_LIMIT_S = 90.0
# Channels that had been offline for ten minutes leave the list meanwhile.
LEAVE = 5


def polled(kind: str, course: str, **options: float) -> Callable[[Stack], dict[str, Any]]:
    """Return a fault of Helix that lasts during the polls marked `x` in `course`, and not during the others.

    Every poll must bring the list up to date without losing channels.
    """

    def begin(stack: Stack) -> dict[str, Any]:
        for mark in course:
            stack.end_faults()
            if mark == "x":
                stack.fault(kind, seconds=2 * POLL_LIMIT_S, **options)
            _poll(stack)
        stack.end_faults()
        return {}

    return begin


def _poll(stack: Stack) -> None:
    before, asked_ms = stack.wanted(), int(stack.snapshot()["fetched_ms"])
    stack.run_task("refresh_channel_list")
    wait_until(lambda: int(stack.snapshot()["fetched_ms"]) > asked_ms, POLL_LIMIT_S, "the channel list to be refreshed")
    lost = before - stack.wanted()
    assert len(lost) <= LEAVE, f"the channel list lost {len(lost)} of {len(before)} channels in one poll"


def wrong_broadcasts(stack: Stack) -> list[str]:
    """Return the problems of the broadcasts on `channel-events`, once Helix's answers are right again."""
    starts = {one["id"]: read_moment(one["started_at"]) for one in stack.snapshot()["streams"] if one["live"]}
    live = {channel: round(start.timestamp() * 1000) for channel, start in starts.items() if start is not None}
    return wrong_events(_events(stack), live)


def wrong_events(events: Iterable[EventRecord], live: Mapping[str, int]) -> list[str]:
    """Return each broadcast with more than one end, and each that has an end and is live.

    `live` are the starts of the live broadcasts, by channel id.
    """
    ends: dict[tuple[str, int], set[int]] = {}
    for event in sorted(events, key=reported_at):
        if event.kind in ("stream_end", END_WITHDRAWN) and event.started_ms is not None:
            standing = ends.setdefault((event.channel_id, event.started_ms), set())
            (standing.add if event.kind == "stream_end" else standing.discard)(event.at_ms)
    problems = []
    for (channel_id, started_ms), standing in ends.items():
        if len(standing) > 1:
            problems.append(f"channel {channel_id}: {len(standing)} ends of the broadcast of {started_ms}")
        if standing and live.get(channel_id) == started_ms:
            problems.append(f"channel {channel_id}: the broadcast of {started_ms} has an end and is live")
    return problems


def _events(stack: Stack) -> list[EventRecord]:
    """Return every record of the topic, as it was when this began."""
    consumer = Consumer({"bootstrap.servers": stack.kafka, "group.id": "drill", "enable.auto.commit": False})
    try:
        known = consumer.list_topics(TOPIC, timeout=10).topics[TOPIC]
        events: list[EventRecord] = []
        for place in (TopicPartition(TOPIC, number) for number in known.partitions):
            place.offset, end = consumer.get_watermark_offsets(place, timeout=10)
            consumer.assign([place])
            for _ in range(place.offset, end):
                message = consumer.poll(10)
                assert message is not None, f"no further record of {TOPIC} within 10 s"
                assert message.error() is None, message.error()
                events.append(read_event(message.value(), message.timestamp()[1]))
        return events
    finally:
        consumer.close()
