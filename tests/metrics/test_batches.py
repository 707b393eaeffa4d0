"""Batches are parsed by topic until too many records are unusable."""

from __future__ import annotations

import json

import pytest
from confluent_kafka import Message
from pytest_django import Settings

from apps.metrics.batches import Batch, read_batch
from core.pipeline.bad_record_rate import BadRecordRate, RateExceeded
from core.pipeline.records import EventRecord, WindowRecord

T = 1_795_400_040_000
WINDOW = {"v": 1, "grain": "minute", "channel_id": "7", "start_ms": T, "end_ms": T + 60_000, "messages": 4}
EVENT = {"v": 1, "id": "a", "kind": "gap", "channel_id": "7", "at_ms": T, "until_ms": T, "reason": "restart"}
GOOD = json.dumps(WINDOW).encode()


def message(topic: str, offset: int, value: bytes | None, partition: int = 0) -> Message:
    return Message(topic=topic, partition=partition, offset=offset, value=value, timestamp=(2, T + 61_000))


def next_offsets(batch: Batch) -> set[tuple[str, int, int]]:
    return {(offset.topic, offset.partition, offset.offset) for offset in batch.next_offsets}


def test_records_around_an_unusable_one_are_parsed() -> None:
    messages = [
        message("windows", 5, GOOD),
        message("windows", 6, None),
        message("windows", 7, GOOD),
        message("windows-live", 5, b"[]", partition=1),
        message("channel-events", 2, json.dumps(EVENT).encode()),
    ]
    batch = read_batch(messages, BadRecordRate())
    assert [type(record) for record, _ in batch.records] == [WindowRecord, WindowRecord, EventRecord]
    assert [source for _, source in batch.records] == [messages[0], messages[2], messages[4]]
    assert batch.unusable == [
        (messages[1], "empty record: expected a JSON object"),
        (messages[3], "expected a JSON object, got list"),
    ]
    assert next_offsets(batch) == {("windows", 0, 8), ("windows-live", 1, 6), ("channel-events", 0, 3)}


def test_a_batch_ends_before_the_record_that_exceeds_the_limit() -> None:
    poison = [message("windows", 50 + n, b"no") for n in range(300)]
    after = [message("channel-events", 1, json.dumps(EVENT).encode())]
    batch = read_batch([*(message("windows", n, GOOD) for n in range(50)), *poison, *after], BadRecordRate())
    assert batch.excess == RateExceeded("windows", 101, 151, "not JSON: Expecting value: line 1 column 1 (char 0)")
    assert (len(batch.records), [unusable for unusable, _ in batch.unusable]) == (50, poison[:100])
    assert next_offsets(batch) == {("windows", 0, 150)}


def test_earlier_batches_count_against_the_limit() -> None:
    limits = BadRecordRate()
    assert read_batch([message("windows", n, b"no") for n in range(100)], limits).excess is None
    batch = read_batch([message("windows", 100, b"no")], limits)
    assert (batch.excess is None, batch.unusable, next_offsets(batch)) == (False, [], set())


def test_the_instance_prefix_of_a_topic_name_is_ignored(settings: Settings) -> None:
    settings.KAFKA_TOPIC_PREFIX = "other."
    batch = read_batch([message("other.windows", 5, GOOD)], BadRecordRate())
    assert (len(batch.records), next_offsets(batch)) == (1, {("other.windows", 0, 6)})


@pytest.mark.parametrize(("offset_ms", "usable"), [(0, 0), (10_800_000, 1)])
def test_record_times_are_checked_against_the_instances_clock_instead_of_kafkas(
    settings: Settings, offset_ms: int, usable: int
) -> None:
    settings.CLOCK_OFFSET_MS = offset_ms
    ahead = {**WINDOW, "start_ms": T + 10_800_000, "end_ms": T + 10_860_000}
    assert len(read_batch([message("windows", 1, json.dumps(ahead).encode())], BadRecordRate()).records) == usable
