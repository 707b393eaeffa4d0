"""A simple Python alternative to the stream job, for comparison: `python -m bench.ring BOOTSTRAP CHAT WINDOWS`.

A consumer with a ring of one-second buckets per channel computes the sums of every 30 s window. It has no distinct
counts, no minutes or hours, no persistent state and no second process to share the load. It trusts every record and
the order within a partition.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import orjson
from confluent_kafka import Consumer, Producer, TopicPartition

from core.metrics.columns import LIVE_WINDOW_MS
from core.pipeline.topics import TOPIC
from core.times import SECOND_MS

BUCKETS = LIVE_WINDOW_MS // SECOND_MS


class Ring:
    """The sums of a channel's most recent seconds; `newest` is the number of its newest second since 1970."""

    def __init__(self, second: int) -> None:
        self.newest = second
        self._buckets = [[0, 0, 0] for _ in range(BUCKETS)]
        self._sums = [0, 0, 0]

    def add(self, second: int, words: int | None, observed_ms: int | None) -> Iterator[tuple[int, list[int]]]:
        """Count a record; yield the end and the sums of each completed window."""
        while self.newest < second:
            self.newest += 1
            yield self.newest * SECOND_MS, self._sums.copy()
            oldest = self._buckets[self.newest % BUCKETS]
            for column in range(3):
                self._sums[column] -= oldest[column]
                oldest[column] = 0
        bucket = self._buckets[second % BUCKETS]
        for column, value in enumerate((int(words is not None), words or 0, observed_ms or 0)):
            bucket[column] += value
            self._sums[column] += value


def main(bootstrap: str, chat: str, windows: str) -> None:
    """Read chat from the beginning and write windows, until terminated."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "ring", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(chat, number, 0) for number in range(TOPIC["chat"].partitions)])
    producer = Producer({"bootstrap.servers": bootstrap, "compression.type": "lz4", "linger.ms": 20})
    rings: dict[str, Ring] = {}
    while True:
        for message in consumer.consume(10_000, timeout=0.5):
            fields = orjson.loads(message.value() or b"")
            if fields["kind"] == "clock":
                continue
            channel_id, second = fields["channel_id"], fields["at_ms"] // SECOND_MS
            ring = rings.get(channel_id) or rings.setdefault(channel_id, Ring(second))
            for end_ms, sums in ring.add(second, fields.get("words"), fields.get("observed_ms")):
                window = {"id": channel_id, "end_ms": end_ms, "sums": sums}
                producer.produce(windows, orjson.dumps(window), channel_id)
        while len(producer) > 50_000:
            producer.poll(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
