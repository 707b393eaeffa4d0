"""The socket around a session, against a small IRC server of the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from apps.ingest.listening.connection import Connection, Heard, Server
from core.irc import Line


class Irc:
    """Confirms every join, then sends what the test wants; counts connections."""

    def __init__(self) -> None:
        self.writers: list[asyncio.StreamWriter] = []
        self.joined = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        nick = ""
        while line := (await reader.readline()).decode().strip():
            command, _, rest = line.partition(" ")
            if command == "NICK":
                nick = rest
                writer.write(f":tmi.twitch.tv 001 {nick} :Welcome\r\n".encode())
            elif command == "JOIN":
                writer.write(f":{nick}!{nick}@{nick} JOIN {rest}\r\n".encode())
                self.joined.set()


class Ears:
    """Keeps what a connection tells."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[Line] = asyncio.Queue()
        self.joins: asyncio.Queue[str] = asyncio.Queue()
        self.losses: asyncio.Queue[frozenset[str]] = asyncio.Queue()
        self.heard = Heard(
            self.lines.put_nowait, self.joins.put_nowait, lambda logins, _quiet_ms: self.losses.put_nowait(logins)
        )


@pytest.fixture
async def irc() -> AsyncIterator[tuple[Irc, Server]]:
    irc = Irc()
    server = await asyncio.start_server(irc, "127.0.0.1", 0)
    yield irc, Server("127.0.0.1", server.sockets[0].getsockname()[1], False)
    for writer in irc.writers:
        writer.close()
    server.close()


async def at_once() -> None:
    """No other connection takes a turn."""


async def test_garbage_costs_no_neighbour(irc: tuple[Irc, Server]) -> None:
    server, address = irc
    ears = Ears()
    connection = Connection(address, ears.heard, at_once)
    connection.change(join=["ada"])
    async with asyncio.timeout(10):
        assert await ears.joins.get() == "ada"
        server.writers[0].write(b"\xff\xfe\x00\r\n@;;=\r\n:\r\n:x PRIVMSG #ada :after\r\n")
        lines = [await ears.lines.get() for _ in range(4)]
    assert lines[-1].params == ("#ada", "after")
    await connection.close()


async def test_a_lost_connection_is_told_and_opened_again(irc: tuple[Irc, Server]) -> None:
    server, address = irc
    ears = Ears()
    connection = Connection(address, ears.heard, at_once)
    connection.change(join=["ada", "bob"])
    async with asyncio.timeout(15):
        assert {await ears.joins.get(), await ears.joins.get()} == {"ada", "bob"}
        server.writers[0].close()
        assert await ears.losses.get() == {"ada", "bob"}
        assert {await ears.joins.get(), await ears.joins.get()} == {"ada", "bob"}
    assert len(server.writers) == 2
    await connection.close()
    assert await ears.losses.get() == {"ada", "bob"}


async def test_a_channel_is_joined_and_left_while_connected(irc: tuple[Irc, Server]) -> None:
    _, address = irc
    ears = Ears()
    connection = Connection(address, ears.heard, at_once)
    connection.change(join=["ada"])
    async with asyncio.timeout(10):
        assert await ears.joins.get() == "ada"
        connection.change(join=["bob"], part=["ada"])
        assert await ears.joins.get() == "bob"
    assert connection.wanted == ["bob"]
    await connection.close()
    assert await ears.losses.get() == {"bob"}
