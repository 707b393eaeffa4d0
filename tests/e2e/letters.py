"""Good records of each topic and poison of every kind, written, read back, and listed by `manage.py dead_letters`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from io import StringIO
from typing import Any

from confluent_kafka import Message
from django.core.management import call_command

from core.times import MINUTE_MS
from twitchly import kafka

START_MS = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS - 600 * MINUTE_MS
HUGE = [10**30, 2**63 - 1, 2**63, -(2**63), int("9" * 4_000)]
NO_RECORDS = [None, b"", b"nope", b"[]", b"null", b"7", b"{}", b"\xff\xfe\x00", b'{"v": 1, "grain"', b"[" * 100_000]
TOO_MUCH = [b"x" * 999_000, b'{"end_ms": ' + b"9" * 990_000 + b"}"]


def window(channel: str, number: int = 0, **changes: Any) -> bytes:
    start_ms = START_MS + number * MINUTE_MS
    fields = {"v": 1, "grain": "minute", "channel_id": channel, "start_ms": start_ms, "messages": number}
    return json.dumps({**fields, "end_ms": start_ms + MINUTE_MS, **changes}).encode()


def event(channel: str, number: int = 0, **changes: Any) -> bytes:
    fields = {"v": 1, "id": f"{channel}-{number}", "kind": "raid", "channel_id": channel, "count": number}
    return json.dumps({**fields, "at_ms": START_MS + number, "text": "A raid", **changes}).encode()


def spoken(number: int = 0, **changes: Any) -> bytes:
    fields = {"v": 1, "kind": "message", "channel_id": "7", "at_ms": START_MS + number, "user_hash": 5, "words": 2}
    return json.dumps({**fields, "text": "a secret word", **changes}).encode()


def poison_of(good: Callable[..., bytes], wrong: dict[str, Sequence[Any]]) -> list[bytes | None]:
    changed = [good(**{name: value}) for name, values in wrong.items() for value in values]
    return [*NO_RECORDS, *TOO_MUCH, *changed]


def write(topic: str, values: Sequence[bytes | None], partition: int = 0, key: bytes | None = None) -> None:
    producer = kafka.producer()
    for value in values:
        producer.produce(kafka.topic_name(topic), value, key, partition)
    assert producer.flush(20) == 0


def read(topic: str) -> list[Message]:
    """Return all that a topic holds."""
    reader = kafka.reader("test")
    found = [m for messages in kafka.read_to_end(reader, kafka.partitions_of(reader, topic)) for m in messages]
    reader.close()
    return found


def run(*words: str) -> list[str]:
    """Return what `manage.py dead_letters` prints."""
    out = StringIO()
    call_command("dead_letters", *words, stdout=out)
    return out.getvalue().splitlines()


def listed(topic: str) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return the letters of a topic, and how many there are of each reason."""
    rows = [json.loads(line) for line in run("list", topic, "--json", "--limit", "1000")]
    return [row for row in rows if "offset" in row], {row["reason"]: row["count"] for row in rows if "count" in row}
