"""IRC faults as seen by a client on a real socket."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from simulator.faults import IRC_DEFAULTS
from simulator.irc_faults import CONNECTION_FAULTS, ROOM_FAULTS
from tests.simulator.irc_peer import Peer, Simulated, simulated_twitch, tags_of
from twitchly.clock import now_ms

CLOCKS_DIFFER_MS = 5


@pytest.fixture
async def twitch(tmp_path: Path) -> AsyncIterator[Simulated]:
    async with simulated_twitch(tmp_path) as simulated:
        yield simulated


def test_every_irc_fault_affects_connections_or_rooms_or_is_a_flood() -> None:
    assert {request.kind for request in IRC_DEFAULTS} == CONNECTION_FAULTS | ROOM_FAULTS | {"flood"}


def is_chat(line: str) -> bool:
    return " PRIVMSG #" in line


def sent_ms(line: str) -> int:
    return int(tags_of(line).get("tmi-sent-ts") or 0)


def ids(lines: list[bytes]) -> list[str]:
    return [tags_of(line.decode())["id"] for line in lines if b" PRIVMSG #" in line and line.startswith(b"@badge-info")]


def is_over(fault: dict[str, Any]) -> bool:
    """Return whether a fault is over according to the wall clock; the loop uses the monotonic clock to end it."""
    return now_ms() >= int(fault["until_ms"]) - CLOCKS_DIFFER_MS


async def read_until(peer: Peer, moment_ms: int) -> None:
    await peer.until(lambda line: is_chat(line) and sent_ms(line) > moment_ms)


def lost(twitch: Simulated, peer: Peer) -> set[str]:
    """Return the sent messages that the only connection missed, up to the last message it received."""
    last_ms = max(sent_ms(line.decode(errors="replace")) for line in peer.lines if b"PRIVMSG #" in line)
    sent = {
        entry.id
        for entry in twitch.entries()
        if entry.connections and entry.kind in ("message", "copy") and entry.sent_ms < last_ms
    }
    return sent - set(ids(peer.lines))


async def test_a_reconnect_is_announced_and_chat_continues_until_the_close(twitch: Simulated) -> None:
    async with twitch.peer() as peer:
        await peer.join(twitch.login)
        fault: dict[str, Any] = await twitch.fault("reconnect", seconds=0.5)
        assert (fault["connections"], fault["channels"]) == (1, [twitch.audience.channels[0].id])
        await peer.until(lambda line: line == ":tmi.twitch.tv RECONNECT")
        assert any(map(is_chat, await peer.rest()))
        assert is_over(fault)
        assert lost(twitch, peer) == set()


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_a_reset_ends_the_connection_with_an_error(twitch: Simulated, transport: str) -> None:
    async with twitch.peer(transport) as peer:
        await peer.join(twitch.login)
        await twitch.fault("reset")
        with pytest.raises(ConnectionResetError):
            while True:
                await peer.line()


@pytest.mark.parametrize("transport", ["tcp", "tls", "websocket"])
async def test_a_half_open_connection_is_silent_but_still_counted_as_a_recipient(
    twitch: Simulated, transport: str
) -> None:
    async with twitch.peer(transport) as half_open, twitch.peer() as other:
        await half_open.join(*(channel.login for channel in twitch.audience.channels[:3]))
        await other.join(twitch.login)
        fault: dict[str, Any] = await twitch.fault("half_open")
        assert fault["connections"] == 1
        await half_open.send("PING :anybody")
        await read_until(other, fault["from_ms"] + 500)
        await twitch.end_faults()
        heard = await half_open.rest()
        assert not any("anybody" in line or sent_ms(line) > fault["from_ms"] for line in heard)
    channel = twitch.audience.channels[1].id
    during = [entry for entry in twitch.entries() if 0 < entry.sent_ms - fault["from_ms"] < 500]
    assert {entry.connections for entry in during if entry.channel_id == channel} == {1}


async def test_a_freeze_delays_everything_and_loses_nothing(twitch: Simulated) -> None:
    async with twitch.peer() as peer:
        await peer.join(twitch.login)
        fault: dict[str, Any] = await twitch.fault("freeze", seconds=0.7)
        await peer.send("PING :anybody")
        await peer.until(lambda line: is_chat(line) and sent_ms(line) > fault["from_ms"])
        assert is_over(fault)
        await read_until(peer, fault["until_ms"])
        assert any(b"PONG" in line for line in peer.lines)
        assert lost(twitch, peer) == set()


async def test_a_freeze_of_all_connections_includes_new_ones(twitch: Simulated) -> None:
    fault: dict[str, Any] = await twitch.fault("freeze", seconds=0.5)
    assert (fault["connections"], fault["channels"]) == (0, [])
    async with twitch.peer() as peer:
        await peer.join(twitch.login)
        assert is_over(fault)


async def test_a_slow_connection_loses_nothing(twitch: Simulated) -> None:
    async with twitch.peer() as peer:
        await peer.join(*(channel.login for channel in twitch.audience.channels))
        fault: dict[str, Any] = await twitch.fault("slow", seconds=1, rate=2_000)
        await peer.until(lambda line: sent_ms(line) > fault["from_ms"])
        heard = len(peer.lines)
        while now_ms() < fault["until_ms"]:
            await peer.line()
        assert sum(map(len, peer.lines[heard:-1])) < 5_000
        await read_until(peer, fault["until_ms"])
        assert lost(twitch, peer) == set()


async def test_a_flood_adds_chat_to_its_channel(twitch: Simulated) -> None:
    async with twitch.peer() as peer:
        await peer.join(twitch.login)
        fault = await twitch.fault("flood", seconds=1, rate=2_000)
        assert fault["channels"] == [twitch.audience.channels[0].id]
        for _ in range(1_500):
            await peer.until(lambda line: line.partition(" :")[2].startswith("guest_"))
    assert set(ids(peer.lines)) <= {entry.id for entry in twitch.entries()}


@pytest.mark.parametrize("transport", ["tcp", "tls", "websocket"])
async def test_bad_bytes_are_inserted_between_intact_lines(twitch: Simulated, transport: str) -> None:
    async with twitch.peer(transport) as peer:
        await peer.join(twitch.login)
        # On a busy machine, a second may have fewer writes than there are kinds of bad bytes.
        for _ in range(60):
            fault: dict[str, Any] = await twitch.fault("bad_bytes", seconds=1)
            await read_until(peer, fault["until_ms"])
            if has_every_kind(peer.lines):
                break
        assert has_every_kind(peer.lines)
        assert lost(twitch, peer) == set()


def has_every_kind(lines: list[bytes]) -> bool:
    """Return whether overlong lines, null bytes and unknown commands are among the lines."""
    is_long = any(len(line) >= 20 * 1024 for line in lines)
    return is_long and any(b"\0" in line for line in lines) and any(b"SOMERSAULT" in line for line in lines)


async def test_duplicates_are_sent_twice_and_recorded_once_in_the_ledger(twitch: Simulated) -> None:
    async with twitch.peer() as peer:
        await peer.join(twitch.login)
        fault: dict[str, Any] = await twitch.fault("duplicates", seconds=0.5)
        await read_until(peer, fault["until_ms"])
    times = Counter(ids(peer.lines))
    assert {2} < set(times.values()) <= {1, 2}
    assert max(Counter(entry.id for entry in twitch.entries()).values()) == 1


@pytest.mark.parametrize(
    ("kind", "notification"),
    [("join_refused", " PART #"), ("suspended", "@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #")],
)
async def test_a_closed_channel_expels_its_clients_until_it_reopens(
    twitch: Simulated, kind: str, notification: str
) -> None:
    login, other = (channel.login for channel in twitch.audience.channels[:2])
    async with twitch.peer() as peer:
        await peer.join(login, other)
        fault: dict[str, Any] = await twitch.fault(kind, channels=1)
        assert fault["channels"] == [twitch.audience.channels[0].id]
        await peer.until(lambda line: notification in line and line.split("#")[1].startswith(login))
        at = len(peer.lines)
        await peer.send(f"JOIN #{login}", "PING :then")
        await peer.until(lambda line: line.endswith(":then"))
        responses = [line for line in peer.lines[at:-1] if b"PRIVMSG" not in line and login.encode() in line]
        assert len(responses) == (kind == "suspended")
        await read_until(peer, fault["from_ms"] + 300)
        await twitch.end_faults()
        await peer.send(f"JOIN #{login}")
        await peer.until(lambda line: f" ROOMSTATE #{login}" in line)
    during = [entry for entry in twitch.entries() if 0 < entry.sent_ms - fault["from_ms"] < 300]
    assert {entry.connections for entry in during if entry.channel_id == fault["channels"][0]} == {0}


async def test_faults_affect_the_connections_with_the_most_channels_first(twitch: Simulated) -> None:
    logins = [channel.login for channel in twitch.audience.channels]
    async with twitch.peer() as small, twitch.peer() as large:
        await small.join(*logins[:2])
        await large.join(*logins)
        assert (await twitch.fault("reconnect"))["channels"] == [channel.id for channel in twitch.audience.channels]
        await large.until(lambda line: line.endswith(" RECONNECT"))
        # A client that is already leaving is not notified again.
        assert len((await twitch.fault("reconnect"))["channels"]) == 2  # type: ignore[arg-type]
        await small.until(lambda line: line.endswith(" RECONNECT"))


async def test_a_client_that_leaves_during_faults_is_cleaned_up(twitch: Simulated) -> None:
    async with twitch.peer() as peer:
        await peer.join(twitch.login)
        for kind in ("freeze", "slow", "bad_bytes", "duplicates", "half_open", "reconnect"):
            await twitch.fault(kind)
    while (await twitch.status())["irc"]["connections"]:  # type: ignore[index]
        pass
    await twitch.end_faults()
    assert (await twitch.status())["faults"] == []
