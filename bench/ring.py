"""`python -m bench.ring`: what a Python developer would write instead of a stream job, on the same chat.

A consumer and a ring of one-second buckets for each channel, that gives the sums of every 30 s window. It has no
distinct counts, no minutes or hours, no state that survives it, no second process to share the work, and it trusts
every record and the order of the partitions.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from typing import Any

import orjson
import psutil
from confluent_kafka import Consumer, Producer, TopicPartition

from bench.chat import Chat
from bench.machine import keep, peak_mb, table
from bench.stream import PREFIX, written
from core.columns import LIVE_WINDOW_MS, aggregate
from core.records import ChatRecord
from core.times import MINUTE_MS, SECOND_MS
from core.topics import TOPIC
from drills.stack import Stack

BUCKETS = LIVE_WINDOW_MS // SECOND_MS
SUMS = ("messages", "words", "observed_ms")


class Ring:
    """The sums of a channel's last seconds. `newest` is the second, since 1970, of its newest bucket."""

    def __init__(self, second: int) -> None:
        self.newest = second
        self._buckets = [[0, 0, 0] for _ in range(BUCKETS)]
        self._sums = [0, 0, 0]

    def add(self, second: int, words: int | None, observed_ms: int | None) -> Iterator[tuple[int, list[int]]]:
        """Count a record; yield the end and the sums of each window that is over now."""
        while self.newest < second:
            self.newest += 1
            yield self.newest * SECOND_MS, self._sums.copy()
            oldest = self._buckets[self.newest % BUCKETS]
            for place in range(3):
                self._sums[place] -= oldest[place]
                oldest[place] = 0
        bucket = self._buckets[second % BUCKETS]
        for place, value in enumerate((int(words is not None), words or 0, observed_ms or 0)):
            bucket[place] += value
            self._sums[place] += value


def main() -> int:
    """Print the figures; return 1 when a window is wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--channels", type=int, default=1_000)
    options.add_argument("--rate", type=int, default=2_000)
    options.add_argument("--seconds", type=int, default=500)
    given = options.parse_args()
    stack = Stack()
    try:
        stack.servers()
        stack.manage("create_topics", env={"KAFKA_TOPIC_PREFIX": PREFIX})
        start_ms = (int(time.time()) - given.seconds - 120) // 60 * MINUTE_MS
        chat = Chat(given.channels, given.rate, TOPIC["chat"].partitions, 1)
        sample, records, _ = written(stack, chat, start_ms, given.seconds)
        figures = measured(stack, sample, records)
    finally:
        stack.remove()
    print(table([["plain Python", "figure"], *([name.replace("_", " "), value] for name, value in figures.items())]))
    keep("ring", figures)
    return int(figures["wrong_windows"] > 0)


def measured(stack: Stack, sample: dict[str, list[ChatRecord]], records: int) -> dict[str, Any]:
    """Read all of it, write each window back to Kafka, and return what that cost."""
    consumer = Consumer({"bootstrap.servers": stack.kafka, "group.id": "ring", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(f"{PREFIX}chat", number, 0) for number in range(TOPIC["chat"].partitions)])
    producer = Producer({"bootstrap.servers": stack.kafka, "compression.type": "lz4", "linger.ms": 20})
    process = psutil.Process()
    cpu_s, began_s = sum(process.cpu_times()[:2]), time.monotonic()
    kept: dict[tuple[str, int], list[int]] = {}
    windows = 0
    for channel_id, end_ms, sums in _windows(consumer, records):
        windows += 1
        producer.produce(f"{PREFIX}windows-live", orjson.dumps({"id": channel_id, "end_ms": end_ms, "sums": sums}))
        if len(producer) > 50_000:
            producer.poll(0.01)
        if channel_id in sample:
            kept[channel_id, end_ms] = sums
    producer.flush(60)
    consumer.close()
    spent_s = time.monotonic() - began_s
    cpu_s = sum(process.cpu_times()[:2]) - cpu_s
    return {
        "records": records,
        "seconds": round(spent_s, 1),
        "cpu_seconds": round(cpu_s, 1),
        "records_per_cpu_s": round(records / cpu_s),
        "windows": windows,
        "peak_mb": round(peak_mb(process.pid), 1),
        "windows_compared": len(kept),
        "wrong_windows": sum(_reference(sample[key[0]], key[1]) != sums for key, sums in kept.items()),
    }


def _windows(consumer: Consumer, records: int) -> Iterator[tuple[str, int, list[int]]]:
    rings: dict[str, Ring] = {}
    read = 0
    while read < records:
        for message in consumer.consume(10_000, timeout=0.5):
            read += 1
            fields = orjson.loads(message.value() or b"")
            if fields["kind"] == "clock":
                continue
            channel_id, second = fields["channel_id"], fields["at_ms"] // SECOND_MS
            ring = rings.get(channel_id) or rings.setdefault(channel_id, Ring(second))
            for end_ms, sums in ring.add(second, fields.get("words"), fields.get("observed_ms")):
                yield channel_id, end_ms, sums


def _reference(records: list[ChatRecord], end_ms: int) -> list[int]:
    inside = [record for record in records if end_ms - LIVE_WINDOW_MS <= record.at_ms < end_ms]
    columns = aggregate(inside, "live")
    return [columns.get(name, 0) for name in SUMS]


if __name__ == "__main__":
    sys.exit(main())
