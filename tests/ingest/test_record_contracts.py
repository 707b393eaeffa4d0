"""The records that the producer, the stream job and Celery write match the JSON Schemas in docs/schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.ingest.listening.writer import Writer
from core.channels.rules import IntakeRules
from core.channels.stream import Stream
from core.irc.lines import parse
from core.metrics.columns import GRAINS, WINDOW_MS, aggregate, names_of
from core.pipeline.coverage import Gap
from core.pipeline.intake import Intake
from core.pipeline.records import EPOCH_MS, ChatRecord, Grain
from core.pipeline.schemas import topic_schemas
from flink.sql import topic_of

NOW = 1_795_400_000_000
SCHEMAS = topic_schemas({grain: names_of(grain) for grain in GRAINS})
LINES = (
    b"@id=m1;room-id=7;first-msg=1;badges=founder/0;tmi-sent-ts=1795399999900;user-id=42 :eve!eve@eve PRIVMSG #ada :hi",
    b"@id=m2;room-id=7;source-room-id=8;source-id=x;user-id=43 :bob!bob@bob PRIVMSG #ada :from elsewhere",
    b"@id=m3;room-id=7;user-id=44 :helperbot!helperbot@helperbot PRIVMSG #ada :I help",
    b"@id=r;room-id=7;msg-id=raid;msg-param-viewerCount=5 :tmi.twitch.tv USERNOTICE #ada",
    b"@room-id=7;target-user-id=13;ban-duration=10 :tmi.twitch.tv CLEARCHAT #ada :eve",
    b"@emote-only=0;followers-only=-1;r9k=0;room-id=7;slow=0;subs-only=0 :tmi.twitch.tv ROOMSTATE #ada",
    b"@room-id=7;slow=30 :tmi.twitch.tv ROOMSTATE #ada",
)


def check(topic: str, record: Mapping[str, Any]) -> None:
    jsonschema.validate(record, SCHEMAS[topic], jsonschema.Draft202012Validator)


class Driver:
    """A fake Kafka client that stores the produced records by topic."""

    def __init__(self) -> None:
        self.written: list[tuple[str, dict[str, Any]]] = []

    def __len__(self) -> int:
        return 0

    def poll(self, _timeout_s: float) -> int:
        return 0

    def produce(self, topic: str, value: bytes, **_options: Any) -> None:
        self.written.append((topic, json.loads(value)))

    def produce_batch(self, topic: str, batch: Sequence[Mapping[str, Any]], **_options: Any) -> None:
        self.written += [(topic, json.loads(message["value"])) for message in batch]


def test_the_schemas_in_the_docs_are_up_to_date(tmp_path: Path) -> None:
    call_command("topic_schemas", "--check")
    with pytest.raises(CommandError, match=r"run manage\.py topic_schemas"):
        call_command("topic_schemas", "--check", "--folder", str(tmp_path))


def test_records_of_the_producer_match_the_schemas() -> None:
    driver: Any = Driver()
    writer = Writer(driver, name="p", limit=100, now_ms=lambda: NOW, hash_key=lambda _day: b"k" * 32)
    writer.own(dict.fromkeys(range(4), NOW - 1_000))
    intake = Intake(4, count_bots=False)
    intake.set_rules(IntakeRules(bots=frozenset({"helperbot"})))
    intake.set_channels(
        {"7": Stream("7", "ada", "Ada", 900, "Chess", "en", "a title", "")}, frozenset("7"), know_viewers=True
    )
    intake.receive([parse(line) for line in LINES], NOW, writer)
    if pulse := intake.pulse("7", 1_000, NOW):
        writer.put(pulse)
    writer.put_watermarks(40)
    writer.put_gap(Gap("7", NOW - 9_000, NOW, "joining"))
    for event in intake.minutes(NOW + 60_000):
        writer.put_event(event)
    writer.step()
    for topic, record in driver.written:
        check(topic, record)
    kinds = {(topic, record["kind"]) for topic, record in driver.written}
    assert kinds == {
        *(("chat", kind) for kind in ("message", "copy", "bot", "removal", "pulse", "clock")),
        *(("channel-events", kind) for kind in ("raid", "chat_mode", "timeouts", "gap")),
    }


@pytest.mark.parametrize("grain", GRAINS)
def test_windows_of_the_reference_match_the_schemas(grain: Grain) -> None:
    start_ms = NOW - NOW % WINDOW_MS["hour"]
    message = ChatRecord("message", "7", start_ms, start_ms, "m", 1, 2, 3, viewers=9)
    pulse = ChatRecord("pulse", "7", start_ms, viewers=9, observed_ms=1_000, live=True)
    columns = aggregate([message, pulse], grain)
    window = {"v": 1, "grain": grain, "channel_id": "7", "start_ms": start_ms, "end_ms": start_ms + WINDOW_MS[grain]}
    check(topic_of(grain), window | columns)
    assert columns.keys() <= set(names_of(grain))


@pytest.mark.parametrize(
    ("topic", "record"),
    [
        ("chat", {"v": 1, "kind": "removal", "channel_id": "7", "at_ms": EPOCH_MS - 1, "sent_ms": NOW}),
        ("chat", {"v": 1, "kind": "whisper", "channel_id": "7", "at_ms": NOW, "sent_ms": NOW}),
        ("channel-events", {"v": 1, "kind": "raid", "channel_id": "ada", "at_ms": NOW, "id": "r"}),
        ("windows", {"v": 1, "grain": "day", "channel_id": "7", "start_ms": NOW, "end_ms": NOW + 1}),
    ],
)
def test_records_that_violate_a_schema_are_rejected(topic: str, record: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check(topic, record)
