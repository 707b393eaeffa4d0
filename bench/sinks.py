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
from bench.machine import keep, peak_mb, table
from core.columns import WINDOW_MS, names_of
from core.formulas import Floors
from core.records import Grain, WindowRecord
from core.times import MINUTE_MS, SECOND_MS
from core.topics import TOPIC
from drills.sink import Sink, holders
from drills.stack import Stack, now_ms, wait_until

CHANNELS = 5_000
TICKS = 60
# Distinct windows end every 5 s.
DISTINCT_EVERY = 5
WINDOWS = 60_000
PLACE = ("grain", "channel_id", "start_ms", "end_ms")
STARTED_S = 60.0
CARRIED_S = 300.0
AIM_PER_S = 3_000
AIM_TICK_MS = 200


def main() -> int:
    """Print the figures; return how many aims are missed."""
    stack = Stack()
    try:
        stack.servers()
        stack.manage("sync_cassandra")
        figures = {"boards": boards(stack), "history": history(stack)}
    finally:
        stack.remove()
    for name, found in figures.items():
        print(table([[name, "figure"], *map(list, found.items())]))
    keep("sinks", {"channels": CHANNELS, **figures})
    missed = figures["history"]["rows/s"] < AIM_PER_S, figures["boards"]["tick of all boards, median ms"] > AIM_TICK_MS
    return sum(missed)


def windows(grain: Grain, count: int, end_ms: int, dice: random.Random) -> list[WindowRecord]:
    """Return a window of each of so many channels, with all columns of the grain."""
    names, start_ms = names_of(grain), end_ms - WINDOW_MS[grain]
    return [
        WindowRecord(str(10_000 + number), grain, start_ms, end_ms, {name: dice.randrange(1, 90_000) for name in names})
        for number in range(count)
    ]


def boards(stack: Stack) -> dict[str, Any]:
    """Put a second of all channels on all boards, again and again."""
    client = redis.Redis(port=stack.port + 5, db=0)
    writer, dice, took_ms, cpu_s, rows = BoardWriter(client, Floors()), random.Random(1), [], 0.0, 0
    start_ms = now_ms() // SECOND_MS * SECOND_MS
    for tick in range(TICKS):
        grains: tuple[Grain, ...] = ("live", "live_distinct") if tick % DISTINCT_EVERY == 0 else ("live",)
        end_ms = start_ms + tick * SECOND_MS
        ends = [(grain, windows(grain, CHANNELS, end_ms, dice)) for grain in grains]
        before_s, began_s = time.process_time(), time.perf_counter()
        for grain, some in ends:
            writer.apply(grain, some)
        writer.remember()
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


def history(stack: Stack) -> dict[str, Any]:
    """Let the sink of history carry windows of a minute that come all at once."""
    dice, newest_ms = random.Random(2), now_ms() // MINUTE_MS * MINUTE_MS
    records = [
        (window.channel_id, orjson.dumps({**{name: getattr(window, name) for name in PLACE}, **window.columns}))
        for number in range(WINDOWS // CHANNELS)
        for window in windows("minute", CHANNELS, newest_ms - number * MINUTE_MS, dice)
    ]
    stack.manage("create_topics")
    sink = Sink(stack.env, stack.var / "log" / "bench-sink.log")
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
        return bool(holders(stack.kafka, "history"))
    except KafkaException:
        return False


def produced(stack: Stack, records: Sequence[tuple[str, bytes]]) -> None:
    """Write windows as the stream job does."""
    producer = Producer({"bootstrap.servers": stack.kafka, "compression.type": "lz4", "linger.ms": 20})
    for key, value in records:
        producer.produce("windows", value, key)
    if producer.flush(60):
        raise AssertionError("Kafka did not take the windows")


def carried(stack: Stack) -> int:
    """Return how many windows the sink has committed."""
    admin = AdminClient({"bootstrap.servers": stack.kafka, "log_level": 2})
    places = [TopicPartition("windows", number) for number in range(TOPIC["windows"].partitions)]
    asked = ConsumerGroupTopicPartitions("history", places)
    found = admin.list_consumer_group_offsets([asked])["history"].result(10).topic_partitions or []
    return sum(max(0, place.offset) for place in found)


if __name__ == "__main__":
    sys.exit(main())
