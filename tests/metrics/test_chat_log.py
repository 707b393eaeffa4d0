"""The ledger check uses the instance's clock when it reads Kafka, whatever the clock offset."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from pytest_django import Settings

from apps.metrics.chat_log import KafkaChatLog
from core.pipeline.records import watermark_record
from tests.metrics.test_batches import T, message
from twitchly import kafka


class NoConsumer:
    def close(self) -> None: ...


@pytest.mark.parametrize(("offset_ms", "rejected"), [(0, 1), (7 * 86_400_000, 0)])
def test_record_times_are_checked_against_the_clock_of_the_instance(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, offset_ms: int, rejected: int
) -> None:
    settings.CLOCK_OFFSET_MS = offset_ms
    ahead = {**watermark_record(producer="p"), "at_ms": T + 7 * 86_400_000}

    def read_to_end(_consumer: object, _starts: object) -> Iterator[list[Any]]:
        yield [message("chat", 0, json.dumps(ahead).encode())]

    monkeypatch.setattr(kafka, "reader", lambda _name: NoConsumer())
    monkeypatch.setattr(kafka, "partitions_of", lambda _consumer, topic: [TopicPartition(topic, 0, 0)])
    monkeypatch.setattr(kafka, "ends_of", lambda _consumer, _partition: (0, 1))
    monkeypatch.setattr(kafka, "read_to_end", read_to_end)
    log = KafkaChatLog()
    log.catch_up()
    assert log.tally.rejected == rejected
