import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from simulator.faults import DEFAULTS
from tests.simulator.irc_peer import Simulated, simulated_twitch
from twitchly.clock import now_ms

JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def twitch(tmp_path: Path) -> AsyncIterator[Simulated]:
    async with simulated_twitch(tmp_path) as simulated:
        yield simulated


async def test_the_status_reports_connections_joins_and_sent_messages(twitch: Simulated) -> None:
    async with twitch.peer() as first, twitch.peer() as second:
        await first.join(twitch.login)
        await second.join(*(channel.login for channel in twitch.audience.channels[:3]))
        await second.until(lambda line: " PRIVMSG " in line)
        status: dict[str, Any] = await twitch.status()
    assert status["irc"] == {
        "connections": 2,
        "joined": 3,
        "joins": 4,
        "violations": {"joins": 0, "connections": 0, "channels": 0},
    }
    assert status["sent"]["message"] > 0
    assert status["faults"] == []


async def test_only_helix_requests_are_counted_by_status(twitch: Simulated) -> None:
    await twitch.http.get("/helix/streams")
    await twitch.http.post("/oauth2/token")
    await twitch.status()
    assert (await twitch.status())["helix"] == {"requests": 2, "by_status": {"401": 1, "400": 1}}


async def test_a_response_is_sent_in_one_piece(twitch: Simulated) -> None:
    url = twitch.http.base_url
    pieces = await asyncio.to_thread(first_pieces, url.host, url.port or 80, 50)
    assert all(piece.endswith(b"}") for piece in pieces)


def first_pieces(host: str, port: int, count: int) -> list[bytes]:
    """Return the data of the first read of each response."""
    pieces = []
    for _ in range(count):
        with socket.create_connection((host, port)) as client:
            client.sendall(b"GET /simulator HTTP/1.1\r\nHost: localhost\r\n\r\n")
            pieces.append(client.recv(65_536))
    return pieces


@pytest.mark.parametrize("kind", sorted(DEFAULTS))
async def test_every_fault_can_be_requested_by_its_kind_alone(twitch: Simulated, kind: str) -> None:
    fault: dict[str, Any] = await twitch.fault(kind)
    assert set(fault) == {"id", "kind", "from_ms", "until_ms", "connections", "channels"}
    assert abs(now_ms() - fault["from_ms"]) < 10_000
    assert fault["until_ms"] - fault["from_ms"] == DEFAULTS[kind].seconds * 1000


async def test_active_faults_are_listed_until_they_end(twitch: Simulated) -> None:
    began = [await twitch.fault("freeze", seconds=60), await twitch.fault("hang", seconds=60)]
    listed = (await twitch.status())["faults"]
    assert listed == [{name: fault[name] for name in ("id", "kind", "from_ms", "until_ms")} for fault in began]
    await twitch.end_faults()
    assert (await twitch.status())["faults"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"reset",
        b"[]",
        b'{"kind": "rain"}',
        b'{"kind": "slow", "rate": "much"}',
        b"\xff",
        b"[" * 100_000,
        b'{"kind": "slow", "kind": "freeze"}',
    ],
)
async def test_an_invalid_fault_request_is_rejected_with_the_expected_input(twitch: Simulated, body: bytes) -> None:
    response = await twitch.http.post("/simulator/faults", content=body, headers=JSON)
    assert response.status_code == 400
    assert response.json()["message"].startswith("expected ")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_faults_are_accepted_only_as_json(twitch: Simulated, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    response = await twitch.http.post("/simulator/faults", content=b'{"kind": "freeze"}', headers=headers)
    assert response.status_code == 415
    assert (await twitch.status())["faults"] == []
    charset = {"Content-Type": "Application/JSON; charset=utf-8"}
    response = await twitch.http.post("/simulator/faults", content=b'{"kind": "freeze"}', headers=charset)
    assert response.status_code == 202


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8009"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "localhost:8009", "Origin": "http://localhost:8010"},
    ],
)
async def test_pages_on_other_sites_cannot_access_the_simulator(twitch: Simulated, headers: dict[str, str]) -> None:
    body = b'{"kind": "freeze", "seconds": 60}'
    responses = [
        await twitch.http.get("/simulator", headers=headers),
        await twitch.http.post("/simulator/faults", content=body, headers={**JSON, **headers}),
        await twitch.http.delete("/simulator/faults", headers=headers),
    ]
    assert [response.status_code for response in responses] == [403, 403, 403]
    assert (await twitch.status())["faults"] == []


@pytest.mark.parametrize("host", ["127.0.0.1:8009", "localhost:8009", "LOCALHOST", "[::1]:8009"])
async def test_same_origin_requests_are_allowed(twitch: Simulated, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert (await twitch.http.get("/simulator", headers=headers)).status_code == 200
