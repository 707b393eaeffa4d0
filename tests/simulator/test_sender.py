import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from core.proof.ledger import parse_entry
from simulator.faults import FaultRequest, Faults
from simulator.flood import Floods
from simulator.irc_lines import room_state
from simulator.irc_session import IrcSession
from simulator.ledger_writer import LedgerWriter
from simulator.recording import Recording
from simulator.rooms import Rooms
from simulator.sender import Sender
from simulator.source import DEFAULT_MODES, Channel, Item, ModeChange, Source, Stream

T0 = 1_790_000_000_000
CSV = (
    "arrived_at,channel,user,text\n"
    "2025-01-01T00:00:00,amberyak,user_1,one\n"
    "2025-01-01T00:00:01,icykettle,user_2,two\n"
    "2025-01-01T00:00:02,amberyak,user_1,three\n"
)


class Stage:
    """A sender of three rows, with a manual clock."""

    def __init__(self, folder: Path, *, wait: bool = False, source: Source | None = None) -> None:
        played = source or recorded(folder)
        self.now_ms = T0
        self.folder = folder
        self.rooms = Rooms(played.channels, lambda channel: room_state(played, channel, self.now_ms))
        self.floods = Floods()
        self.ledger = LedgerWriter(folder / "ledger")
        self.sender = Sender(
            source=played,
            floods=self.floods,
            rooms=self.rooms,
            ledger=self.ledger,
            now_ms=lambda: self.now_ms,
            wait_for_joins=wait,
        )

    def entries(self) -> list[tuple[str, int]]:
        entries = [parse_entry(line) for path in (self.folder / "ledger").iterdir() for line in path.open("rb")]
        return [(entry.id, entry.connections) for entry in entries if entry]

    def step(self, after_ms: int) -> None:
        self.now_ms = T0 + after_ms
        self.sender.step()


def recorded(folder: Path) -> Recording:
    (folder / "chat.csv").write_text(CSV)
    recording = Recording(folder / "chat.csv", 1)
    recording.continue_from("run", 0)
    return recording


class Script:
    """A source that plays the given items at once."""

    finished = False

    def __init__(self, *items: Item) -> None:
        self.channels = [item.channel for item in items[:1]]
        self._items = list(items)

    def start(self, now_ms: int) -> None:
        pass

    def due(self, now_ms: int) -> Iterator[Item]:
        while self._items:
            yield self._items.pop(0)

    def streams(self, now_ms: int) -> list[Stream]:
        return []

    def modes(self, channel: Channel, now_ms: int) -> Mapping[str, int]:
        return DEFAULT_MODES


class JoinedClient:
    """A joined session that reads the ledger whenever it receives lines."""

    def __init__(self, stage: Stage, *logins: str, caps: bytes = b"CAP REQ :twitch.tv/tags\r\n") -> None:
        self.lines: list[str] = []
        self.unwritten: list[str] = []
        self._stage = stage
        self.session = IrcSession(stage.rooms, self._receive)
        self.session.receive(caps + b"NICK justinfan1\r\n", 0.0)
        for login in logins:
            self.session.receive(f"JOIN #{login}\r\n".encode(), 0.0)

    def _receive(self, data: bytes) -> None:
        ledger = {message_id for message_id, _ in self._stage.entries()}
        for line in data.decode().splitlines():
            self.lines.append(line)
            if line.startswith("@") and line.split("id=")[1].split(";")[0] not in ledger:
                self.unwritten.append(line)


def test_the_ledger_contains_every_id_before_the_line_is_sent(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    listener = JoinedClient(stage, "amberyak", "icykettle")
    for after_ms in (0, 10, 1_010, 2_010):
        stage.step(after_ms)
    assert len(listener.lines) == 3
    assert listener.unwritten == []


def test_the_ledger_records_the_number_of_recipients(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    JoinedClient(stage, "amberyak")
    leaving = JoinedClient(stage, "amberyak")
    stage.step(0)
    stage.step(1_000)
    leaving.session.leave()
    stage.step(2_000)
    assert [connections for _, connections in stage.entries()] == [2, 0, 1]


def test_tags_with_the_send_time_are_sent_only_to_clients_that_request_tags(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    tagged, plain = JoinedClient(stage, "amberyak"), JoinedClient(stage, "amberyak", caps=b"")
    stage.step(0)
    stage.step(777)
    assert f";tmi-sent-ts={T0 + 777};" in tagged.lines[0]
    assert plain.lines == [":user_1!user_1@user_1.tmi.twitch.tv PRIVMSG #amberyak :one"]
    assert tagged.lines[0].endswith(plain.lines[0])


def test_nothing_is_sent_before_every_channel_is_joined(tmp_path: Path) -> None:
    stage = Stage(tmp_path, wait=True)
    first = JoinedClient(stage, "amberyak")
    stage.step(0)
    stage.step(60_000)
    assert first.lines == []
    second = JoinedClient(stage, "icykettle")
    stage.step(70_000)
    stage.step(71_000)
    assert (len(first.lines), len(second.lines)) == (1, 1)


def test_delays_are_logged_and_nothing_is_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(tmp_path)
    stage.step(0)
    with caplog.at_level(logging.INFO):
        stage.step(9_000)
        stage.step(9_020)
    assert "s behind" in caplog.text
    assert caplog.text.count("replay finished") == 1
    assert len(stage.entries()) == 3


def test_nothing_is_sent_when_the_ledger_cannot_be_written(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    listener = JoinedClient(stage, "amberyak")
    stage.step(0)
    (tmp_path / "ledger").rmdir()
    with pytest.raises(OSError, match="ledger"):
        stage.step(10)
    assert listener.lines == []


def test_a_flood_is_sent_and_recorded_along_with_the_chat(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    listener = JoinedClient(stage, "amberyak")
    fault = Faults().begin(FaultRequest("flood", 1, rate=10), T0)
    stage.floods.begin(fault, stage.rooms.joined_first(1))
    for after_ms in (0, 500, 5_000):
        stage.step(after_ms)
    assert len(listener.lines) == len({line.split(";id=")[1][:36] for line in listener.lines}) == 12
    assert listener.unwritten == []
    assert len(stage.entries()) == 13


def test_sent_items_are_counted_by_ledger_kind(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    for after_ms in (0, 9_000):
        stage.step(after_ms)
    assert stage.sender.sent == {"message": 3}


def test_a_notice_is_sent_only_to_clients_with_commands(tmp_path: Path) -> None:
    channel = Channel("11", "amberyak", "AmberYak")
    stage = Stage(tmp_path, source=Script(ModeChange("m1", channel, T0, "slow", 30)))
    without = JoinedClient(stage, "amberyak")
    with_commands = JoinedClient(stage, "amberyak", caps=b"CAP REQ :twitch.tv/commands\r\n")
    for after_ms in (0, 10):
        stage.step(after_ms)
    assert (without.lines, with_commands.lines) == ([], [":tmi.twitch.tv ROOMSTATE #amberyak"])
    assert stage.entries() == [("m1", 1)]
    assert stage.sender.sent == {"mode": 1}
