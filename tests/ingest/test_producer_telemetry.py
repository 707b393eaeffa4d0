"""Prometheus metrics and heartbeat of a producer."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import Producer

from apps.ingest.listening.heartbeat import ProducerHeartbeatSource
from apps.ingest.listening.telemetry import ProducerCollector
from apps.ingest.listening.writer import Writer
from apps.ingest.listening.writer_counts import WriterCounts
from core.contracts.heartbeats import ProducerHeartbeat
from core.irc.lines import parse
from core.ops.telemetry import exported_by
from core.pipeline.coverage import Gap
from core.pipeline.intake import Intake
from core.pipeline.reasons import Loss
from core.pipeline.unstamped import UnstampedRecord

NOW = 1_795_400_000_000


@pytest.fixture
def producer() -> Any:
    """The parts of a producer, without connections. Of three messages, one is lost and two are in flight."""
    kafka = Producer({"bootstrap.servers": "127.0.0.1:9", "log_level": 0})
    writer = Writer(kafka, name="p", limit=2, now_ms=lambda: NOW, hash_key=lambda _day: b"k" * 32)
    writer.own({0: NOW - 10_000})
    for sent_ms in (NOW - 9_000, NOW - 8_000, NOW + 60_000):
        fields = {"kind": "message", "channel_id": "7", "sent_ms": sent_ms, "text": ""}
        writer.put(UnstampedRecord(0, sent_ms, fields, "42"))
    writer.put_gap(Gap("7", NOW, NOW + 900, "closed"))
    writer.step()
    intake = Intake(4, count_bots=False)
    intake.take(parse(b"PRIVMSG"), NOW)
    return SimpleNamespace(
        writer=writer,
        intake=intake,
        tracker=SimpleNamespace(tracked={"7", "8"}),
        recorder=SimpleNamespace(heard=1),
        pool=SimpleNamespace(connections=[], ends=Counter({"no connection": 3})),
    )


def test_names_and_labels_match_the_list_of_metrics(producer: Any) -> None:
    families = {family.name: family for family in ProducerCollector(producer).collect()}
    assert families.keys() == exported_by("producer") - exported_by("all")
    values = {
        name: {tuple(sample.labels.values()): sample.value for sample in family.samples}
        for name, family in families.items()
    }
    kinds = dict.fromkeys([(kind,) for kind in ("copy", "bot", "removal", "pulse", "clock", "event")], 0)
    assert values["twitchly_records"] == {("message",): 2, ("gap",): 1, **kinds}
    assert values["twitchly_records_lost"] == {("overflow",): 1}
    assert values["twitchly_lines_rejected"] == {("malformed PRIVMSG",): 1}
    assert values["twitchly_irc_ends"] == {("no connection",): 3}
    assert values["twitchly_records_in_flight"] == {(): 3}
    assert (values["twitchly_records_moved"], values["twitchly_records_moved_most_seconds"]) == ({(): 1}, {(): 60})


def test_the_heartbeat_contains_the_figures_of_the_producer(producer: Any) -> None:
    assert ProducerHeartbeatSource(producer, "producer-1", lambda: NOW)() == ProducerHeartbeat(
        name="producer-1",
        at_ms=NOW,
        wanted=2,
        confirmed=1,
        connections=0,
        quiet_s=None,
        heard_per_s=0.0,
        acked_per_s=0.0,
        waiting=3,
        lost=1,
        is_held=False,
    )


def test_the_log_lists_the_counts_above_zero() -> None:
    counts = WriterCounts(Counter({"message": 5, "gap": 1}), Counter({Loss.DELIVERY: 2}), refused=2)
    assert str(counts) == "message: 5, gap: 1, lost (delivery): 2, rejected by the client: 2"
