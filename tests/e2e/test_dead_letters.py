"""`manage.py dead_letters` on real topics: dead letters are explained, replayed, and found on chat."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest
from django.core.management.base import CommandError
from pytest_django import Settings

from apps.metrics.dead_letter_reader import DeadLetterReader
from apps.metrics.dead_letters import DeadLetters
from drills.poison import HUGE, event, poison_of, window
from tests.e2e.dead_letters import chat_message, listed, read, run, write
from twitchly import kafka

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("topics")]


def write_dead_letters(topic: str, *values: bytes | None, key: bytes | None = None) -> None:
    """Write records to a topic and turn them into dead letters, as a reader of an older version would."""
    before = len(read(topic))
    write(topic, values, partition=1, key=key)
    dead_letters = DeadLetters(kafka.producer())
    for message in read(topic)[before:]:
        dead_letters.add(message, "an older reader's reason")
    assert dead_letters.flush(lambda: False)


def test_a_dead_letter_is_explained_by_the_current_reader() -> None:
    write_dead_letters("windows", window("7"), window("7", grain="\x1byear"), b"y" * 950_000, None, key=b"seven")
    usable, unusable, cut, empty = (run("explain", "windows", str(offset)) for offset in range(4))
    assert "now       usable now" in usable
    assert "reason    an older reader's reason" in usable
    assert "from      windows/1/0" in usable
    assert "key       seven" in usable
    assert f"value     {window('7').decode()}" in usable
    assert any(line.startswith("now       unknown grain '\\x1byear'") for line in unusable)
    assert "bytes     950,000, 900,000 of them kept" in cut
    assert cut[-1] == f"value     {'y' * 2_000}…"
    assert empty[-1] == "value     none"
    with pytest.raises(CommandError, match="no dead letter at 4: offsets 0 to 3 are kept"):
        run("explain", "windows", "4")
    with pytest.raises(CommandError, match="no dead letter at 0: none are kept"):
        run("explain", "channel-events", "0")


def test_usable_dead_letters_are_replayed_once_with_their_key() -> None:
    write_dead_letters("windows", window("7"), b"no", b"y" * 950_000, window("7", 1), key=b"seven")
    output = run("replay", "windows", "--all")
    assert (output[0], output[3]) == ("windows 0: replayed", "windows 3: replayed")
    assert output[1].startswith("windows 1: rejected: not JSON")
    assert output[2].startswith("windows 2: rejected: it was truncated")
    back = read("windows")[4:]
    assert [(m.partition(), m.key(), m.value()) for m in back] == [
        (1, b"seven", window("7")),
        (1, b"seven", window("7", 1)),
    ]
    assert [row["replayed"] for row in listed("windows")[0]] == [True, False, False, True]
    assert [line.split(": ")[1] for line in run("replay", "windows", "--all")] == ["rejected", "rejected"]
    assert len(read("windows")) == 6


def test_a_dead_letter_chosen_by_offset_can_be_replayed_twice_and_a_replay_note_is_not_a_dead_letter() -> None:
    write_dead_letters("channel-events", event("7"), b"no", key=b"7")
    for _ in range(2):
        assert run("replay", "channel-events", "0") == ["channel-events 0: replayed"]
    assert [message.value() for message in read("channel-events")[2:]] == [event("7")] * 2
    assert "replayed  yes" in run("explain", "channel-events", "0")
    with pytest.raises(CommandError, match="1 of 2 dead letters were rejected"):
        run("replay", "channel-events", "0", "1")
    with pytest.raises(CommandError, match="no dead letter at 2: offsets 0 to 4 are kept"):
        run("replay", "channel-events", "0", "2")
    assert len(read("channel-events")) == 5


def test_a_dead_letter_from_a_missing_partition_is_replayed_by_its_key() -> None:
    producer = kafka.producer()
    source = json.dumps({"topic": "windows", "partition": 10**12, "offset": 3}).encode()
    producer.produce(kafka.topic_name("windows-dlq"), window("7"), b"7", headers=[("from", source)])
    assert producer.flush(20) == 0
    assert run("replay", "windows", "--all") == ["windows 0: replayed"]
    assert [(message.key(), message.value()) for message in read("windows")] == [(b"7", window("7"))]


def test_the_newest_dead_letters_of_all_topics_are_listed_last() -> None:
    write_dead_letters("windows", *[b"no"] * 3)
    write_dead_letters("channel-events", b"no")
    write_dead_letters("windows-live", b"[]")
    lines = run("list", "--limit", "3")
    assert [line.split()[2] for line in lines[:3]] == ["windows/1/2", "channel-events/1/0", "windows-live/1/0"]
    assert lines[3] == "     3  windows  an older reader's reason"
    assert len(lines) == 6
    assert run("list", "windows", "--limit", "0") == ["     3  windows  an older reader's reason"]


def test_all_dead_letters_arrive_even_if_the_client_cannot_buffer_them() -> None:
    write("windows", [b"%d" % number for number in range(20)])
    dead_letters = DeadLetters(kafka.producer(**{"queue.buffering.max.messages": 3, "linger.ms": 100}))
    for message in read("windows"):
        dead_letters.add(message, "odd")
    assert dead_letters.flush(lambda: False)
    assert sorted(row["source_offset"] for row in listed("windows")[0]) == list(range(20))


def test_a_record_of_maximum_length_fits_into_a_dead_letter_with_its_headers() -> None:
    producer = kafka.producer(**{"message.max.bytes": 1_040_000})
    producer.produce(kafka.topic_name("windows"), b"v" * 900_000, b"k" * 130_000)
    assert producer.flush(20) == 0
    dead_letters = DeadLetters(kafka.producer())
    dead_letters.add(read("windows")[0], "odd")
    assert dead_letters.flush(lambda: False)
    assert listed("windows")[0][0]["bytes"] == 900_000
    assert "or its key of 130000 bytes, exceeds the maximum" in run("replay", "windows", "--all")[0]


def test_a_record_that_flink_ignored_is_not_moved_by_a_second_scan() -> None:
    bad_values: dict[str, Sequence[Any]] = {
        "kind": [None, "weird"],
        "at_ms": [None, "soon", int(time.time() * 1000) + 10_800_000, *HUGE],
        "words": [None, "many"],
        "user_hash": [None, 2**63],
        "channel_id": [None, "\ud800"],
    }
    poison = poison_of(chat_message, bad_values)
    for partition in range(3):
        write("chat", [value for bad in poison[partition::3] for value in (chat_message(), bad)], partition)
    assert (
        run("--scan", "chat")[-1] == f"read {2 * len(poison)} records of chat, moved {len(poison)} to the dead letters"
    )
    rows, counts = listed("chat")
    assert sorted(row["bytes"] for row in rows) == sorted(len(value or b"") for value in poison)
    assert {(row["partition"], row["source_offset"] % 2) for row in rows} == {(0, 1), (1, 1), (2, 1)}
    assert sum(counts.values()) == len(poison)
    assert run("--scan", "chat") == ["read 0 records of chat, moved 0 to the dead letters"]
    write("chat", [chat_message(), b"one more"], partition=3)
    assert run("--scan", "chat")[-1] == "read 2 records of chat, moved 1 to the dead letters"
    assert len(listed("chat")[0]) == len(poison) + 1


def test_a_scan_uses_the_instances_clock(settings: Settings) -> None:
    settings.CLOCK_OFFSET_MS = 10_800_000
    write("chat", [chat_message(at_ms=int(time.time() * 1000) + 10_800_000)])
    assert run("--scan", "chat") == ["read 1 records of chat, moved 0 to the dead letters"]


def test_dead_letters_from_chat_have_no_text_and_cannot_be_replayed() -> None:
    write("chat", [chat_message(words=None), b"a secret word"])
    run("--scan", "chat")
    output = [*run("list"), *run("list", "chat", "--json"), *run("explain", "chat", "0"), *run("explain", "chat", "1")]
    assert any("words is None" in line for line in output)
    assert not any("secret" in line for line in output)
    with closing(DeadLetterReader("chat")) as reader:
        assert [(dead_letter.value, dead_letter.length) for dead_letter in reader.dead_letters()][1] == (None, 13)
    with pytest.raises(CommandError, match="cannot be replayed"):
        run("replay", "chat", "--all")


def test_a_scan_stops_at_too_many_unusable_records_and_the_next_scan_continues() -> None:
    write("chat", [*[chat_message()] * 50, *[b"no"] * 150, *[chat_message()] * 9])
    with pytest.raises(CommandError, match="101 of the last 151 records of chat were unusable"):
        run("--scan", "chat")
    assert len(listed("chat")[0]) == 100
    assert run("--scan", "chat")[-1] == "read 59 records of chat, moved 50 to the dead letters"
    assert [row["source_offset"] for row in listed("chat")[0]] == list(range(50, 200))


def test_an_unavailable_kafka_is_reported_with_its_address(settings: Settings) -> None:
    settings.KAFKA_BOOTSTRAP = "127.0.0.1:1"
    with pytest.raises(CommandError, match=r"Kafka at 127\.0\.0\.1:1 is not responding"):
        run("list", "windows")
