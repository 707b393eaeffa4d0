"""Connection pool against a minimal IRC server: pacing, reconnects and takeover without loss."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

import pytest

from apps.ingest.listening.connection import ConnectionCallbacks, Server
from apps.ingest.listening.connection_pool import ConnectionPool
from apps.ingest.listening.reconnecting import OVERLAP_S
from core.irc.lines import Line
from core.irc.sharding import CONNECT_EVERY_MS


class Irc:
    """Confirms joins, and records them by connection."""

    def __init__(self) -> None:
        self.writers: list[asyncio.StreamWriter] = []
        self.opened_s: list[float] = []
        self.joins: list[list[str]] = []
        self.refuses: set[str] = set()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self.opened_s.append(time.monotonic())
        joins: list[str] = []
        self.joins.append(joins)
        nick = ""
        while line := (await reader.readline()).decode().strip():
            command, _, rest = line.partition(" ")
            if command == "CAP":
                writer.write(b":tmi.twitch.tv CAP * ACK :twitch.tv/tags twitch.tv/commands\r\n")
            elif command == "NICK":
                nick = rest
                writer.write(f":tmi.twitch.tv 001 {nick} :Welcome\r\n".encode())
            elif command == "JOIN":
                joins.append(rest)
                if rest not in self.refuses:
                    writer.write(f":{nick}!{nick}@{nick} JOIN {rest}\r\n".encode())
        writer.close()

    def say(self, number: int, text: str) -> None:
        self.writers[number].write(f"{text}\r\n".encode())


@dataclass(frozen=True)
class Lost:
    connection: int
    logins: frozenset[str]
    reason: str


class CallbackRecorder:
    """Records the callbacks of connections."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[Line] = asyncio.Queue()
        self.joins: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        self.losses: asyncio.Queue[Lost] = asyncio.Queue()
        self.refusals: asyncio.Queue[str] = asyncio.Queue()
        self.callbacks = ConnectionCallbacks(
            self._lines, self._joined, self._lost, lambda login, _reason: self.refusals.put_nowait(login)
        )

    async def joined(self, count: int) -> set[str]:
        return {(await self.joins.get())[1] for _ in range(count)}

    async def texts(self, count: int) -> list[str]:
        return [(await self.lines.get()).params[-1] for _ in range(count)]

    def _lines(self, lines: Sequence[Line]) -> int | None:
        for line in lines:
            self.lines.put_nowait(line)
        return 0

    def _joined(self, connection: int, login: str) -> None:
        self.joins.put_nowait((connection, login))

    def _lost(self, connection: int, logins: Iterable[str], _unsure_ms: int, reason: str) -> None:
        self.losses.put_nowait(Lost(connection, frozenset(logins), reason))


@dataclass(frozen=True)
class Scene:
    irc: Irc
    recorder: CallbackRecorder
    pool: ConnectionPool


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    irc, recorder = Irc(), CallbackRecorder()
    server = await asyncio.start_server(irc, "127.0.0.1", 0)
    address = Server("127.0.0.1", server.sockets[0].getsockname()[1], tls=False)
    pool = ConnectionPool(address, recorder.callbacks, per_connection=2, joins=20, strict=False)
    async with asyncio.timeout(30):
        yield Scene(irc, recorder, pool)
        await pool.close()
    pool.check()
    for writer in irc.writers:
        writer.close()
    server.close()


async def test_garbage_does_not_affect_adjacent_lines(scene: Scene) -> None:
    scene.pool.set_channels(["ada"])
    await scene.recorder.joined(1)
    scene.irc.writers[0].write(b"\xff\xfe\x00\r\n@;;=\r\n:\r\n:x PRIVMSG #ada :after\r\n")
    lines = [await scene.recorder.lines.get() for _ in range(4)]
    assert lines[-1].params == ("#ada", "after")


async def test_a_lost_connection_is_reported_and_reopened(scene: Scene) -> None:
    scene.pool.set_channels(["ada", "bob"])
    assert await scene.recorder.joined(2) == {"ada", "bob"}
    scene.irc.writers[0].transport.abort()
    lost = await scene.recorder.losses.get()
    assert lost == Lost(lost.connection, frozenset({"ada", "bob"}), "disconnected")
    assert await scene.recorder.joined(2) == {"ada", "bob"}
    assert sum(scene.pool.ends.values()) == 1
    await scene.pool.close()
    assert (await scene.recorder.losses.get()).logins == {"ada", "bob"}


async def test_channel_changes_are_applied_while_connected(scene: Scene) -> None:
    scene.pool.set_channels(["ada", "bob"])
    await scene.recorder.joined(2)
    scene.pool.set_channels(["ada", "cleo"])
    lost = await scene.recorder.losses.get()
    assert lost == Lost(lost.connection, frozenset({"bob"}), "parted")
    assert await scene.recorder.joined(1) == {"cleo"}
    assert scene.irc.joins == [["#ada", "#bob", "#cleo"]]


