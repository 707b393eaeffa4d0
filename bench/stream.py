"""`python -m bench.stream`: records a CPU-second of the stream job, replayed from Kafka, its rows checked.

All windows of all grains are computed from JSON; the task manager's whole CPU time counts, its compiler's too. A
sample of channels is compared with the Python reference, cell by cell.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
from confluent_kafka import Consumer, Producer, TopicPartition

from bench.chat import Chat
from bench.machine import keep, peak_mb, table
from core.columns import GRAINS, WINDOW_MS, aggregate
from core.records import ChatRecord, read_chat
from core.times import MINUTE_MS, SECOND_MS
from core.topics import TOPIC
from drills.stack import Stack, wait_until

AIM = 35_000
PREFIX = "bench."
LIMIT_S = 600.0
SAMPLED = 20
TASK_MANAGER = "flink-taskmanager"
Cells = dict[tuple[str, str, int], dict[str, int]]


def main() -> int:
    """Print the figures; return 1 when they are below the aim, 2 when a cell is wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--channels", type=int, default=1_000)
    options.add_argument("--rate", type=int, default=2_000)
    options.add_argument("--seconds", type=int, default=500)
    given = options.parse_args()
    stack = Stack()
    try:
        stack.servers()
        figures = measured(stack, given.channels, given.rate, given.seconds)
    finally:
        stack.remove()
    print(table([["stream job", "figure"], *([name.replace("_", " "), value] for name, value in figures.items())]))
    keep(f"stream-{given.channels}", figures)
    return 2 if figures["wrong_cells"] else int(figures["records_per_cpu_s"] < AIM)


def measured(stack: Stack, channels: int, rate: int, seconds: int) -> dict[str, Any]:
    """Write the chat of so many seconds, let the job read it, and return what that cost."""
    env = {"KAFKA_TOPIC_PREFIX": PREFIX}
    stack.manage("create_topics", env=env)
    # A whole minute long ago enough that all of it is in the past.
    start_ms = (int(time.time()) - seconds - 120) // 60 * MINUTE_MS
    sample, records, size = written(stack, Chat(channels, rate, TOPIC["chat"].partitions, 1), start_ms, seconds)
    last_ms = start_ms + seconds * SECOND_MS // MINUTE_MS * MINUTE_MS
    reader = Reader(stack, frozenset(sample), last_ms)
    before_s, began_s = stack.cpu_s(TASK_MANAGER), time.monotonic()
    job = stack.manage("submit_flink_job", env=env).split()[1]
    try:
        wait_until(reader.is_done, LIMIT_S, "the windows of all channels")
    finally:
        httpx.patch(f"http://127.0.0.1:{stack.port + 6}/jobs/{job}?mode=cancel").raise_for_status()
    spent_s, cpu_s = time.monotonic() - began_s, stack.cpu_s(TASK_MANAGER) - before_s
    wrong, compared = reader.compare([record for kept in sample.values() for record in kept])
    return {
        "records": records,
        "bytes_per_record": round(size / records),
        "seconds": round(spent_s, 1),
        "cpu_seconds": round(cpu_s, 1),
        "records_per_cpu_s": round(records / cpu_s),
        "cpu_seconds_per_million": round(cpu_s / records * 1e6, 1),
        "windows": reader.windows,
        "peak_mb": round(peak_mb(stack.processes()[TASK_MANAGER]), 1),
        "cells_compared": compared,
        "wrong_cells": wrong,
    }


def written(stack: Stack, chat: Chat, start_ms: int, seconds: int) -> tuple[dict[str, list[ChatRecord]], int, int]:
    """Write chat to Kafka; return the records of the sampled channels, and how many there were, of how many bytes."""
    producer = Producer({"bootstrap.servers": stack.kafka, "compression.type": "lz4", "linger.ms": 20})
    sample: dict[str, list[ChatRecord]] = {channel_id: [] for channel_id in chat.ids[:: len(chat.ids) // SAMPLED]}
    records = size = 0
    now_ms = int(time.time() * 1000)
    for second in range(seconds):
        for partition, key, fields in chat.second(start_ms + second * SECOND_MS):
            value = orjson.dumps(fields)
            producer.produce(f"{PREFIX}chat", value, key, partition)
            records, size = records + 1, size + len(value)
            if key in sample:
                sample[key].append(read_chat(value, now_ms))
        while len(producer) > 50_000:
            producer.poll(0.05)
    if producer.flush(60):
        raise AssertionError("Kafka did not take the chat")
    return sample, records, size


class Reader:
    """Reads the job's windows as they come; `windows` counts them."""

    def __init__(self, stack: Stack, sample: frozenset[str], last_ms: int) -> None:
        self.windows = 0
        self._sample = sample
        self._last_ms = last_ms
        self._missing = set(sample)
        self._found: Cells = {}
        self._consumer = Consumer(
            {"bootstrap.servers": stack.kafka, "group.id": "bench", "auto.offset.reset": "earliest"}
        )
        names = ("windows-live", "windows-distinct", "windows")
        self._consumer.assign([TopicPartition(PREFIX + n, p, 0) for n in names for p in range(TOPIC[n].partitions)])

    def is_done(self) -> bool:
        """Take what has come, and say whether the last minute of every sampled channel has."""
        for message in self._consumer.consume(50_000, timeout=0.2):
            self.windows += 1
            if (message.key() or b"").decode() in self._sample:
                fields = orjson.loads(message.value() or b"")
                key = (fields.pop("grain"), fields.pop("channel_id"), fields.pop("end_ms"))
                self._found[key] = {name: value for name, value in fields.items() if name not in ("v", "start_ms")}
                if key[0] == "minute" and key[2] == self._last_ms:
                    self._missing.discard(key[1])
        return not self._missing

    def compare(self, records: list[ChatRecord]) -> tuple[int, int]:
        """Return how many windows are wrong, and how many cells were compared: those that ended by the last minute."""
        wrong = cells = 0
        for key, columns in reference(records):
            if key[2] <= self._last_ms - 2 * SECOND_MS:
                cells += len(columns)
                wrong += self._found.get(key) != columns
        return wrong, cells


def reference(records: list[ChatRecord]) -> Iterator[tuple[tuple[str, str, int], dict[str, int]]]:
    """Yield the windows of the minute and of every 10th second of these records."""
    for grain in GRAINS[:3]:
        inside: dict[tuple[str, int], list[ChatRecord]] = {}
        step_ms = MINUTE_MS if grain == "minute" else 10 * SECOND_MS
        for record in records:
            first = record.at_ms // step_ms * step_ms + step_ms
            for end_ms in range(first, first + WINDOW_MS[grain], step_ms):
                inside.setdefault((record.channel_id, end_ms), []).append(record)
        for (channel_id, end_ms), some in inside.items():
            yield (grain, channel_id, end_ms), aggregate(some, grain)


if __name__ == "__main__":
    sys.exit(main())
