"""The history sink among records that it cannot use: a few are set aside, too many halt it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from django.conf import settings

from apps.metrics.sinks import Halt
from apps.metrics.store import WindowStore
from core.share_limit import Excess
from core.times import MINUTE_MS
from drills.stack import ROOT, Stack, wait_until
from tests.e2e.letters import HUGE, START_MS, event, listed, poison_of, window, write
from twitchly import kafka

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("topics")]


class Sink:
    """`run_sink history` on topics of our own, as a process."""

    def __init__(self, stack: Stack, prefix: str, log: Path) -> None:
        self._log = log
        env = {**stack.env, "KAFKA_TOPIC_PREFIX": prefix}
        with log.open("wb") as output:
            command = [sys.executable, "manage.py", "run_sink", "history"]
            self._process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def is_up(self) -> bool:
        return self._process.poll() is None

    def end(self) -> float:
        """Ask it to stop and return the seconds it took; one that has stopped already took none."""
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(30) == 0, self.log()
        return time.monotonic() - began


@pytest.fixture
def start_sink(stack: Stack, topics: str, tmp_path: Path) -> Iterator[Callable[[], Sink]]:
    sinks: list[Sink] = []

    def start() -> Sink:
        sinks.append(Sink(stack, topics, tmp_path / f"sink-{len(sinks)}.log"))
        return sinks[-1]

    yield start
    for sink in sinks:
        sink.end()


@pytest.fixture
def channel_id() -> str:
    return str(uuid.uuid4().int)[:18]


def carried() -> dict[str, int]:
    """Return how far the history sink has come on each topic's first partition, by its commits."""
    reader = kafka.consumer("history")
    names = ("windows-live", "windows", "channel-events")
    places = reader.committed([TopicPartition(kafka.topic_name(name), 0) for name in names], timeout=10)
    reader.close()
    return {name: max(0, place.offset) for name, place in zip(names, places, strict=True)}


@pytest.mark.usefixtures("cassandra")
def test_poison_is_counted_and_set_aside_and_its_neighbours_are_stored(
    start_sink: Callable[[], Sink], channel_id: str
) -> None:
    bad_windows = poison_of(
        partial(window, channel_id),
        {
            "grain": [None, 5, ["minute"], "year", "\ud800"],
            "channel_id": [None, "", -1, {"a": 1}, "\udfff", "9" * 21],
            "start_ms": [None, "soon", True, *HUGE],
            "end_ms": [None, START_MS, *HUGE],
            "messages": ["many", {}, *HUGE[2:3], *HUGE[4:], 10**30],
        },
    )
    bad_events = poison_of(
        partial(event, channel_id),
        {
            "id": [None, 5, "", "i" * 201],
            "kind": [None, ["raid"], "\ud800"],
            "at_ms": [None, {}, *HUGE],
            "until_ms": ["soon", *HUGE],
            "count": ["many", 10**30],
            "text": ["half of a pair: \ud83d", "\x1b[2J", "t" * 201, 5],
        },
    )
    for topic, good, poison in (("windows", window, bad_windows), ("channel-events", event, bad_events)):
        neighbours = [good(channel_id, n) for n in range(len(poison))]
        write(topic, [value for pair in zip(neighbours, poison, strict=True) for value in pair])
    start_sink()
    wait_until(
        lambda: (
            carried() == {"windows-live": 0, "windows": 2 * len(bad_windows), "channel-events": 2 * len(bad_events)}
        ),
        60,
        "all to be carried",
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
def test_too_much_poison_halts_the_sink_and_every_start_gives_it_a_fresh_allowance(
    start_sink: Callable[[], Sink], channel_id: str
) -> None:
    good = [window(channel_id, n) for n in range(100)]
    write("windows", [*good[:50], *[b"no"] * 250, *good[50:]])

    def stored() -> int:
        return len(WindowStore().read_windows("minute", channel_id, START_MS, START_MS + 600 * MINUTE_MS))

    for moved, unusable_of in ((100, "101 of the last 151"), (200, "101 of the last 101")):
        sink = start_sink()
        wait_until(lambda sink=sink: "halted" in sink.log(), 60, "the sink to halt")  # type: ignore[misc]
        assert f"halted: {unusable_of} records of windows were unusable, the last one because: not JSON" in sink.log()
        write("channel-events", [event(channel_id)])
        time.sleep(2)
        assert (stored(), len(listed("windows")[0])) == (50, moved)
        assert carried() == {"windows-live": 0, "windows": 50 + moved, "channel-events": 0}
        assert sink.is_up()
        assert sink.end() < 8
    start_sink()
    wait_until(lambda: stored() == 100, 60, "the windows behind the poison")
    wait_until(lambda: carried() == {"windows-live": 0, "windows": 350, "channel-events": 2}, 20, "the commit")
    assert len(listed("windows")[0]) == 250


def test_a_halted_sink_keeps_its_partitions_beyond_the_longest_time_between_two_polls() -> None:
    limits = {"max.poll.interval.ms": 6_000, "session.timeout.ms": 6_000}
    reader = kafka.consumer("history", **limits)
    reader.subscribe([kafka.topic_name("windows")])
    wait_until(lambda: not reader.consume(1, timeout=0.1) and bool(reader.assignment()), 20, "the partitions")
    write("windows", [window("7")])
    halt, until_s = Halt(reader, Excess("windows", 101, 151, "not JSON")), time.monotonic() + 8
    while time.monotonic() < until_s:
        halt.step()
    assert [place.partition for place in reader.assignment()] == [0, 1]
    assert members("history") == 1
    reader.close()


def members(group: str) -> int:
    """Return how many members a consumer group has."""
    admin = AdminClient({"bootstrap.servers": settings.KAFKA_BOOTSTRAP})
    name = kafka.topic_name(group)
    return len(admin.describe_consumer_groups([name])[name].result(10).members)
