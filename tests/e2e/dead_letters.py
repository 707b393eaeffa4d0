"""Helpers that write and read records of any topic and run `manage.py dead_letters`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import StringIO
from typing import Any

from confluent_kafka import Message
from django.core.management import call_command

from drills.poison import START_MS
from twitchly import kafka


def chat_message(number: int = 0, **changes: Any) -> bytes:
    fields = {"v": 1, "kind": "message", "channel_id": "7", "at_ms": START_MS + number, "user_hash": 5, "words": 2}
    return json.dumps({**fields, "text": "a secret word", **changes}).encode()


def write(topic: str, values: Sequence[bytes | None], partition: int = 0, key: bytes | None = None) -> None:
    producer = kafka.producer()
    for value in values:
        producer.produce(kafka.topic_name(topic), value, key, partition)
    assert producer.flush(20) == 0


def read(topic: str) -> list[Message]:
    """Return all messages of a topic."""
    reader = kafka.reader("test")
    content = [m for messages in kafka.read_to_end(reader, kafka.partitions_of(reader, topic)) for m in messages]
    reader.close()
    return content


def run(*words: str) -> list[str]:
    """Return the output of `manage.py dead_letters`."""
    out = StringIO()
    call_command("dead_letters", *words, stdout=out)
    return out.getvalue().splitlines()


def listed(topic: str) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return a topic's dead letters, and the count of each reason."""
    rows = [json.loads(line) for line in run("list", topic, "--json", "--limit", "1000")]
    return [row for row in rows if "offset" in row], {row["reason"]: row["count"] for row in rows if "count" in row}
