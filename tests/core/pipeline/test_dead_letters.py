"""Writing and parsing of dead-letter headers, including missing and invalid ones."""

from __future__ import annotations

import pytest

from core.pipeline.dead_letters import (
    UNKNOWN,
    DeadLetter,
    Header,
    dead_letter_headers,
    escaped,
    kind_of_fault,
    parse_dead_letter,
    replay_note_headers,
    replayed_offset,
)


def dead_letter(headers: list[Header], *, key: bytes | None = b"7", value: bytes | None = b"{}") -> DeadLetter:
    return parse_dead_letter(offset=3, written_ms=9, key=key, value=value, headers=headers)


def headers_of(key: bytes | None, value: bytes | None, reason: str = "odd") -> list[Header]:
    return dead_letter_headers(topic="windows", partition=1, offset=42, key=key, value=value, reason=reason)


def test_a_dead_letter_round_trips() -> None:
    read = dead_letter(headers_of(b"7", b"{}", "not JSON"))
    assert read == DeadLetter(3, 9, 1, 42, "not JSON", 2, 1, b"7", b"{}")
    assert not read.is_truncated


def test_an_empty_record_is_not_truncated() -> None:
    assert not dead_letter(headers_of(None, None), key=None, value=None).is_truncated


@pytest.mark.parametrize(("key", "value"), [(b"7" * 2_000, b"{}"), (b"7", b"x" * 999_000)])
def test_a_truncated_dead_letter_is_marked(key: bytes, value: bytes) -> None:
    read = dead_letter(headers_of(key, value), key=key[:1_000], value=value[:1_000])
    assert read.is_truncated
    assert (read.key_length, read.length) == (len(key), len(value))


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("from", b"no place"), ("bytes", b"many"), ("reason", b"unknown")],
        [("from", b'["windows"]'), ("bytes", b"-1"), ("reason", "unknown")],
        [("from", b'{"partition": true, "offset": "4"}'), ("bytes", None), ("key_bytes", b"9" * 30)],
        [("from", b'{"partition": -4, "offset": 1.5}'), ("bytes", "١".encode())],
        [("from", b"[" * 100_000)],
    ],
)
def test_missing_headers_become_unknown_values(headers: list[Header]) -> None:
    assert dead_letter(headers) == DeadLetter(3, 9, UNKNOWN, UNKNOWN, "unknown", 2, 1, b"7", b"{}")


def test_a_reason_with_any_bytes_is_parsed() -> None:
    assert dead_letter([("reason", b"\xff bad")]).reason == "\\xff bad"
    assert (
        dead_letter(headers_of(None, None, "half of a pair: \ud800"), key=None, value=None).reason
        == "half of a pair: ?"
    )


def test_a_replay_note_names_the_replayed_dead_letter() -> None:
    assert replayed_offset(replay_note_headers(12)) == 12
    assert replayed_offset([("replayed", b"none of ours")]) == UNKNOWN
    assert replayed_offset(headers_of(b"7", b"{}")) is None


def test_faults_that_differ_only_in_numbers_are_of_one_kind() -> None:
    reasons = [f"at_ms {at_ms} predates Twitchly: expected ms since 1970" for at_ms in (5, 78_000)]
    assert {kind_of_fault(reason) for reason in reasons} == {"at_ms N predates Twitchly: expected ms since N"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße 🎉", "Grüße 🎉"),
        ("\x1b[31mred\r\n\x00", "\\x1b[31mred\\r\\n\\x00"),
        ("right \u202e to left", "right \\u202e to left"),
        ("half \ud800", "half \\ud800"),
    ],
)
def test_text_cannot_control_the_terminal(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_long_text_is_truncated_before_it_is_escaped() -> None:
    assert escaped("\n" * 5, 5) == "\\n" * 5
    assert escaped("\n" * 6, 5) == "\\n" * 5 + "…"
