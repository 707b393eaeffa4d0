import logging
from pathlib import Path

import pytest

from apps.ingest.simulator.irc_session import IrcSession, Rooms
from apps.ingest.simulator.ledger_writer import LedgerWriter
from apps.ingest.simulator.recording import Recording
from apps.ingest.simulator.sender import Sender
from core.ledger import parse_entry

T0 = 1_790_000_000_000
CSV = (
    "arrived_at,channel,user,text\n"
    "2025-01-01T00:00:00,amberyak,user_1,one\n"
    "2025-01-01T00:00:01,icykettle,user_2,two\n"
    "2025-01-01T00:00:02,amberyak,user_1,three\n"
)


class Stage:
    """A sender of three rows with a clock that is set by hand."""

    def __init__(self, folder: Path, *, wait: bool = False) -> None:
        (folder / "chat.csv").write_text(CSV)
        recording = Recording(folder / "chat.csv", 1)
        recording.continue_from("run", 0)
        self.now_ms = T0
        self.folder = folder
        self.rooms = Rooms(recording.channels)
        self.ledger = LedgerWriter(folder / "ledger")
        self.sender = Sender(
            source=recording, rooms=self.rooms, ledger=self.ledger, now_ms=lambda: self.now_ms, wait_for_joins=wait
        )

    def entries(self) -> list[tuple[str, int]]:
        found = [parse_entry(line) for path in (self.folder / "ledger").iterdir() for line in path.open("rb")]
        return [(entry.id, entry.connections) for entry in found if entry]

    def step(self, after_ms: int) -> None:
        self.now_ms = T0 + after_ms
        self.sender.step()


class Listener:
    """A joined session; at every line it looks up what the ledger holds by then."""

    def __init__(self, stage: Stage, *logins: str, caps: bytes = b"CAP REQ :twitch.tv/tags\r\n") -> None:
        self.lines: list[str] = []
        self.unwritten: list[str] = []
        self._stage = stage
        self.session = IrcSession(stage.rooms, self._hear)
        self.session.receive(caps + b"NICK justinfan1\r\n", 0.0)
        for login in logins:
            self.session.receive(f"JOIN #{login}\r\n".encode(), 0.0)

    def _hear(self, data: bytes) -> None:
        ledger = {message_id for message_id, _ in self._stage.entries()}
        for line in data.decode().splitlines():
            self.lines.append(line)
            if line.startswith("@") and line.split("id=")[1].split(";")[0] not in ledger:
                self.unwritten.append(line)


def test_the_ledger_holds_every_id_before_the_line_is_sent(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    listener = Listener(stage, "amberyak", "icykettle")
    for after_ms in (0, 10, 1_010, 2_010):
        stage.step(after_ms)
    assert len(listener.lines) == 3
    assert listener.unwritten == []


def test_the_ledger_tells_to_how_many_connections_a_message_goes(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    Listener(stage, "amberyak")
    leaving = Listener(stage, "amberyak")
    stage.step(0)
    stage.step(1_000)
    leaving.session.leave()
    stage.step(2_000)
    assert [connections for _, connections in stage.entries()] == [2, 0, 1]


def test_a_line_carries_the_moment_of_sending_and_its_tags_only_for_those_who_asked(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    tagged, plain = Listener(stage, "amberyak"), Listener(stage, "amberyak", caps=b"")
    stage.step(0)
    stage.step(777)
    assert f";tmi-sent-ts={T0 + 777};" in tagged.lines[0]
    assert plain.lines == [":user_1!user_1@user_1.tmi.twitch.tv PRIVMSG #amberyak :one"]
    assert tagged.lines[0].endswith(plain.lines[0])


def test_nothing_is_sent_before_every_channel_is_joined(tmp_path: Path) -> None:
    stage = Stage(tmp_path, wait=True)
    first = Listener(stage, "amberyak")
    stage.step(0)
    stage.step(60_000)
    assert first.lines == []
    second = Listener(stage, "icykettle")
    stage.step(70_000)
    stage.step(71_000)
    assert (len(first.lines), len(second.lines)) == (1, 1)


def test_falling_behind_is_said_and_nothing_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(tmp_path)
    stage.step(0)
    with caplog.at_level(logging.INFO):
        stage.step(9_000)
        stage.step(9_020)
    assert "behind its pace" in caplog.text
    assert caplog.text.count("replay finished") == 1
    assert len(stage.entries()) == 3


def test_nothing_is_sent_when_the_ledger_cannot_be_written(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    listener = Listener(stage, "amberyak")
    stage.step(0)
    (tmp_path / "ledger").rmdir()
    with pytest.raises(OSError, match="ledger"):
        stage.step(10)
    assert listener.lines == []
