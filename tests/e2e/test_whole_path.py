"""The complete path with real servers, from simulated chat to boards and history, including bad input."""

from __future__ import annotations

import json
import time
from typing import Any

import jsonschema
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from core.contracts import redis_keys
from core.metrics.columns import GRAINS, names_of
from core.pipeline.schemas import topic_schemas
from core.pipeline.topics import TOPIC
from drills.poison import bad_chat
from drills.stack import Stack, wait_until

pytestmark = pytest.mark.server

SCHEMAS = topic_schemas({grain: names_of(grain) for grain in GRAINS})
BOARDS = ("viewers", "messages", "engagement", "spam")


def test_the_boards_have_channels_and_update(stack: Stack) -> None:
    for board in BOARDS:
        before: Any = stack.boards.zrevrange(redis_keys.board(board), 0, 9, withscores=True)
        assert len(before) >= 5, board
    first = stack.boards.zrevrange(redis_keys.board("messages"), 0, 9, withscores=True)
    wait_until(
        lambda: stack.boards.zrevrange(redis_keys.board("messages"), 0, 9, withscores=True) != first,
        10,
        "the board to change",
    )


def is_complete(stack: Stack) -> bool:
    """Return whether every channel has chatters and full coverage."""
    channels = stack.listed_channels()
    distinct: Any = stack.boards.hkeys(redis_keys.window_values("live_distinct"))
    return len(channels) >= 50 and channels <= stack.covered() and channels <= set(distinct)


def test_every_channel_has_chatters_and_coverage(stack: Stack) -> None:
    wait_until(lambda: is_complete(stack), 90, "all channels to be covered")


@pytest.fixture(scope="module")
def poison(stack: Stack) -> list[bytes | None]:
    """Unusable records that were written to `chat`."""
    values = bad_chat(int(time.time() * 1000))
    stack.produce("chat", *values)
    return values


@pytest.fixture(scope="module")
def killed_ms(stack: Stack) -> float:
    """The time at which the producer was killed; it is running again, and the boards update."""
    before, at_ms = stack.processes()["producer"], time.time() * 1000
    stack.kill("producer")
    wait_until(lambda: stack.processes().get("producer", before) != before, 30, "the producer to be restarted")
    killed_end_ms = stack.newest_end_ms()
    wait_until(lambda: stack.newest_end_ms() > killed_end_ms + 5_000, 60, "the boards to update")
    return at_ms


@pytest.fixture(scope="module")
def figures(stack: Stack, poison: list[bytes | None], killed_ms: float) -> dict[str, Any]:
    """The figures from a ledger check of all chat since the start."""
    wait_until(lambda: is_complete(stack), 90, "all channels to be covered")
    return stack.check_ledger(faults=[(killed_ms - 5_000, killed_ms + 60_000)])


@pytest.mark.usefixtures("poison")
def test_poison_on_chat_stops_nothing(stack: Stack) -> None:
    before = stack.newest_end_ms()
    wait_until(lambda: stack.newest_end_ms() > before + 5_000, 30, "the boards to update again")
    assert stack.newest_end_ms() <= time.time() * 1000


FAR_MS = 1_795_400_000_000 + 10**12
WINDOW = {"v": 1, "grain": "live", "channel_id": "1", "start_ms": FAR_MS, "end_ms": FAR_MS + 30_000, "messages": 1}
EVENT = {"v": 1, "id": "x", "kind": "gap", "channel_id": "1", "at_ms": FAR_MS * 1000, "until_ms": FAR_MS * 1000}


@pytest.mark.parametrize(
    ("topic", "poison", "reason"),
    [
        ("windows-live", b"not json", "not JSON"),
        ("windows-live", json.dumps(WINDOW).encode(), "more than 2 h after"),
        ("windows", b"x" * 999_000, "not JSON"),
        ("channel-events", b"[]", "expected a JSON object"),
        ("channel-events", json.dumps(EVENT).encode(), "more than 2 h after"),
    ],
)
def test_an_unusable_record_becomes_a_dead_letter_with_the_reason(
    stack: Stack, topic: str, poison: bytes, reason: str
) -> None:
    stack.produce(topic, poison)
    message = dead_letter(stack, topic, poison)
    headers = {name: value for name, value in dict(message.headers() or []).items() if isinstance(value, bytes)}
    assert reason.encode() in headers["reason"]
    assert headers["bytes"] == str(len(poison)).encode()
    assert json.loads(headers["from"])["topic"] == topic
    before = stack.newest_end_ms()
    wait_until(lambda: stack.newest_end_ms() > before + 1_000, 20, "the boards to update again")
    assert stack.newest_end_ms() < time.time() * 1000


@pytest.mark.parametrize("topic", sorted(SCHEMAS))
def test_the_newest_records_of_each_topic_match_its_schema(stack: Stack, topic: str) -> None:
    """Records of `chat` and `channel-events` are from the producer and Celery, windows from Flink."""
    validator = jsonschema.Draft202012Validator(SCHEMAS[topic])
    records = [json.loads(value) for value in newest_values(stack, topic) if value.startswith(b'{"')]
    usable = [record for record in records if validator.is_valid(record)]
    assert len(usable) > len(records) * 0.9, next(
        str(next(validator.iter_errors(record))) for record in records if not validator.is_valid(record)
    )


def newest_values(stack: Stack, topic: str, count: int = 500) -> list[bytes]:
    """Return the values of the last records in each partition; other tests may have written unusable ones."""
    consumer = Consumer({"bootstrap.servers": stack.kafka, "group.id": "test"})
    values: list[bytes] = []
    try:
        for number in range(TOPIC[topic].partitions):
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
            consumer.assign([TopicPartition(topic, number, max(low, high - count))])
            messages = consumer.consume(min(count, high - low), timeout=10)
            values += [value for message in messages if isinstance(value := message.value(), bytes)]
    finally:
        consumer.close()
    assert values, topic
    return values


def dead_letter(stack: Stack, topic: str, poison: bytes) -> Message:
    """Return the dead letter that contains the poison record, or the start of it."""
    consumer = Consumer({"bootstrap.servers": stack.kafka, "group.id": "test"})
    consumer.assign([TopicPartition(f"{topic}-dlq", 0, OFFSET_BEGINNING)])
    until = time.monotonic() + 30
    try:
        while time.monotonic() < until:
            message = consumer.poll(1)
            value = message.value() if message is not None and message.error() is None else None
            if message is not None and isinstance(value, bytes) and value and poison.startswith(value):
                return message
    finally:
        consumer.close()
    raise AssertionError("the record is not among the dead letters")


def test_poison_is_rejected_and_a_killed_producer_leaves_a_gap(
    figures: dict[str, Any], poison: list[bytes | None]
) -> None:
    assert figures["rejected"] == len(poison)
    assert figures["in_gaps"] > 0


def test_listening_and_counting_are_exact(figures: dict[str, Any]) -> None:
    """A gap outside the time in which the producer was down would be a difference."""
    assert figures["explanations"] == []
    assert figures["differences"] == 0
    assert figures["sent"] > 1_000
    assert figures["windows"] > 500
    assert figures["sent"] == figures["in_chat"] + figures["in_gaps"] + figures["dropped"]


def test_no_record_is_late_in_flink(stack: Stack) -> None:
    reports = [line for line in stack.log("flink-job").splitlines() if "dropped as late" in line]
    assert reports
    assert ", 0 dropped as late since the watcher started" in reports[-1]
