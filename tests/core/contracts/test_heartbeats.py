"""Heartbeats are read back as written; those of other versions and damaged ones are unreadable, not zero."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.contracts.heartbeats import (
    CLASSES,
    VERSION,
    BoardsHeartbeat,
    Heartbeat,
    HistoryHeartbeat,
    ProducerHeartbeat,
    StreamHeartbeat,
    UnreadableHeartbeat,
    WebHeartbeat,
    WorkerHeartbeat,
    read_heartbeat,
)

T0 = 1_795_400_000_000
SINK = {"rows_per_s": 80.5, "lag": 3, "lag_s": 0.5, "newest_ms": T0, "dead_letters": 1, "waits": True, "halted": "no"}
# Heartbeats as other processes of this version write them. A change here requires a new VERSION.
EXAMPLES: dict[type[Heartbeat], dict[str, Any]] = {
    ProducerHeartbeat: {
        "wanted": 60,
        "confirmed": 59,
        "connections": 2,
        "quiet_s": 0.25,
        "heard_per_s": 310.5,
        "acked_per_s": 371.0,
        "waiting": 12,
        "lost": 4,
        "is_held": False,
    },
    HistoryHeartbeat: SINK,
    BoardsHeartbeat: SINK,
    StreamHeartbeat: {
        "answers": True,
        "runs": True,
        "restarts": 1,
        "waiting": 40,
        "read_per_s": 370.0,
        "late_dropped": 2,
        "failed": 3,
        "checkpoint_ms": T0 - 9_000,
        "checkpoint_bytes": 81_920,
        "checkpoint_s": 0.14,
    },
    WorkerHeartbeat: {"done": 7, "failed": 1, "live": 58},
    WebHeartbeat: {
        "sockets": 9,
        "requests_per_s": 2.5,
        "frames_per_s": 9.0,
        "errors": 1,
        "slow_closed": 2,
        "tick_age_s": 0.75,
    },
}
PRODUCER = EXAMPLES[ProducerHeartbeat]


def stored(facts: Any, **changes: Any) -> bytes:
    return json.dumps({"v": VERSION, "at_ms": T0, "facts": facts} | changes).encode()


def test_every_kind_has_an_example() -> None:
    assert {cls.kind: cls for cls in EXAMPLES} == CLASSES
    assert VERSION == 2


@pytest.mark.parametrize("cls", EXAMPLES, ids=lambda cls: cls.kind)
def test_a_heartbeat_is_read_back_as_written(cls: type[Heartbeat]) -> None:
    heartbeat = cls(name="host:1", at_ms=T0, **EXAMPLES[cls])
    assert read_heartbeat(cls.kind, "host:1", stored(EXAMPLES[cls])) == heartbeat
    assert json.loads(heartbeat.to_json()) == json.loads(stored(EXAMPLES[cls]))


def test_an_unknown_value_stays_unknown() -> None:
    facts = EXAMPLES[StreamHeartbeat] | {"checkpoint_ms": None, "waiting": None}
    heartbeat = read_heartbeat("stream", "1", stored(facts))
    assert isinstance(heartbeat, StreamHeartbeat)
    assert (heartbeat.checkpoint_ms, heartbeat.waiting) == (None, None)


def test_a_whole_number_is_a_valid_rate() -> None:
    heartbeat = read_heartbeat("producer", "1", stored(PRODUCER | {"heard_per_s": 0}))
    assert isinstance(heartbeat, ProducerHeartbeat)
    assert heartbeat.heard_per_s == 0


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (json.dumps({"at_ms": T0, "facts": PRODUCER}).encode(), "version 1, expected 2"),
        (stored(PRODUCER, v=3), "version 3, expected 2"),
        (stored(PRODUCER, v=[[]]), "version unknown, expected 2"),
        (stored({}), "fields do not match version 2"),
        (stored(7), "fields do not match version 2"),
        (stored({name: value for name, value in PRODUCER.items() if name != "lost"}), "fields do not match version 2"),
        (stored(PRODUCER | {"more": 1}), "fields do not match version 2"),
        (stored(PRODUCER | {"lost": None}), "invalid value for lost"),
        (stored(PRODUCER | {"lost": True, "is_held": 0}), "invalid value for lost, is_held"),
        (stored(PRODUCER | {"lost": 1.5}), "invalid value for lost"),
        (stored(PRODUCER | {"lost": 10**400}), "invalid value for lost"),
        (stored(PRODUCER | {"quiet_s": float("nan")}), "invalid value for quiet_s"),
        (stored(PRODUCER | {"quiet_s": float("inf")}), "invalid value for quiet_s"),
        (stored(PRODUCER | {"quiet_s": "0"}), "invalid value for quiet_s"),
    ],
)
def test_damaged_heartbeats_and_those_of_another_version_keep_only_their_time(value: bytes, problem: str) -> None:
    assert read_heartbeat("producer", "1", value) == UnreadableHeartbeat("producer", "1", T0, problem)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no time"),
        (b"null", "no time"),
        (stored(PRODUCER, at_ms="now"), "no time"),
        (stored(PRODUCER, at_ms=1e9), "no time"),
    ],
)
def test_a_damaged_heartbeat_may_have_no_time(value: bytes, problem: str) -> None:
    assert read_heartbeat("producer", "1", value) == UnreadableHeartbeat("producer", "1", None, problem)


def test_a_truncated_heartbeat_is_unreadable() -> None:
    whole = stored(PRODUCER)
    read = [read_heartbeat("producer", "1", whole[:length]) for length in range(len(whole))]
    assert {type(heartbeat) for heartbeat in read} == {UnreadableHeartbeat}


def test_an_unknown_kind_is_unreadable() -> None:
    heartbeat = read_heartbeat("reader", "1", stored(PRODUCER))
    assert heartbeat == UnreadableHeartbeat("reader", "1", T0, "unknown kind of process")


def test_a_number_that_is_not_finite_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        ProducerHeartbeat(name="1", at_ms=T0, **PRODUCER | {"quiet_s": float("inf")}).to_json()
