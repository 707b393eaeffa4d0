"""`python -m bench.sinks`: windows a second from Kafka into Cassandra, and all boards of 5,000 channels.

History is the whole sink, reading what waits in Kafka; of the boards it is the writing of one second after the other.
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
from bench.machine import keep, peak_mb, table
from core.metrics.columns import WINDOW_MS, names_of
from core.metrics.formulas import RankingThresholds
from core.pipeline.records import Grain, WindowRecord
from core.pipeline.topics import TOPIC
from core.times import MINUTE_MS, SECOND_MS
from drills.sink import Sink, holders
from drills.stack import Stack, now_ms, wait_until

# Topics and a database of its own, for an instance that runs uses the others.
PREFIX, DATABASE = "bench-sinks.", 9
CHANNELS, SMOKE_CHANNELS = 5_000, 20
TICKS, SMOKE_TICKS = 60, 6
# Distinct windows end every 5 s.
DISTINCT_EVERY = 5
MINUTES = 12
PLACE = ("grain", "channel_id", "start_ms", "end_ms")
STARTED_S = 60.0
CARRIED_S = 300.0
AIM_PER_S = 3_000
AIM_TICK_MS = 200


def main() -> int:
    """Print the figures; return 1 when a window was not written."""
    given = options(__doc__).parse_args()
    channels, ticks = (SMOKE_CHANNELS, SMOKE_TICKS) if given.smoke else (CHANNELS, TICKS)
    with instance(given.on, start) as stack:
        figures = {"boards": boards(stack, channels, ticks), "history": history(stack, channels)}
    for name, found in figures.items():
        print(table([[name, "figure"], *map(list, found.items())]))
    if given.smoke:
        return 0
    keep("sinks", {"channels": channels, **figures})
    rate, tick_ms = figures["history"]["rows/s"], figures["boards"]["tick of all boards, median ms"]
    slow = [f"{rate:,} rows a second: expected {AIM_PER_S:,}"] if rate < AIM_PER_S else []
    slow += [f"{tick_ms} ms a tick: expected {AIM_TICK_MS}"] if tick_ms > AIM_TICK_MS else []
    return exit_code([], slow)


def start(stack: Stack) -> None:
    """Start the servers with Cassandra's tables."""
    stack.servers()
    stack.manage("sync_cassandra")


def windows(grain: Grain, count: int, end_ms: int, dice: random.Random) -> list[WindowRecord]:
    """Return a window of each of so many channels, with all columns of the grain."""
    names, start_ms = names_of(grain), end_ms - WINDOW_MS[grain]
    return [
        WindowRecord(str(10_000 + number), grain, start_ms, end_ms, {name: dice.randrange(1, 90_000) for name in names})
        for number in range(count)
    ]


def boards(stack: Stack, channels: int, ticks: int) -> dict[str, Any]:
    """Put a second of all channels on all boards, again and again."""
    client = redis.Redis(port=stack.port + 5, db=DATABASE)
    writer, dice, took_ms, cpu_s, rows = BoardWriter(client, RankingThresholds()), random.Random(1), [], 0.0, 0
    start_ms = now_ms() // SECOND_MS * SECOND_MS
    for tick in range(ticks):
        grains: tuple[Grain, ...] = ("live", "live_distinct") if tick % DISTINCT_EVERY == 0 else ("live",)
        end_ms = start_ms + tick * SECOND_MS
        ends = [(grain, windows(grain, channels, end_ms, dice)) for grain in grains]
        before_s, began_s = time.process_time(), time.perf_counter()
        for grain, some in ends:
            writer.apply(grain, some)
        writer.write_history()
        took_ms.append((time.perf_counter() - began_s) * 1000)
        cpu_s, rows = cpu_s + time.process_time() - before_s, rows + sum(len(some) for _, some in ends)
    return {
        "rows": rows,
        "rows/s": round(rows / sum(took_ms) * 1000),
        "CPU-s/million": round(cpu_s / rows * 1e6, 1),
        "tick of sums, median ms": round(statistics.median(took_ms), 1),
        "tick of all boards, median ms": round(statistics.median(took_ms[::DISTINCT_EVERY]), 1),
        "worst tick, ms": round(max(took_ms), 1),
        "peak MB": round(peak_mb(os.getpid())),
        "Valkey MB": round(stack.memory("valkey") / 2**20),
    }


def history(stack: Stack, channels: int) -> dict[str, Any]:
    """Let the history sink carry the windows of some minutes that arrive all at once."""
    dice, newest_ms = random.Random(2), now_ms() // MINUTE_MS * MINUTE_MS
    records = [
        (window.channel_id, orjson.dumps({**{name: getattr(window, name) for name in PLACE}, **window.columns}))
        for number in range(MINUTES)
        for window in windows("minute", channels, newest_ms - number * MINUTE_MS, dice)
    ]
    stack.manage("create_topics", env={"KAFKA_TOPIC_PREFIX": PREFIX})
    sink = Sink({**stack.env, "KAFKA_TOPIC_PREFIX": PREFIX}, stack.var / "log" / "bench-sink.log")
    try:
        wait_until(lambda: is_ready(stack), STARTED_S, "the sink to have its partitions")
        process = psutil.Process(sink.pid)
        before_s, began_s = sum(process.cpu_times()[:2]), time.perf_counter()
        produced(stack, records)
        wait_until(lambda: carried(stack) >= len(records), CARRIED_S, "all windows to be written", 0.05)
        spent_s, cpu_s = time.perf_counter() - began_s, sum(process.cpu_times()[:2]) - before_s
        peak = peak_mb(process.pid)
    finally:
        sink.end()
    return {
        "rows": len(records),
        "rows/s": round(len(records) / spent_s),
        "CPU-s/million": round(cpu_s / len(records) * 1e6, 1),
        "peak MB": round(peak),
        "Cassandra MB": round(stack.memory("cassandra") / 2**20),
    }


def is_ready(stack: Stack) -> bool:
    """Say whether the sink has its partitions; Kafka has yet to make room for the first group."""
    try:
        return bool(holders(stack.kafka, f"{PREFIX}history"))
    except KafkaException:
        return False


def produced(stack: Stack, records: Sequence[tuple[str, bytes]]) -> None:
    """Write windows as the stream job does."""
    producer = Producer({"bootstrap.servers": stack.kafka, "compression.type": "lz4", "linger.ms": 20})
    for key, value in records:
        producer.produce(f"{PREFIX}windows", value, key)
    if producer.flush(60):
        raise AssertionError("Kafka did not take the windows")


def carried(stack: Stack) -> int:
    """Return how many windows the sink has committed."""
    admin = AdminClient({"bootstrap.servers": stack.kafka, "log_level": 2})
    group, partitions = f"{PREFIX}history", range(TOPIC["windows"].partitions)
    asked = ConsumerGroupTopicPartitions(group, [TopicPartition(f"{PREFIX}windows", number) for number in partitions])
    found = admin.list_consumer_group_offsets([asked])[group].result(10).topic_partitions or []
    return sum(max(0, place.offset) for place in found)


if __name__ == "__main__":
    sys.exit(main())
