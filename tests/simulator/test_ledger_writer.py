from pathlib import Path

import pytest

from core.proof.ledger import Entry, format_entry, parse_entry
from core.times import HOUR_MS
from simulator.ledger_writer import LedgerWriter, last_entry

T0 = 1_790_000_000_000 // HOUR_MS * HOUR_MS


def entry(message_id: str, sent_ms: int = T0) -> Entry:
    return Entry(message_id, "7", sent_ms, 1)


def write(folder: Path, *entries: Entry) -> None:
    writer = LedgerWriter(folder)
    for ledger_entry in entries:
        writer.append(format_entry(ledger_entry), ledger_entry.sent_ms)
    writer.close()


def lines(folder: Path) -> list[bytes]:
    return [line for path in sorted(folder.glob("*.tsv")) for line in path.read_bytes().splitlines(keepends=True)]


def test_every_hour_has_its_own_file(tmp_path: Path) -> None:
    write(tmp_path / "ledger", entry("a", T0 + HOUR_MS - 1), entry("b", T0 + HOUR_MS))
    assert len(list((tmp_path / "ledger").iterdir())) == 2
    assert [parse_entry(line) for line in lines(tmp_path / "ledger")] == [
        entry("a", T0 + HOUR_MS - 1),
        entry("b", T0 + HOUR_MS),
    ]


def test_a_restarted_writer_continues_the_file(tmp_path: Path) -> None:
    write(tmp_path, entry("a"))
    write(tmp_path, entry("b"))
    assert [parse_entry(line) for line in lines(tmp_path)] == [entry("a"), entry("b")]


@pytest.mark.parametrize("cut", range(1, 12))
def test_an_incomplete_last_line_is_made_unparsable(tmp_path: Path, cut: int) -> None:
    write(tmp_path, entry("a"), Entry("b", "7", T0, 123))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-cut])
    write(tmp_path, entry("c"))
    read = [parse_entry(line) for line in lines(tmp_path)]
    assert read == [entry("a"), None, entry("c")]


def test_files_older_than_a_day_are_deleted_when_a_new_one_begins(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not part of the ledger")
    write(tmp_path, entry("old", T0), entry("recent", T0 + HOUR_MS), entry("new", T0 + 25 * HOUR_MS))
    assert [parse_entry(line) for line in lines(tmp_path)] == [
        entry("recent", T0 + HOUR_MS),
        entry("new", T0 + 25 * HOUR_MS),
    ]
    assert (tmp_path / "notes.txt").exists()


def test_the_newest_complete_entry_is_found_before_an_incomplete_one(tmp_path: Path) -> None:
    assert last_entry(tmp_path / "missing") is None
    assert last_entry(tmp_path) is None
    write(tmp_path, *(entry(f"m{n}", T0 + n) for n in range(5_000)))
    with next(tmp_path.iterdir()).open("ab") as file:
        file.write(b"torn\t7\t17")
    assert last_entry(tmp_path) == entry("m4999", T0 + 4_999)