async def test_a_connection_without_channels_is_closed(scene: Scene) -> None:
    scene.pool.set_channels(["ada"])
    await scene.recorder.joined(1)
    scene.pool.set_channels([])
    assert (await scene.recorder.losses.get()).logins == {"ada"}
    assert scene.pool.connections == []


async def test_connections_are_opened_one_at_a_time(scene: Scene) -> None:
    scene.pool.set_channels(["a", "b", "c", "d"])
    await scene.recorder.joined(4)
    first_s, second_s = scene.irc.opened_s
    assert second_s - first_s >= CONNECT_EVERY_MS / 1000 - 0.1


async def test_joins_continue_while_no_data_arrives(scene: Scene) -> None:
    """Without input, only the timer drives a connection."""
    quick = ConnectionPool(scene.pool.server, scene.recorder.callbacks, 50, joins=5, strict=False, join_window_ms=40)
    quick.set_channels(f"c{n}" for n in range(50))
    assert len(await scene.recorder.joined(50)) == 50
    await quick.close()


async def test_a_reconnect_opens_the_next_connection_before_closing_the_old_one(scene: Scene) -> None:
    irc, recorder = scene.irc, scene.recorder
    scene.pool.set_channels(["ada"])
    await recorder.joined(1)
    irc.say(0, ":tmi.twitch.tv RECONNECT")
    irc.say(0, ":e!e@e PRIVMSG #ada :on the old one")
    assert await recorder.texts(1) == ["on the old one"]
    assert await recorder.joined(1) == {"ada"}
    began_s = time.monotonic()
    irc.say(0, ":e!e@e PRIVMSG #ada :still on the old one")
    irc.say(1, ":e!e@e PRIVMSG #ada :on the new one")
    assert set(await recorder.texts(2)) == {"still on the old one", "on the new one"}
    lost = await recorder.losses.get()
    assert time.monotonic() - began_s >= OVERLAP_S - 0.1
    assert lost.logins == {"ada"}
    assert [connection.state for connection in scene.pool.connections] == ["listening"]


async def test_a_successor_that_dies_at_once_does_not_take_over(scene: Scene) -> None:
    scene.pool.set_channels(["ada"])
    await scene.recorder.joined(1)
    scene.irc.say(0, ":tmi.twitch.tv RECONNECT")
    await scene.recorder.joined(1)
    scene.irc.writers[1].transport.abort()
    assert (await scene.recorder.losses.get()).connection == scene.pool.connections[-1].number + 1
    scene.irc.say(0, ":e!e@e PRIVMSG #ada :still heard")
    assert await scene.recorder.texts(1) == ["still heard"]
    await scene.recorder.joined(1)
    first = await scene.recorder.losses.get()
    assert len(scene.irc.writers) == 3
    assert first.logins == {"ada"}


async def test_a_channel_parted_during_a_reconnect_is_parted_on_both_connections(scene: Scene) -> None:
    scene.pool.set_channels(["ada", "bob"])
    await scene.recorder.joined(2)
    scene.irc.say(0, ":tmi.twitch.tv RECONNECT")
    await scene.recorder.joined(2)
    scene.pool.set_channels(["ada"])
    losses = [await scene.recorder.losses.get() for _ in range(2)]
    assert {(lost.logins, lost.reason) for lost in losses} == {(frozenset({"bob"}), "parted")}
    assert len({lost.connection for lost in losses}) == 2


async def test_a_refused_channel_is_reported_and_others_are_joined(scene: Scene) -> None:
    scene.irc.refuses.add("#ada")
    scene.pool.set_channels(["ada", "bob"])
    assert await scene.recorder.joined(1) == {"bob"}
    scene.irc.say(0, "@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #ada :This channel has been suspended.")
    assert await scene.recorder.refusals.get() == "ada"
    (connection,) = scene.pool.connections
    assert connection.state == "joining"


async def test_an_unreachable_server_is_retried() -> None:
    recorder = CallbackRecorder()
    probe = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = probe.sockets[0].getsockname()[1]
    probe.close()
    await probe.wait_closed()
    pool = ConnectionPool(Server("127.0.0.1", port, tls=False), recorder.callbacks, 2, joins=20, strict=False)
    pool.set_channels(["ada"])
    async with asyncio.timeout(30):
        while not pool.ends["no connection"]:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.05)
        irc = Irc()
        server = await asyncio.start_server(irc, "127.0.0.1", port)
        assert await recorder.joined(1) == {"ada"}
        await pool.close()
    server.close()
