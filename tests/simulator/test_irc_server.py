import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from simulator.faults import FaultRequest, Faults
from simulator.irc_client import ConnectionLimits
from simulator.irc_server import IrcServer
from simulator.rooms import Rooms
from simulator.simulator import listen
from simulator.source import name_channels
from tests.simulator.irc_peer import HELLO, Peer, SocketPipe, port_of, simulated_twitch, tags_of
from twitchly.clock import now_ms

TRANSPORTS = ["tcp", "tls", "websocket"]


@asynccontextmanager
async def served(limits: ConnectionLimits) -> AsyncIterator[tuple[IrcServer, Peer, asyncio.StreamReader]]:
    listener = listen(0, "IRC")
    server = IrcServer(Rooms(name_channels(["AmberYak"]), lambda _: b"@slow=0 :tmi.twitch.tv ROOMSTATE #x\r\n"), limits)
    await server.start(listener)
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(listener))
    yield server, Peer(SocketPipe(reader, writer)), reader
    writer.close()
    server.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_raw_client_joins_reads_tags_and_is_answered(tmp_path: Path, transport: str) -> None:
    async with simulated_twitch(tmp_path) as twitch, twitch.peer(transport) as peer:
        channel = twitch.audience.channels[0]
        await peer.join(channel.login)
        await peer.send("PING :still here")
        await peer.until(lambda line: line == ":tmi.twitch.tv PONG tmi.twitch.tv :still here")
        messages = [await peer.until(lambda line: " PRIVMSG " in line) for _ in range(20)]
    greeting = [line.decode() for line in peer.lines]
    assert greeting[0] == ":tmi.twitch.tv CAP * ACK :twitch.tv/tags twitch.tv/commands"
    assert greeting[1].startswith(":tmi.twitch.tv 001 justinfan7 ")
    sent = {entry.id: entry for entry in twitch.entries()}
    for line in messages:
        tags = tags_of(line)
        entry = sent[tags["id"]]
        assert (entry.channel_id, str(entry.sent_ms)) == (tags["room-id"], tags["tmi-sent-ts"])
        assert (entry.channel_id, entry.connections) == (channel.id, 1)
        assert abs(entry.sent_ms - now_ms()) < 20_000


async def test_all_transports_share_the_rooms(tmp_path: Path) -> None:
    async with simulated_twitch(tmp_path) as twitch, AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(twitch.peer(transport)) for transport in TRANSPORTS]
        for peer in peers:
            await peer.join(twitch.login)
        message = await peers[-1].until(lambda line: " PRIVMSG " in line)
        for peer in peers[:-1]:
            await peer.until(lambda line: line == message)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_joining_too_fast_closes_the_connection(tmp_path: Path, transport: str) -> None:
    async with simulated_twitch(tmp_path) as twitch, twitch.peer(transport) as peer:
        await peer.join(twitch.login)
        await peer.send(*(f"JOIN #{twitch.login}" for _ in range(20)))
        await peer.rest()
        status = await twitch.status()
    assert status["irc"]["violations"] == {"joins": 1, "connections": 0, "channels": 0}  # type: ignore[index]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_garbage_from_one_client_does_not_disturb_another(tmp_path: Path, transport: str) -> None:
    async with simulated_twitch(tmp_path) as twitch, twitch.peer(transport) as good:
        await good.join(twitch.login)
        for port in (twitch.irc, twitch.tls, twitch.websocket):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(os.urandom(5_000) + b"\r\n" + b"x" * 40_000)
            await writer.drain()
            writer.close()
        for _ in range(20):
            await good.until(lambda line: " PRIVMSG " in line)


async def test_a_client_that_answers_ping_stays_connected() -> None:
    async with served(ConnectionLimits(ping_every_s=0.05, pong_within_s=0.04)) as (_, peer, _):
        for _ in range(3):
            assert await peer.line() == b"PING :tmi.twitch.tv"
            await peer.send("PONG :tmi.twitch.tv")


async def test_a_client_that_does_not_answer_ping_is_disconnected() -> None:
    async with served(ConnectionLimits(ping_every_s=0.05, pong_within_s=0.05)) as (server, peer, _):
        assert await peer.rest() == ["PING :tmi.twitch.tv"]
        assert not server.connections.clients


async def test_a_client_that_does_not_read_is_dropped_and_leaves_its_rooms() -> None:
    async with served(ConnectionLimits(max_unread_bytes=1_000_000)) as (server, peer, reader):
        await peer.join("amberyak", hello=HELLO)
        (session,) = server.rooms.sessions("amberyak")
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(100):
            session.send(b"x" * 500_000)
            if not server.rooms.sessions("amberyak"):
                break
        assert not server.rooms.sessions("amberyak")
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        await peer.rest()
        assert not server.connections.clients
        session.send(b"too late\r\n")


async def test_data_released_after_a_freeze_does_not_count_as_slow_reading() -> None:
    async with served(ConnectionLimits(max_unread_bytes=1_000)) as (server, peer, _):
        await peer.join("amberyak", hello=HELLO)
        (client,) = server.connections.clients
        fault = Faults().begin(FaultRequest("freeze", 12), 0)
        client.begin(fault)
        for _ in range(100):
            client.send(b"x" * 49_998 + b"\r\n")
        client.end(fault)
        client.send(b"the end\r\n")
        assert await peer.until(lambda line: line == "the end")
        assert [len(line) for line in peer.lines[-101:]] == [49_998] * 100 + [7]


async def test_a_client_with_too_much_data_held_back_is_dropped() -> None:
    async with served(ConnectionLimits(max_held_bytes=1_000)) as (server, peer, _):
        await peer.join("amberyak", hello=HELLO)
        (client,) = server.connections.clients
        client.begin(Faults().begin(FaultRequest("freeze", 12), 0))
        client.send(b"x" * 2_000 + b"\r\n")
        client.send(b"never sent\r\n")
        assert not server.rooms.sessions("amberyak")
        assert await peer.rest() == ["@slow=0 :tmi.twitch.tv ROOMSTATE #x"]
