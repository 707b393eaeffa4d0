"""Generated history for a channel of a running instance, written through Kafka."""

from __future__ import annotations

import random
from collections.abc import Iterable

import orjson
from confluent_kafka import Producer

from core.metrics.columns import STEP_MS, STORED_AS, WINDOW_MS, names_of
from core.pipeline.records import Grain
from core.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from drills.stack import Stack, now_ms, wait_until


def write_history(stack: Stack, recent_ms: int = DAY_MS, hourly_ms: int = 90 * DAY_MS) -> str:
    """Write a channel's live windows and minutes for the last `recent_ms`, and hours for `hourly_ms`; return its id."""
    wait_until(lambda: bool(stack.covered()), 180, "a fully covered channel")
    channel_id, now, rng = min(stack.covered()), now_ms(), random.Random(4)
    producer = Producer({"bootstrap.servers": stack.kafka, "compression.type": "lz4", "linger.ms": 20})
    day, hour = range(now - recent_ms, now, 10 * SECOND_MS), range(now - hourly_ms, now - HOUR_MS, HOUR_MS)
    minute = range(now - recent_ms, now - MINUTE_MS, MINUTE_MS)
    ends: list[tuple[str, Grain, Iterable[int]]] = [
        ("windows-live", "live", day),
        ("windows-live", "live_distinct", day),
    ]
    ends += [("windows", "minute", minute), ("windows", "hour", hour), ("windows", "hour_distinct", hour)]
    for topic, grain, times in ends:
        step_ms = STEP_MS[STORED_AS[grain]]
        for at_ms in times:
            producer.produce(topic, window(channel_id, grain, at_ms // step_ms * step_ms, rng), channel_id)
        producer.flush(60)
    return channel_id


def window(channel_id: str, grain: Grain, end_ms: int, rng: random.Random) -> bytes:
    """Return a fully covered window with all columns of its grain."""
    columns = {name: rng.randrange(1, 900) for name in names_of(grain)}
    if "observed_ms" in columns:
        columns["observed_ms"] = WINDOW_MS[grain]
    identity = {"grain": grain, "channel_id": channel_id, "start_ms": end_ms - WINDOW_MS[grain], "end_ms": end_ms}
    return orjson.dumps({**identity, **columns})
