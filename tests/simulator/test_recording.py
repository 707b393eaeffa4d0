import csv
import gzip
import io
from pathlib import Path

import pytest
from django.conf import settings

from simulator.ledger_writer import replay_run, reset_replay
from simulator.recording import BadRecording, Recording, row_id, rows_sent

T0 = 1_790_000_000_000
HEADER = "arrived_at,channel,user,text\n"
ROWS = (
    "2025-01-01T00:00:00.000000,amberyak,user_1,hello there\n"
    "2025-01-01T00:00:02.000000,icykettle,user_2,\"well, hello\"\n"
    "2025-01-01T00:00:04.000000,amberyak,user_1,bye\n"
)  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "chat.csv"
    path.write_text(HEADER + ROWS)
    return path


def playing(path: Path, speed: float = 1.0, sent: int = 0) -> Recording:
    recording = Recording(path, speed)
    recording.continue_from("run", sent)
    recording.start(T0)
    return recording


def test_rows_are_due_with_their_original_timing(path: Path) -> None:
    recording = playing(path)
    assert [(c.text, c.due_ms) for c in recording.due(T0 + 2_000)] == [("hello there", T0), ("well, hello", T0 + 2_000)]
    assert not recording.finished
    assert [c.text for c in recording.due(T0 + 4_000)] == ["bye"]
    assert recording.finished


def test_a_higher_speed_shortens_the_intervals(path: Path) -> None:
    assert [c.due_ms - T0 for c in playing(path, 4).due(T0 + 1_000)] == [0, 500, 1_000]


def test_a_gzipped_recording_is_read_like_an_uncompressed_one(path: Path, tmp_path: Path) -> None:
    packed = tmp_path / "chat.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert list(playing(packed).due(T0 + 9_999)) == list(playing(path).due(T0 + 9_999))


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_recording_saved_by_a_spreadsheet_is_read_like_the_original(
    path: Path, tmp_path: Path, delimiter: str, is_packed: bool
) -> None:
    saved = io.StringIO(newline="")
    csv.writer(saved, delimiter=delimiter).writerows(csv.reader(io.StringIO(HEADER + ROWS)))
    raw = f"\ufeff{saved.getvalue()}".encode()
    assert b"\r\n" in raw
    from_excel = tmp_path / "saved.csv"
    from_excel.write_bytes(gzip.compress(raw) if is_packed else raw)
    assert list(playing(from_excel).due(T0 + 9_999)) == list(playing(path).due(T0 + 9_999))
    assert playing(from_excel).malformed == 0


@pytest.mark.parametrize("start", ["", "\ufeff", "sep=,\n"])
def test_a_header_that_is_not_csv_is_reported_at_startup(path: Path, start: str) -> None:
    path.write_text(start + "x" * (csv.field_size_limit() + 1) + HEADER + ROWS)
    with pytest.raises(BadRecording, match=r"line \d of .*chat\.csv is not CSV: field larger"):
        Recording(path, 1)


def test_sent_rows_are_not_sent_again(path: Path) -> None:
    whole = list(playing(path).due(T0 + 9_999))
    rest = list(playing(path, sent=1).due(T0 + 9_999))
    assert [c.id for c in rest] == [c.id for c in whole[1:]]
    assert rest[0].due_ms == T0
    assert playing(path, sent=3).finished


def test_the_position_follows_from_the_newest_id_in_the_ledger() -> None:
    assert rows_sent("run", 3, row_id("run", 1)) == 2
    assert rows_sent("run", 3, row_id("another run", 1)) == 0
    assert rows_sent("run", 3, None) == 0


def test_a_run_keeps_its_id_until_the_file_or_the_speed_changes(path: Path, tmp_path: Path) -> None:
    run = replay_run(tmp_path, path, 4, T0)
    assert replay_run(tmp_path, path, 4, T0 + 5) == run
    assert replay_run(tmp_path, path, 2, T0 + 5) != run
    path.write_text(HEADER + ROWS + ROWS)
    longer = replay_run(tmp_path, path, 2, T0 + 6)
    assert replay_run(tmp_path, path, 2, T0 + 7) == longer
    reset_replay(tmp_path)
    assert replay_run(tmp_path, path, 2, T0 + 8) != longer


def test_a_damaged_replay_state_starts_a_new_run(path: Path, tmp_path: Path) -> None:
    for text in ("", "[]", '{"speed": 4}'):
        (tmp_path / "replay.json").write_text(text)
        assert str(T0) in replay_run(tmp_path, path, 4, T0)


def test_each_channel_in_the_file_becomes_a_stream(path: Path) -> None:
    streams = playing(path).streams(T0)
    assert [stream.channel.login for stream in streams] == ["amberyak", "icykettle"]
    assert streams[0].viewers > streams[1].viewers > 100
    assert all(stream.channel.id.isdigit() and len(stream.channel.id) == 9 for stream in streams)
    assert {c.id for c in Recording(path, 1).channels} == {stream.channel.id for stream in streams}


@pytest.mark.parametrize(
    "row",
    [
        "not a time,amberyak,user_1,hi",
        "2025-01-01T00:00:01,amberyak,user_1",
        "2025-01-01T00:00:01,two words,user_1,hi",
        "2025-01-01T00:00:01,amberyak,,hi",
        "2025-01-01T00:00:01,amberyak,user_1,",
        '2025-01-01T00:00:01,amberyak,user_1,"two\nlines"',
        '2025-01-01T00:00:01,amberyak,user_1,"carriage\rreturn"',
        "",
    ],
)
def test_a_malformed_row_is_skipped_and_counted(tmp_path: Path, row: str) -> None:
    path = tmp_path / "chat.csv"
    path.write_text(HEADER + row + "\n" + ROWS, newline="")
    recording = playing(path)
    assert (recording.rows, recording.malformed) == (3, 1)
    assert len(list(recording.due(T0 + 9_999))) == 3


def test_a_row_with_an_earlier_time_is_due_together_with_the_row_before_it(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    path.write_text(HEADER + ROWS + "2025-01-01T00:00:01,amberyak,user_1,late\n")
    assert [c.text for c in playing(path).due(T0 + 4_000)][-1] == "late"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "lacks the columns arrived_at, channel, user, text"),
        (b"arrived_at,channel,text\n", "lacks the columns user"),
        (HEADER.encode(), "has no valid row"),
        (HEADER.encode() + b"nothing,to,use,here\n", "(1 malformed)"),
    ],
)
def test_an_invalid_recording_is_reported_at_startup(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "chat.csv"
    path.write_bytes(content)
    with pytest.raises(BadRecording) as caught:
        Recording(path, 1)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_a_missing_or_truncated_file_is_reported_at_startup(tmp_path: Path) -> None:
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress((HEADER + ROWS * 1000).encode())[:-40])
    for path in (cut, tmp_path / "missing.csv", tmp_path):
        with pytest.raises(BadRecording, match="cannot read the recording"):
            Recording(path, 1)


def test_a_recording_is_played_completely() -> None:
    path = settings.DATA_DIR / "chat" / "chat_20250411T173538.csv.gz"
    if not path.exists():
        pytest.skip(f"recorded data is absent: {path} (TWITCHLY_DATA)")
    recording = playing(path, speed=1000)
    messages = list(recording.due(T0 + 10_000_000))
    assert len(messages) == recording.rows > 50_000
    assert len({message.id for message in messages}) == len(messages)
    assert recording.malformed == 0
    assert recording.finished
