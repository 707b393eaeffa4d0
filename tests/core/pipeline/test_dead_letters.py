"""What a dead letter says of the record in it, and how it is read back whoever wrote it."""

from __future__ import annotations

import pytest

from core.pipeline.dead_letters import (
    NOWHERE,
    Header,
    Letter,
    escaped,
    kind_of_fault,
    letter_headers,
    note_headers,
    noted_offset,
    read_letter,
)


def letter(headers: list[Header], *, key: bytes | None = b"7", value: bytes | None = b"{}") -> Letter:
    return read_letter(offset=3, written_ms=9, key=key, value=value, headers=headers)


def headers_of(key: bytes | None, value: bytes | None, reason: str = "odd") -> list[Header]:
    return letter_headers(topic="windows", partition=1, offset=42, key=key, value=value, reason=reason)


def test_a_letter_is_read_back_as_it_was_written() -> None:
    read = letter(headers_of(b"7", b"{}", "not JSON"))
    assert read == Letter(3, 9, 1, 42, "not JSON", 2, 1, b"7", b"{}")
    assert not read.is_cut


def test_an_empty_record_is_whole() -> None:
    assert not letter(headers_of(None, None), key=None, value=None).is_cut


@pytest.mark.parametrize(("key", "value"), [(b"7" * 2_000, b"{}"), (b"7", b"x" * 999_000)])
def test_a_letter_knows_what_was_cut_off(key: bytes, value: bytes) -> None:
    read = letter(headers_of(key, value), key=key[:1_000], value=value[:1_000])
    assert read.is_cut
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
def test_of_a_letter_that_is_not_ours_what_it_does_not_say_is_unknown(headers: list[Header]) -> None:
    assert letter(headers) == Letter(3, 9, NOWHERE, NOWHERE, "unknown", 2, 1, b"7", b"{}")


def test_a_reason_in_any_bytes_can_be_read() -> None:
    assert letter([("reason", b"\xff bad")]).reason == "\\xff bad"
    assert letter(headers_of(None, None, "half of a pair: \ud800"), key=None, value=None).reason == "half of a pair: ?"


def test_a_note_is_no_letter_and_names_the_one_that_was_put_back() -> None:
    assert noted_offset(note_headers(12)) == 12
    assert noted_offset([("replayed", b"none of ours")]) == NOWHERE
    assert noted_offset(headers_of(b"7", b"{}")) is None


def test_faults_that_differ_in_their_figures_are_of_one_kind() -> None:
    reasons = [f"at_ms {at_ms} is before Twitchly: expected ms since 1970" for at_ms in (5, 78_000)]
    assert {kind_of_fault(reason) for reason in reasons} == {"at_ms N is before Twitchly: expected ms since N"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße 🎉", "Grüße 🎉"),
        ("\x1b[31mred\r\n\x00", "\\x1b[31mred\\r\\n\\x00"),
        ("right \u202e to left", "right \\u202e to left"),
        ("half \ud800", "half \\ud800"),
    ],
)
def test_text_cannot_command_the_terminal(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_long_text_is_cut_before_it_is_escaped() -> None:
    assert escaped("\n" * 5, 5) == "\\n" * 5
    assert escaped("\n" * 6, 5) == "\\n" * 5 + "…"
