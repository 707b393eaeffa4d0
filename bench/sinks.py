"""`python -m bench.sinks`: windows per second from Kafka to Cassandra, and updates of all boards of 5,000 channels.

For history, the complete sink reads a backlog from Kafka. For the boards, only the writes are measured.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

import orjson
import psutil
import redis
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from apps.metrics.boards import BoardWriter
from bench.command import exit_code, instance, options
from bench.machine import peak_mb, save, table
from core.metrics.columns import WINDOW_MS, names_of
from core.metrics.formulas import RankingThresholds
from core.pipeline.records import Grain, WindowRecord
from core.pipeline.topics import TOPIC
from core.times import MINUTE_MS, SECOND_MS
from drills.sink import Sink, holders
from drills.stack import Stack, now_ms, wait_until

# Separate topics and a separate database, because a running instance uses the normal ones.
PREFIX, DATABASE = "bench-sinks.", 9
CHANNELS, SMOKE_CHANNELS = 5_000, 20
TICKS, SMOKE_TICKS = 60, 6
# Windows of distinct counts end every 5 s.
DISTINCT_EVERY = 5
MINUTES = 12
IDENTITY = ("grain", "channel_id", "start_ms", "end_ms")
STARTED_S = 60.0
STORED_S = 300.0
TARGET_PER_S = 3_000
TARGET_TICK_MS = 200


def main() -> int:
    """Print the figures; raise an error if a window is not stored."""
    args = options(__doc__).parse_args()
    channels, ticks = (SMOKE_CHANNELS, SMOKE_TICKS) if args.smoke else (CHANNELS, TICKS)
    with instance(args.on, start) as stack:
        figures = {"boards": boards(stack, channels, ticks), "history": history(stack, channels)}
    for name, values in figures.items():
        print(table([[name, "figure"], *map(list, values.items())]))
    if args.smoke:
        return 0
    save("sinks", {"channels": channels, **figures})
    rate, tick_ms = figures["history"]["rows/s"], figures["boards"]["update of all boards, median ms"]
    slow = [f"{rate:,} rows per second: expected {TARGET_PER_S:,}"] if rate < TARGET_PER_S else []
    slow += [f"{tick_ms} ms per update: expected {TARGET_TICK_MS} or less"] if tick_ms > TARGET_TICK_MS else []
    return exit_code([], slow)


def start(stack: Stack) -> None:
    """Start the servers and create Cassandra's tables."""
    stack.servers()
    stack.manage("create_tables")


def windows(grain: Grain, count: int, end_ms: int, rng: random.Random) -> list[WindowRecord]:
    """Return a window for each of `count` channels, with all columns of the grain."""
    names, start_ms = names_of(grain), end_ms - WINDOW_MS[grain]
    return [
        WindowRecord(str(10_000 + number), grain, start_ms, end_ms, {name: rng.randrange(1, 90_000) for name in names})
        for number in range(count)
    ]


def boards(stack: Stack, channels: int, ticks: int) -> dict[str, Any]:
    """Update all boards with the windows of all channels, once per tick."""
    client = redis.Redis(port=stack.port + 5, db=DATABASE)
    writer, rng, durations_ms, cpu_s, rows = BoardWriter(client, RankingThresholds()), random.Random(1), [], 0.0, 0
    start_ms = now_ms() // SECOND_MS * SECOND_MS
    for tick in range(ticks):
        grains: tuple[Grain, ...] = ("live", "live_distinct") if tick % DISTINCT_EVERY == 0 else ("live",)
        end_ms = start_ms + tick * SECOND_MS
        ends = [(grain, windows(grain, channels, end_ms, rng)) for grain in grains]
        before_s, began_s = time.process_time(), time.perf_counter()
        for grain, records in ends:
            writer.apply(grain, records)
        writer.write_history()
        durations_ms.append((time.perf_counter() - began_s) * 1000)
        cpu_s, rows = cpu_s + time.process_time() - before_s, rows + sum(len(records) for _, records in ends)
    return {
        "rows": rows,
        "rows/s": round(rows / sum(durations_ms) * 1000),
        "CPU-s/million": round(cpu_s / rows * 1e6, 1),
        "update of sums, median ms": round(statistics.median(durations_ms), 1),
        "update of all boards, median ms": round(statistics.median(durations_ms[::DISTINCT_EVERY]), 1),
        "slowest update, ms": round(max(durations_ms), 1),
        "peak MB": round(peak_mb(os.getpid())),
        "Valkey MB": round(stack.memory("valkey") / 2**20),
    }


def history(stack: Stack, channels: int) -> dict[str, Any]:
    """Let the history sink store a backlog of several minutes of windows."""
    rng, newest_ms = random.Random(2), now_ms() // MINUTE_MS * MINUTE_MS
    records = [
        (window.channel_id, orjson.dumps({**{name: getattr(window, name) for name in IDENTITY}, **window.columns}))
        for number in range(MINUTES)
        for window in windows("minute", channels, newest_ms - number * MINUTE_MS, rng)
    ]
    stack.manage("create_topics", env={"KAFKA_TOPIC_PREFIX": PREFIX})
    sink = Sink({**stack.env, "KAFKA_TOPIC_PREFIX": PREFIX}, stack.var / "log" / "bench-sink.log")
    try:
        wait_until(lambda: is_ready(stack), STARTED_S, "the sink to get its partitions")
        process = psutil.Process(sink.pid)
        earlier = stored(stack)
        before_s, began_s = sum(process.cpu_times()[:2]), time.perf_counter()
        produce(stack, records)
        wait_until(lambda: stored(stack) - earlier >= len(records), STORED_S, "all windows to be stored", 0.05)
        spent_s, cpu_s = time.perf_counter() - began_s, sum(process.cpu_times()[:2]) - before_s
        peak = peak_mb(process.pid)
    finally:
        sink.stop()
    return {
        "rows": len(records),
        "rows/s": round(len(records) / spent_s),
        "CPU-s/million": round(cpu_s / len(records) * 1e6, 1),
        "peak MB": round(peak),
        "Cassandra MB": round(stack.memory("cassandra") / 2**20),
    }


def is_ready(stack: Stack) -> bool:
    """Return whether the sink has its partitions, or False while Kafka is still creating its offsets topic."""
    try:
        return bool(holders(stack.kafka, f"{PREFIX}history"))
    except KafkaException:
        return False


def produce(stack: Stack, records: Sequence[tuple[str, bytes]]) -> None:
    """Write windows as the stream job does."""
    producer = Producer({"bootstrap.servers": stack.kafka, "compression.type": "lz4", "linger.ms": 20})
    for key, value in records:
        producer.produce(f"{PREFIX}windows", value, key)
    if producer.flush(60):
        raise AssertionError("Kafka did not accept the windows")


def stored(stack: Stack) -> int:
    """Return how many windows the sink has committed."""
    admin = AdminClient({"bootstrap.servers": stack.kafka, "log_level": 2})
    group, partitions = f"{PREFIX}history", range(TOPIC["windows"].partitions)
    request = ConsumerGroupTopicPartitions(group, [TopicPartition(f"{PREFIX}windows", number) for number in partitions])
    offsets = admin.list_consumer_group_offsets([request])[group].result(10).topic_partitions or []
    return sum(max(0, partition.offset) for partition in offsets)


if __name__ == "__main__":
    sys.exit(main())
