"""Handling of unusable records by the history sink: a few become dead letters, but too many halt the sink."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from django.conf import settings

from apps.metrics.history_sink import Halt
from apps.metrics.store import WindowStore
from core.pipeline.bad_record_rate import RateExceeded
from core.times import MINUTE_MS
from drills.poison import BAD_EVENTS, BAD_WINDOWS, START_MS, event, poison_of, window
from drills.sink import Sink, holders
from drills.stack import Stack, wait_until
from tests.e2e.dead_letters import listed, write
from twitchly import kafka

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("topics")]


@pytest.fixture
def start_sink(stack: Stack, topics: str, tmp_path: Path) -> Iterator[Callable[[], Sink]]:
    sinks: list[Sink] = []

    def start() -> Sink:
        env = {**stack.env, "KAFKA_TOPIC_PREFIX": topics}
        sinks.append(Sink(env, tmp_path / f"sink-{len(sinks)}.log"))
        return sinks[-1]

    yield start
    for sink in sinks:
        sink.stop()


@pytest.fixture
def channel_id() -> str:
    return str(uuid.uuid4().int)[:18]


def committed_offsets() -> dict[str, int]:
    """Return the history sink's committed offset in each topic's first partition."""
    reader = kafka.consumer("history")
    names = ("windows-live", "windows", "channel-events")
    partitions = reader.committed([TopicPartition(kafka.topic_name(name), 0) for name in names], timeout=10)
    reader.close()
    return {name: max(0, partition.offset) for name, partition in zip(names, partitions, strict=True)}


@pytest.mark.usefixtures("cassandra")
def test_poison_becomes_counted_dead_letters_and_other_records_are_stored(
    start_sink: Callable[[], Sink], channel_id: str
) -> None:
    bad_windows = poison_of(partial(window, channel_id), BAD_WINDOWS)
    bad_events = poison_of(partial(event, channel_id), BAD_EVENTS)
    for topic, good, poison in (("windows", window, bad_windows), ("channel-events", event, bad_events)):
        neighbors = [good(channel_id, n) for n in range(len(poison))]
        write(topic, [value for pair in zip(neighbors, poison, strict=True) for value in pair])
    start_sink()
    wait_until(
        lambda: (
            committed_offsets()
            == {"windows-live": 0, "windows": 2 * len(bad_windows), "channel-events": 2 * len(bad_events)}
        ),
        60,
        "all records to be committed",
    )
    store = WindowStore()
    windows = store.read_windows("minute", channel_id, START_MS, START_MS + 600 * MINUTE_MS)
    assert [stored.columns["messages"] for stored in windows] == list(range(len(bad_windows)))
    events = store.read_events(channel_id, START_MS, START_MS + MINUTE_MS)
    assert [stored.count for stored in events] == list(range(len(bad_events)))
    for topic, poison in (("windows", bad_windows), ("channel-events", bad_events)):
        rows, counts = listed(topic)
        assert [row["source_offset"] for row in rows] == list(range(1, 2 * len(poison), 2))
        assert [row["bytes"] for row in rows] == [len(value or b"") for value in poison]
        assert sum(counts.values()) == len(poison)
        assert counts["empty record: expected a JSON object"] == 1


@pytest.mark.usefixtures("cassandra")
def test_too_much_poison_halts_the_sink_and_every_start_resets_the_count(
    start_sink: Callable[[], Sink], channel_id: str
) -> None:
    good = [window(channel_id, n) for n in range(100)]
    write("windows", [*good[:50], *[b"no"] * 250, *good[50:]])

    def stored() -> int:
        return len(WindowStore().read_windows("minute", channel_id, START_MS, START_MS + 600 * MINUTE_MS))

    for moved, unusable_of in ((100, "101 of the last 151"), (200, "101 of the last 101")):
        sink = start_sink()
        wait_until(lambda sink=sink: "halted" in sink.log(), 60, "the sink to halt")  # type: ignore[misc]
        assert f"halted: {unusable_of} records of windows were unusable; last fault: not JSON" in sink.log()
        write("channel-events", [event(channel_id)])
        time.sleep(2)
        assert (stored(), len(listed("windows")[0])) == (50, moved)
        assert committed_offsets() == {"windows-live": 0, "windows": 50 + moved, "channel-events": 0}
        assert sink.is_up()
        sink.stop()
    start_sink()
    wait_until(lambda: stored() == 100, 60, "the windows behind the poison")
    wait_until(
        lambda: committed_offsets() == {"windows-live": 0, "windows": 350, "channel-events": 2}, 20, "the commit"
    )
    assert len(listed("windows")[0]) == 250


def test_a_halted_sink_keeps_its_partitions_beyond_the_poll_interval() -> None:
    limits = {"max.poll.interval.ms": 6_000, "session.timeout.ms": 6_000}
    reader = kafka.consumer("history", **limits)
    reader.subscribe([kafka.topic_name("windows")])
    wait_until(lambda: not reader.consume(1, timeout=0.1) and bool(reader.assignment()), 20, "the partitions")
    write("windows", [window("7")])
    halt, until_s = Halt(reader, RateExceeded("windows", 101, 151, "not JSON")), time.monotonic() + 8
    while time.monotonic() < until_s:
        halt.step()
    assert [partition.partition for partition in reader.assignment()] == [0, 1]
    assert len(holders(settings.KAFKA_BOOTSTRAP, kafka.topic_name("history"))) == 1
    reader.close()
