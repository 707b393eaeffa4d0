"""Live values by server-sent events and by WebSocket: frames, resuming, and revoked keys."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref import testing
from asgiref.sync import sync_to_async

from apps.api.keys.services import revoke_key
from apps.api.live.consumer import KeySocket
from apps.api.live.events import StreamPosition
from apps.api.models import ApiKey, Plan
from apps.api.scopes import Scope
from apps.live.board import Board
from apps.live.subscriptions import Subscribe
from tests.api.conftest import Api, new_key
from tests.dashboard.browser_socket import HANG_S, BrowserSocket
from tests.dashboard.conftest import Boards
from tests.web import web

# asgiref has no type annotations for this class.
_Communicator: Any = testing.ApplicationCommunicator


class Events:
    """A client for server-sent events."""

    def __init__(self, secret: str, query: str, last_id: str = "", accept: str = "") -> None:
        headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {secret}".encode())]
        headers += [(b"accept", accept.encode())] if accept else []
        headers += [(b"last-event-id", last_id.encode("utf-8"))] if last_id else []
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": "/api/v1/live",
            "query_string": query.encode(),
            "headers": headers,
            "client": ["10.0.0.1", 1],
        }
        self._connection = _Communicator(web, scope)
        self._text = ""
        self.status = 0
        self.content_type = ""

    async def open(self) -> None:
        await self._connection.send_input({"type": "http.request", "body": b""})
        head = await self._connection.receive_output(HANG_S)
        self.status = head["status"]
        self.content_type = {name.lower(): value for name, value in head["headers"]}[b"content-type"].decode()

    async def next(self) -> dict[str, str]:
        """Return the fields of the next event."""
        while "\n\n" not in self._text or self._text.startswith((":", "retry")):
            head, separator, rest = self._text.partition("\n\n")
            if separator and head.startswith((":", "retry")):
                self._text = rest
                continue
            message = await self._connection.receive_output(HANG_S)
            self._text += message.get("body", b"").decode()
            if not message.get("more_body"):
                raise EOFError
        event, _, self._text = self._text.partition("\n\n")
        return dict(line.split(": ", 1) for line in event.split("\n"))

    async def close(self) -> None:
        await self._connection.send_input({"type": "http.disconnect"})
        await self._connection.wait(HANG_S)


@asynccontextmanager
async def reading(secret: str, query: str, last_id: str = "") -> AsyncIterator[Events]:
    events = Events(secret, query, last_id)
    await events.open()
    yield events
    await events.close()


@pytest.fixture
async def key(boards: Boards, transactional_db: None) -> AsyncIterator[tuple[ApiKey, str]]:
    secret = await sync_to_async(new_key)()
    async with web.run():
        yield secret


async def after_tick(receive: Callable[[], Any], boards: Boards) -> Any:
    """Send ticks until something arrives, because the hub may still be joining the group."""
    waiting = asyncio.ensure_future(receive())
    async with asyncio.timeout(HANG_S):
        while not waiting.done():
            await boards.send_tick()
            await asyncio.wait([waiting], timeout=0.2)
    return waiting.result()


async def test_the_event_stream_starts_with_a_snapshot_and_continues_with_each_tick(
    key: tuple[ApiKey, str], boards: Boards
) -> None:
    async with reading(key[1], "boards=viewers&n=10") as events:
        assert events.status == 200
        frame = json.loads((await events.next())["data"])
        assert (frame["type"], frame["id"], frame["board"]) == ("snapshot", "viewers", "viewers")
        assert [row["name"] for row in frame["rows"]] == ["Beta", "Alpha", "Gamma"]
        pushed = json.loads((await after_tick(events.next, boards))["data"])
        assert (pushed["type"], pushed["seq"]) == ("push", 2)


async def test_a_resumed_stream_sends_newer_frames_only(key: tuple[ApiKey, str], boards: Boards) -> None:
    async with reading(key[1], "boards=viewers,messages") as events:
        received = [await events.next(), await events.next()]
    async with reading(key[1], "boards=viewers,messages", received[-1]["id"]) as events:
        frame = await after_tick(events.next, boards)
        assert int(frame["id"].split("-")[0]) > int(received[-1]["id"].split("-")[0])
    # A client that received only the first frame gets the second one at once.
    async with reading(key[1], "boards=viewers,messages", received[0]["id"]) as events:
        assert json.loads((await events.next())["data"])["id"] in ("viewers", "messages")


@pytest.mark.parametrize(
    "last_id",
    [
        "9999999999999-{digest}",
        "999999999999999-{digest}",
        "{time}",
        "{time}-{time}",
        "{time}-{time}-{digest}",
        "{time}-000000000000",
        "-{digest}",
        "٣-{digest}",
        "1e400-{digest}",
        "garbage",
        "-",
        "\x00",
        "9" * 5_000,
    ],
)
async def test_an_invalid_last_event_id_is_answered_with_a_snapshot(key: tuple[ApiKey, str], last_id: str) -> None:
    async with reading(key[1], "boards=viewers") as events:
        time, digest = (await events.next())["id"].split("-")
    async with reading(key[1], "boards=viewers", last_id.format(time=time, digest=digest)) as events:
        frame = json.loads((await events.next())["data"])
        assert (frame["type"], frame["board"], len(frame["rows"])) == ("snapshot", "viewers", 3)


def test_a_last_event_id_of_other_subscriptions_suppresses_no_frames() -> None:
    last_id = StreamPosition([Subscribe("viewers", Board())], "", 2_000).advance("viewers", 2_000)
    assert StreamPosition([Subscribe("viewers", Board())], last_id, 3_000).includes("viewers", 2_000)
    for board in (Board("messages"), Board(size=25), Board(language="en")):
        assert not StreamPosition([Subscribe(board.metric, board)], last_id, 3_000).includes(board.metric, 2_000)


def test_a_clock_that_is_set_back_does_not_silence_a_stream() -> None:
    subscriptions = [Subscribe("viewers", Board())]
    last_id = StreamPosition(subscriptions, "", 2_000).advance("viewers", 2_000)
    resumed = StreamPosition(subscriptions, last_id, 3_000)
    assert resumed.includes("viewers", 2_000)
    assert not resumed.includes("viewers", 2_001)
    resumed.advance("viewers", 2_001)
    assert not resumed.includes("viewers", 1_000)


async def test_an_unknown_channel_is_reported_and_the_others_are_pushed(key: tuple[ApiKey, str]) -> None:
    async with reading(key[1], "channels=1,99") as events:
        first, second = await events.next(), await events.next()
        problem, frame = (first, second) if "event" in first else (second, first)
        assert "99" in json.loads(problem["data"])["reason"]
        assert set(json.loads(frame["data"])["channels"]) == {"1"}


async def test_the_event_stream_ends_when_its_key_is_revoked(key: tuple[ApiKey, str], boards: Boards) -> None:
    async with reading(key[1], "boards=viewers") as events:
        await events.next()
        await after_tick(events.next, boards)
        # No tick follows, so only the revocation itself reaches the stream.
        await sync_to_async(revoke_key)(key=key[0])
        last = await events.next()
        while "id" in last:
            # Frames from earlier ticks may still arrive.
            last = await events.next()
        assert json.loads(last["data"])["code"] == "revoked-key"
        with pytest.raises(EOFError):
            await events.next()


async def test_open_streams_are_limited_by_the_plan_and_closing_one_frees_its_lease(key: tuple[ApiKey, str]) -> None:
    await Plan.objects.aupdate_or_create(is_default=True, defaults={"name": "Small", "streams": 1})
    async with reading(key[1], "table=true"):
        refused = Events(key[1], "table=true")
        await refused.open()
        assert refused.status == 429
    async with reading(key[1], "table=true") as events:
        assert events.status == 200


@pytest.mark.parametrize("query", ["", "boards=likes", "channels=x", "boards=viewers&n=7", "table=maybe", "some=thing"])
async def test_an_invalid_live_query_returns_a_problem(api: Api, query: str) -> None:
    response = await api.get(f"live?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid-request")


async def socket_of(secret: str) -> BrowserSocket:
    headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {secret}".encode())]
    socket = BrowserSocket(web, "/api/v1/socket", headers)
    assert await socket.connect()
    return socket


async def test_the_socket_uses_the_protocol_of_the_pages(key: tuple[ApiKey, str]) -> None:
    socket = await socket_of(key[1])
    await socket.subscribe("b1")
    frame = await socket.receive()
    assert (frame["type"], frame["id"], len(frame["rows"])) == ("snapshot", "b1", 3)
    await socket.disconnect()


async def test_the_socket_is_closed_when_its_key_is_revoked(
    key: tuple[ApiKey, str], boards: Boards, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With the periodic check of the key disabled, only the message about the revocation can close the socket.
    monkeypatch.setattr(KeySocket, "check_every_s", 86_400.0)
    socket = await socket_of(key[1])
    await socket.subscribe("b1")
    await socket.receive()
    await after_tick(socket.receive, boards)
    await sync_to_async(revoke_key)(key=key[0])
    # A frame may still arrive before the socket is closed.
    assert await socket.code_after_frames() == 4401


@pytest.mark.parametrize(("scopes", "code"), [([], 4401), ([Scope.READ_BOARDS], 4403)])
async def test_the_socket_requires_a_key_with_the_live_scope(api: Api, scopes: list[Scope], code: int) -> None:
    secret = (await sync_to_async(new_key)(scopes=scopes))[1] if scopes else "nothing"
    assert await (await socket_of(secret)).close_code() == code
