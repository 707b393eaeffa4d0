"""The SQL that Flink runs equals the Python reference, cell by cell, on random chat."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Iterator

import httpx
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from apps.metrics.stream_job import plan_digest
from core.event_time import PROMISE_DELAY_MS
from core.metrics import GRAINS, SLIDE_MS, WINDOW_MS, Grain, aggregate
from core.records import ChatRecord, read_chat
from core.sharding import partition_of
from core.topics import TOPIC
from drills.stack import Stack, wait_until

pytestmark = pytest.mark.server

SPAN_MS = 2 * 3_600_000
LONGEST_S = 400
SEED = 20_261_123
Cells = dict[tuple[str, str, int], dict[str, int]]


def random_chat(seed: int, start_ms: int) -> list[dict[str, object]]:
    """Return records of quiet and busy channels, out of order within 500 ms, with viewers that come and go."""
    dice = random.Random(seed)
    records: list[dict[str, object]] = []
    for number in range(60):
        channel_id, busy = str(1000 + number), dice.choice([0.0, 0.02, 0.5, 2.0])
        first = start_ms + dice.randrange(SPAN_MS - LONGEST_S * 1000)
        for second in range(dice.randrange(1, LONGEST_S)):
            end_ms = first // 1000 * 1000 + (second + 1) * 1000
            pulse = {"kind": "pulse", "channel_id": channel_id, "at_ms": end_ms - 1}
            pulse["observed_ms"] = dice.choice([1000, 1000, 1000, 400, 0])
            if dice.random() < 0.9:
                pulse["viewers"] = dice.randrange(200_000)
            records.append({"v": 1, **pulse})
            for _ in range(int(busy) if busy >= 1 else int(dice.random() < busy)):
                kind = dice.choices(("message", "copy", "bot"), weights=(6, 2, 1))[0]
                message = {"kind": kind, "channel_id": channel_id, "words": dice.randrange(60)}
                message |= {"at_ms": end_ms - dice.randrange(1, 1000), "user_hash": dice.randrange(-9, 9)}
                records.append({"v": 1, **message})
    return sorted(records, key=lambda record: int(str(record["at_ms"])) + dice.randrange(500))


def reference(records: list[ChatRecord]) -> Cells:
    cells: Cells = {}
    for grain in GRAINS:
        windows: dict[tuple[str, int], list[ChatRecord]] = {}
        for record in records:
            for end_ms in ends_of(record.at_ms, grain):
                windows.setdefault((record.channel_id, end_ms), []).append(record)
        for (channel_id, end_ms), inside in windows.items():
            cells[grain, channel_id, end_ms] = aggregate(inside, grain)
    return cells


def ends_of(at_ms: int, grain: Grain) -> Iterator[int]:
    """Yield the ends of the windows that a moment lies in."""
    slide = SLIDE_MS[grain]
    first = at_ms // slide * slide + slide
    yield from range(first, first + WINDOW_MS[grain], slide)


@pytest.fixture
def prefix(stack: Stack) -> Iterator[str]:
    """Topics and a job of our own, beside those of the running copy.

    The newest checkpoint is broken: the job starts all the same, without state and from the beginning.
    """
    name = f"sql-{uuid.uuid4().hex[:8]}."
    broken = stack.var / "broken-checkpoints" / f"{plan_digest()}-0" / "job" / "chk-1"
    broken.mkdir(parents=True)
    (broken / "_metadata").write_bytes(b"this is no checkpoint")
    env = {"KAFKA_TOPIC_PREFIX": name, "FLINK_CHECKPOINTS": str(broken.parents[2])}
    stack.manage("create_topics", env=env)
    rest = f"http://127.0.0.1:{stack.port + 6}"
    job = stack.manage("submit_flink_job", env=env).split()[1]
    try:
        yield name
    finally:
        httpx.patch(f"{rest}/jobs/{job}?mode=cancel").raise_for_status()


def test_every_cell_of_every_grain_equals_the_reference(stack: Stack, prefix: str) -> None:
    start_ms = int(time.time() * 1000) // 3_600_000 * 3_600_000 - SPAN_MS
    records = random_chat(SEED, start_ms)
    partitions = TOPIC["chat"].partitions
    producer = Producer({"bootstrap.servers": stack.kafka})
    for record in records:
        partition = partition_of(str(record["channel_id"]), partitions)
        producer.produce(f"{prefix}chat", json.dumps(record).encode(), partition=partition)
        producer.poll(0)
    now_ms = int(time.time() * 1000)
    for partition in range(partitions):
        clock = {"v": 1, "kind": "clock", "at_ms": now_ms}
        producer.produce(f"{prefix}chat", json.dumps(clock).encode(), partition=partition)
    assert producer.flush(30) == 0

    usable = [read_chat(json.dumps(record).encode(), now_ms) for record in records]
    expected = {key: cell for key, cell in reference(usable).items() if key[2] <= now_ms - PROMISE_DELAY_MS}
    found: Cells = {}
    consumer = window_consumer(stack, prefix)
    try:
        wait_until(lambda: read_windows(consumer, found) and expected.keys() <= found.keys(), 120, "all windows", 0)
    finally:
        consumer.close()
    assert {key: (found[key], cell) for key, cell in expected.items() if found[key] != cell} == {}
    assert found.keys() - expected.keys() == set()
    assert {key[0] for key in expected} == set(GRAINS)
    assert all(any(cell.get(name) for cell in expected.values()) for name in ("messages", "copies", "bot_messages"))
    assert len(expected) > 10_000


def window_consumer(stack: Stack, prefix: str) -> Consumer:
    consumer = Consumer({"bootstrap.servers": stack.kafka, "group.id": prefix, "auto.offset.reset": "earliest"})
    topics = ("windows-live", "windows")
    consumer.assign([TopicPartition(prefix + t, n, 0) for t in topics for n in range(TOPIC[t].partitions)])
    return consumer


def read_windows(consumer: Consumer, found: Cells) -> bool:
    for message in consumer.consume(5_000, timeout=0.5):
        if message.error() is None:
            fields = json.loads(message.value() or b"")
            key = (fields.pop("grain"), fields.pop("channel_id"), fields.pop("end_ms"))
            del fields["v"], fields["start_ms"]
            found[key] = fields
    return True
