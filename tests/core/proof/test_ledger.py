import pytest

from core.proof.ledger import TORN_END, Entry, file_hour_ms, file_name, format_entry, parse_entry

SENT_MS = 1_790_000_000_000


def entry(kind: str = "message") -> Entry:
    return Entry("m1", "7", SENT_MS, 12, kind)


@pytest.mark.parametrize("kind", ["message", "copy", "raid", "submysterygift", "mode"])
def test_an_entry_round_trips(kind: str) -> None:
    assert parse_entry(format_entry(entry(kind))) == entry(kind)


def test_every_incomplete_line_is_recognized() -> None:
    line = format_entry(entry())
    for length in range(1, len(line)):
        assert parse_entry(line[:length]) is None
        assert parse_entry(line[:length] + TORN_END) is None


@pytest.mark.parametrize("line", [b"\n", b"a\tb\n", b"a\tb\tc\td\te\n", b"\xff\t7\t5\t1\tm\n", b"a\t7\t5\t1\n"])
def test_a_malformed_line_is_not_an_entry(line: bytes) -> None:
    assert parse_entry(line) is None


def test_a_file_is_named_after_the_utc_hour() -> None:
    assert file_name(1_795_400_999_999) == "2026-11-23T02.tsv"
    assert file_hour_ms("2026-11-23T02.tsv") == 1_795_399_200_000
    assert file_hour_ms("replay.json") is None
