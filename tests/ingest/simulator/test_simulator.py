import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from apps.ingest.simulator.audience import Audience
from apps.ingest.simulator.irc_server import IrcServer
from apps.ingest.simulator.irc_session import Rooms
from apps.ingest.simulator.ledger_writer import LedgerWriter
from apps.ingest.simulator.simulator import PortTaken, Simulator, listen
from core.ledger import Entry, parse_entry
from twitchly.clock import now_ms
from twitchly.env import ROOT

HELLO = b"CAP REQ :twitch.tv/tags twitch.tv/commands\r\nNICK justinfan7\r\n"


class Client:
    """A raw socket to the simulated IRC."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def line(self) -> str:
        data = await asyncio.wait_for(self.reader.readuntil(b"\r\n"), 10)
        return data.decode().removesuffix("\r\n")

    async def until(self, wanted: Callable[[str], bool]) -> str:
        while not wanted(line := await self.line()):
            pass
        return line


@contextlib.asynccontextmanager
async def client(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def entries(folder: Path) -> list[Entry]:
    lines = [line for path in folder.glob("*.tsv") for line in path.read_bytes().splitlines(keepends=True)]
    return [entry for entry in map(parse_entry, lines) if entry]


@pytest.fixture
async def simulated(tmp_path: Path) -> AsyncIterator[tuple[int, int, Audience, Path]]:
    audience, ledger = Audience(channels=5, rate=200, seed=3), LedgerWriter(tmp_path)
    irc, helix, stop = listen(0, "IRC"), listen(0, "Helix"), asyncio.Event()
    ports = port_of(irc), port_of(helix)
    simulator = Simulator(source=audience, ledger=ledger, now_ms=now_ms, wait_for_joins=False)
    running = asyncio.create_task(simulator.run(irc=irc, helix=helix, stop=stop))
    yield *ports, audience, tmp_path
    stop.set()
    await asyncio.wait_for(running, 2)
    ledger.close()


def tags_of(line: str) -> dict[str, str]:
    return dict(tag.split("=", 1) for tag in line.split(" ", 1)[0].removeprefix("@").split(";"))


async def test_a_raw_client_joins_reads_tags_and_is_answered(simulated: tuple[int, int, Audience, Path]) -> None:
    port, _, audience, folder = simulated
    channel = audience.channels[0]
    async with client(port) as irc:
        irc.writer.write(HELLO + f"JOIN #{channel.login}\r\nPING :still here\r\n".encode())
        assert await irc.line() == ":tmi.twitch.tv CAP * ACK :twitch.tv/tags twitch.tv/commands"
        assert (await irc.line()).startswith(":tmi.twitch.tv 001 justinfan7 ")
        await irc.until(lambda line: line.endswith(f"JOIN #{channel.login}"))
        assert " 353 justinfan7 = " in await irc.line()
        assert " 366 justinfan7 " in await irc.line()
        assert f"room-id={channel.id};" in await irc.line()
        assert await irc.line() == ":tmi.twitch.tv PONG tmi.twitch.tv :still here"
        messages = [await irc.until(lambda line: " PRIVMSG " in line) for _ in range(20)]
    tags = [tags_of(line) for line in messages]
    assert {tag["room-id"] for tag in tags} == {channel.id}
    sent = {entry.id: entry for entry in entries(folder)}
    for tag in tags:
        entry = sent[tag["id"]]
        assert (entry.channel_id, str(entry.sent_ms)) == (channel.id, tag["tmi-sent-ts"])
        assert entry.connections == 1
        assert abs(entry.sent_ms - now_ms()) < 20_000


async def test_streams_of_helix_are_the_channels_of_irc(simulated: tuple[int, int, Audience, Path]) -> None:
    _, port, audience, _ = simulated
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as api:
        form = {"client_id": "a", "client_secret": "b", "grant_type": "client_credentials"}
        token = (await api.post("/oauth2/token", data=form)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Client-Id": "a"}
        streams = (await api.get("/helix/streams", headers=headers)).json()["data"]
    assert {stream["user_login"] for stream in streams} == {channel.login for channel in audience.channels}


async def test_garbage_from_one_client_does_not_disturb_another(simulated: tuple[int, int, Audience, Path]) -> None:
    port, _, audience, _ = simulated
    async with client(port) as bad, client(port) as good:
        bad.writer.write(os.urandom(5_000) + b"\r\n" + b"x" * 40_000)
        await bad.writer.drain()
        good.writer.write(HELLO + f"JOIN #{audience.channels[0].login}\r\n".encode())
        await good.until(lambda line: " PRIVMSG " in line)
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(bad.reader.read(), 5)
        assert await good.until(lambda line: " PRIVMSG " in line)


async def irc_server(**options: float) -> tuple[IrcServer, int]:
    listener = listen(0, "IRC")
    port = port_of(listener)
    server = IrcServer(Rooms(Audience(channels=3, rate=1, seed=1).channels), **options)  # type: ignore[arg-type]
    await server.start(listener)
    return server, port


async def test_the_server_pings_its_clients() -> None:
    server, port = await irc_server(ping_every_s=0.05)
    async with client(port) as irc:
        assert await irc.line() == "PING :tmi.twitch.tv"
        irc.writer.write(b"PONG :tmi.twitch.tv\r\n")
        assert await irc.line() == "PING :tmi.twitch.tv"
    server.close()


async def test_a_client_that_does_not_read_is_dropped_and_leaves_its_rooms() -> None:
    server, port = await irc_server(max_unread_bytes=1_000_000)
    login = next(iter(server.rooms.channels))
    async with client(port) as irc:
        irc.writer.write(HELLO + f"JOIN #{login}\r\n".encode())
        await irc.until(lambda line: " ROOMSTATE " in line)
        (session,) = server.rooms.sessions(login)
        irc.reader._transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(100):
            session.send(b"x" * 500_000)
            if not server.rooms.sessions(login):
                break
        assert not server.rooms.sessions(login)
        await asyncio.sleep(0.01)
        assert not server.clients
    server.close()


def test_a_taken_port_is_named() -> None:
    with listen(0, "IRC") as taken, pytest.raises(PortTaken, match=f"port {port_of(taken)} for Helix"):
        listen(port_of(taken), "Helix")


def test_a_killed_replay_goes_on_where_it_was_and_never_plays_twice(tmp_path: Path) -> None:
    recording, ledger = tmp_path / "chat.csv", tmp_path / "ledger"
    rows = "".join(
        f"2025-01-01T00:00:{n // 20:02}.{n % 20 * 5:02},amberyak,user_{n % 7},number {n}\n" for n in range(60)
    )
    recording.write_text("arrived_at,channel,user,text\n" + rows)
    killed = simulate(tmp_path, "--replay", str(recording), "--speed", "2")
    wait_until(lambda: len(entries(ledger)) > 5)
    killed.kill()
    killed.wait()
    before = entries(ledger)
    assert len(before) < 60
    again = simulate(tmp_path, "--replay", str(recording), "--speed", "2")
    wait_until(lambda: len(entries(ledger)) == 60)
    again.send_signal(signal.SIGTERM)
    assert again.wait(15) == 0
    third = simulate(tmp_path, "--replay", str(recording), "--speed", "2")
    wait_until(lambda: "replay finished" in (tmp_path / "log").read_text().partition("row 60 of 60")[2])
    third.send_signal(signal.SIGINT)
    assert third.wait(15) == 0
    assert len({entry.id for entry in entries(ledger)}) == len(entries(ledger)) == 60


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--replay", "/nowhere/chat.csv"], "/nowhere/chat.csv"),
        (["--speed", "0"], "not a number above 0"),
        (["--rate", "fast"], "not a number above 0"),
        (["--channels", "-3"], "not a whole number above 0"),
    ],
)
def test_a_wrong_argument_is_named_at_the_start(tmp_path: Path, arguments: list[str], why: str) -> None:
    process = simulate(tmp_path, *arguments)
    assert process.wait(20) != 0
    assert why in (tmp_path / "log").read_text()


def simulate(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "simulate_twitch", "--irc-port", "0", "--helix-port", "0"]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*command, "--ledger", str(folder / "ledger"), "--no-wait-for-joins", *arguments],
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )


def wait_until(true: Callable[[], bool], timeout_s: float = 20) -> None:
    for _ in range(int(timeout_s * 50)):
        if true():
            return
        signal.sigtimedwait([], 0.02)
    raise AssertionError("it did not happen in time")
