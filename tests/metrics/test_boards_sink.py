"""The boards sink computes 5-minute ratios from the live windows on Kafka, even after a restart."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

import orjson
import pytest
from confluent_kafka import Consumer, TopicPartition
from pytest_django import Settings

from apps.metrics.boards import BoardWriter
from apps.metrics.boards_sink import BOARD_TOPICS, BoardsSink
from apps.metrics.sink_telemetry import SinkCounts
from core.contracts import redis_keys
from core.metrics.columns import SLIDE_MS, WINDOW_MS, names_of
from core.metrics.five_minutes import five_minutes
from core.metrics.formulas import RankingThresholds
from core.metrics.recent_windows import INTERVAL_MS
from core.metrics.table import METRICS
from core.metrics.windows import FIVE_MINUTES_MS, Columns
from core.pipeline.records import VERSION, Grain
from core.times import MINUTE_MS
from tests.dashboard.conftest import use_redis
from tests.valkey import Valkey
from twitchly.kafka import topic_name, topic_of

CHANNELS = ("1", "2")
TOPIC: dict[Grain, str] = {"live": "windows-live", "live_distinct": "windows-distinct"}
# Channel id, grain and window end.
Windows = dict[tuple[str, Grain, int], Columns]


class Record:
    """A record of a topic, with the methods of a confluent_kafka.Message."""

    def __init__(self, topic: str, value: bytes, appended_ms: int) -> None:
        self.appended_ms = appended_ms
        self._topic, self._value = topic_name(topic), value

    def topic(self) -> str:
        return self._topic

    def value(self) -> bytes:
        return self._value

    def timestamp(self) -> tuple[int, int]:
        return 1, self.appended_ms

    def error(self) -> None:
        return None


class LogConsumer:
    """A consumer of topics with one partition each, whose records are in memory."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._logs = {topic: [r for r in records if topic_of(cast(Any, r)) == topic] for topic in BOARD_TOPICS}
        self._next: dict[str, int] = {}
        self._on_assign: Callable[[Any, list[TopicPartition]], None] | None = None

    def subscribe(self, topics: list[str], on_assign: Callable[[Any, list[TopicPartition]], None]) -> None:
        self._on_assign = on_assign

    def offsets_for_times(self, times: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        """Return the first offsets appended at or after the times, which are passed as the partitions' offsets."""
        return [TopicPartition(t.topic, 0, sum(r.appended_ms < t.offset for r in self._log(t.topic))) for t in times]

    def assign(self, partitions: list[TopicPartition]) -> None:
        self._next = {partition.topic: partition.offset for partition in partitions}

    def assignment(self) -> list[TopicPartition]:
        return []

    def position(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        return partitions

    def consume(self, count: int, timeout: float) -> list[Record]:
        """Return the next records of one topic, like a client that drains each partition before the next."""
        if self._on_assign is not None:
            self._on_assign(self, [TopicPartition(topic_name(topic), 0) for topic in BOARD_TOPICS])
            self._on_assign = None
        for topic, offset in self._next.items():
            if records := self._log(topic)[offset : offset + min(count, 700)]:
                self._next[topic] += len(records)
                return records
        return []

    def _log(self, topic: str) -> list[Record]:
        return self._logs[next(name for name in BOARD_TOPICS if topic_name(name) == topic)]


@pytest.fixture
def redis_server(valkey_server: Valkey, settings: Settings) -> Valkey:
    if valkey_server.process is None or valkey_server.process.poll() is not None:
        valkey_server.start()
    valkey_server.client().flushall()
    use_redis(settings, valkey_server.url)
    return valkey_server


def windows_until(end_ms: int, rng: random.Random) -> Windows:
    """Return the windows of all channels in the seven minutes up to `end_ms`, with some missing."""
    windows: Windows = {}
    for channel_id in CHANNELS:
        for grain in TOPIC:
            gap = rng.randrange(0, 4 * MINUTE_MS, 1_000)
            for before_ms in range(0, 7 * MINUTE_MS, SLIDE_MS[grain]):
                if before_ms == 0 or not gap < before_ms < gap + MINUTE_MS:
                    columns = {name: rng.randrange(1, 400) for name in names_of(grain)}
                    windows[channel_id, grain, end_ms - before_ms] = columns
    return windows


def records_of(windows: Windows) -> list[Record]:
    """Return the records of windows, ordered by their ends."""
    return [
        Record(TOPIC[grain], encode(channel_id, grain, end_ms, columns), end_ms + 1_500)
        for (channel_id, grain, end_ms), columns in sorted(windows.items(), key=lambda item: item[0][2])
    ]


def encode(channel_id: str, grain: Grain, end_ms: int, columns: Columns) -> bytes:
    head = {"v": VERSION, "grain": grain, "channel_id": channel_id}
    return orjson.dumps({**head, "start_ms": end_ms - WINDOW_MS[grain], "end_ms": end_ms, **columns})


def run_sink(server: Valkey, records: Sequence[Record]) -> None:
    """Start a sink, let it read all records, and stop it."""
    writer = BoardWriter(server.client(), RankingThresholds())
    sink = BoardsSink(cast(Consumer, LogConsumer(records)), writer, SinkCounts())
    while sink.step(lambda: False):
        pass
    sink.close()


def stored(server: Valkey, key: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the stored values by channel and grain; `key` is "" or the suffix of 5-minute keys."""
    client: Any = server.client()
    return {
        (channel_id.decode(), grain): orjson.loads(values)
        for grain in TOPIC
        for channel_id, values in client.hgetall(redis_keys.window_values(f"{grain}{key}")).items()
    }


def expected(windows: Windows, end_ms: int) -> dict[tuple[str, str], tuple[int, dict[str, float]]]:
    """Return the end and the 5-minute ratios for each channel and grain."""
    result: dict[tuple[str, str], tuple[int, dict[str, float]]] = {}
    for channel_id in CHANNELS:
        for grain in TOPIC:
            ends = {e: columns for (i, g, e), columns in windows.items() if (i, g) == (channel_id, grain)}
            sums = five_minutes(end_ms, ends)
            values = {
                metric.key: metric.value_over("5m")(sums, FIVE_MINUTES_MS)
                for metric in METRICS
                if metric.is_ratio and metric.distinct == (grain == "live_distinct")
            }
            result[channel_id, grain] = end_ms, {key: value for key, value in values.items() if value is not None}
    return result


def newest_end_ms() -> int:
    """Return the newest window end that is a multiple of 10 s and whose windows Kafka already has."""
    return int(time.time() * 1000 - 2_000) // INTERVAL_MS * INTERVAL_MS


@pytest.mark.parametrize("seed", range(3))
def test_five_minute_ratios_are_computed_from_the_summed_windows(redis_server: Valkey, seed: int) -> None:
    end_ms = newest_end_ms()
    windows = windows_until(end_ms, random.Random(seed))
    run_sink(redis_server, records_of(windows))
    found = {key: (values["end_ms"], values["values"]) for key, values in stored(redis_server, ":5m").items()}
    assert found == expected(windows, end_ms)
    assert {key: values["end_ms"] for key, values in stored(redis_server, "").items()} == dict.fromkeys(found, end_ms)


def test_a_sink_that_was_restarted_has_the_same_values(redis_server: Valkey) -> None:
    end_ms = newest_end_ms()
    windows = windows_until(end_ms, random.Random(7))
    records = records_of(windows)
    run_sink(redis_server, [record for record in records if record.appended_ms < end_ms - 25_000])
    run_sink(redis_server, records)
    restarted = stored(redis_server, ":5m")
    redis_server.client().flushall()
    run_sink(redis_server, records)
    assert restarted == stored(redis_server, ":5m")
    assert {key: (values["end_ms"], values["values"]) for key, values in restarted.items()} == expected(windows, end_ms)


def test_windows_from_before_the_last_minute_are_not_put_on_the_boards(redis_server: Valkey) -> None:
    end_ms = newest_end_ms() - 2 * MINUTE_MS
    run_sink(redis_server, records_of(windows_until(end_ms, random.Random(1))))
    assert (stored(redis_server, ""), stored(redis_server, ":5m")) == ({}, {})
