"""The live socket through the complete ASGI application, with a real Valkey server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.accounts.services import ensure_user
from apps.live import consumer
from apps.live.subscriptions import BadFrame, read_frame
from tests.dashboard.browser_socket import HANG_S, BrowserSocket
from tests.dashboard.conftest import EMAIL, PASSWORD, Boards
from tests.web import web

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = (b"origin", b"http://localhost")


@pytest.fixture(autouse=True)
async def running(boards: Boards) -> AsyncIterator[None]:
    async with web.run():
        yield


@pytest.fixture
async def cookie(boards: Boards) -> tuple[bytes, bytes]:
    return cookie_of(await sync_to_async(signed_in_client)())


def signed_in_client() -> Client:
    """Return a client with a session, without the rate-limited sign-in."""
    ensure_user(email=EMAIL, password=PASSWORD)
    client = Client()
    client.force_login(User.objects.get(email=EMAIL))
    return client


def sign_in() -> Client:
    ensure_user(email=EMAIL, password=PASSWORD)
    client = Client()
    assert client.post("/account/login/", {"login": EMAIL, "password": PASSWORD}).status_code == 302
    return client


def cookie_of(client: Client) -> tuple[bytes, bytes]:
    name = django_settings.SESSION_COOKIE_NAME
    return b"cookie", f"{name}={client.cookies[name].value}".encode()


@pytest.fixture
async def socket(cookie: tuple[bytes, bytes]) -> AsyncIterator[BrowserSocket]:
    socket = await connected(cookie)
    yield socket
    await socket.disconnect()


async def connected(*headers: tuple[bytes, bytes]) -> BrowserSocket:
    socket = BrowserSocket(web, "/live", [ORIGIN, (b"host", b"localhost"), *headers])
    assert await socket.connect()
    return socket


async def push_after_tick(socket: BrowserSocket, boards: Boards) -> dict[str, Any]:
    """Send ticks until a push arrives, because the hub may still be joining the group."""
    async with asyncio.timeout(HANG_S):
        while True:
            await boards.send_tick()
            if not await socket.receive_nothing(0.2):
                return await socket.receive()


async def test_open_sockets_are_limited_per_session(
    cookie: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "SOCKETS_BY_SESSION", 3)
    sockets = [await connected(cookie) for _ in range(3)]
    other = await connected(cookie_of(await sync_to_async(signed_in_client)()))
    refused = await connected(cookie)
    assert await refused.close_code() == consumer.TOO_MANY_SOCKETS
    await sockets.pop().disconnect()
    sockets.append(await connected(cookie))
    await sockets[-1].subscribe()
    assert (await sockets[-1].receive())["type"] == "snapshot"
    for socket in (*sockets, other):
        await socket.disconnect()


async def test_sockets_without_a_session_are_limited_per_ip_address(
    boards: Boards, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PUBLIC_BOARD = True
    monkeypatch.setattr(consumer, "SOCKETS_BY_ADDRESS", 1)

    async def open_socket(address: str) -> BrowserSocket:
        socket = BrowserSocket(web, "/live", [ORIGIN, (b"host", b"localhost")], client=[address, 1])
        assert await socket.connect()
        return socket

    first, other = await open_socket("203.0.113.1"), await open_socket("203.0.113.2")
    assert await (await open_socket("203.0.113.1")).close_code() == consumer.TOO_MANY_SOCKETS
    await other.subscribe()
    assert (await other.receive())["type"] == "snapshot"
    for socket in (first, other):
        await socket.disconnect()


async def test_a_socket_that_fails_is_closed_and_does_not_stop_the_others(
    cookie: tuple[bytes, bytes], boards: Boards
) -> None:
    failing, other = await connected(cookie), await connected(cookie)
    for socket in (failing, other):
        await socket.subscribe()
        assert (await socket.receive())["type"] == "snapshot"
    failing.writer.fails = True
    assert (await push_after_tick(other, boards))["type"] == "push"
    assert await failing.close_code() == consumer.INTERNAL_ERROR
    assert (await push_after_tick(other, boards))["seq"] > 2
    for socket in (failing, other):
        await socket.disconnect()


async def test_a_page_that_reads_again_gets_the_newest_frame(socket: BrowserSocket, boards: Boards) -> None:
    await socket.subscribe()
    await socket.receive()
    socket.writer.is_writable = False
    for viewers in (60_000, 70_000):
        boards.end_ms += 1_000
        boards.write_viewers({"1": viewers})
        await web.hub.push()
    assert await socket.receive_nothing(0.1)
    socket.writer.is_writable = True
    socket.writer.on_writable()
    push = await socket.receive()
    assert (push["seq"], push["rows"][0]["value"]) == (2, 70_000)


async def test_a_socket_from_another_origin_is_refused(cookie: tuple[bytes, bytes]) -> None:
    headers = [(b"origin", b"http://evil.example"), (b"host", b"localhost"), cookie]
    assert not await BrowserSocket(web, "/live", headers).connect()


async def test_a_socket_without_a_session_is_closed_with_4401(boards: Boards) -> None:
    socket = await connected()
    assert await socket.close_code() == 4401


async def test_a_snapshot_is_followed_by_numbered_pushes(socket: BrowserSocket, boards: Boards) -> None:
    await socket.subscribe("mine", metric="messages")
    snapshot = await socket.receive()
    assert (snapshot["type"], snapshot["id"], snapshot["seq"], snapshot["board"]) == ("snapshot", "mine", 1, "messages")
    push = await push_after_tick(socket, boards)
    assert (push["type"], push["id"], push["seq"]) == ("push", "mine", 2)
    assert push.keys() == snapshot.keys()


async def test_board_rows_are_sorted_by_rank(socket: BrowserSocket) -> None:
    await socket.subscribe()
    rows = (await socket.receive())["rows"]
    assert [row["name"] for row in rows] == ["Beta", "Alpha", "Gamma"]
    assert (rows[0]["state"], rows[0]["language"], rows[0]["language_name"]) == ("live", "en", "English")


async def test_one_frame_contains_all_requested_channels(socket: BrowserSocket) -> None:
    await socket.subscribe("c", "channels", channels=["3", "1", "3"])
    channels = (await socket.receive())["channels"]
    assert list(channels) == ["1", "3"]
    assert (channels["3"]["name"], channels["3"]["values"]["viewers"]) == ("Gamma", 500)


async def test_each_subscription_has_its_own_sequence_numbers(socket: BrowserSocket, boards: Boards) -> None:
    await socket.subscribe("a")
    await socket.subscribe("b", metric="messages")
    assert {frame["id"]: frame["seq"] for frame in [await socket.receive(), await socket.receive()]} == {"a": 1, "b": 1}
    await push_after_tick(socket, boards)
    await socket.receive()
    await socket.subscribe("b", metric="spam")
    snapshot = await socket.receive()
    assert (snapshot["type"], snapshot["id"], snapshot["seq"], snapshot["board"]) == ("snapshot", "b", 1, "spam")
    await socket.send('{"type": "unsubscribe", "id": "b"}')
    while not await socket.receive_nothing(0.3):
        await socket.receive()
    frames = [await push_after_tick(socket, boards) for _ in range(3)]
    assert {frame["id"] for frame in frames} == {"a"}


async def test_frames_include_the_time_of_the_viewer_counts(socket: BrowserSocket, boards: Boards) -> None:
    await socket.subscribe()
    assert (await socket.receive())["viewers_at_ms"] == boards.end_ms


async def test_values_and_order_change_together(socket: BrowserSocket, boards: Boards) -> None:
    await socket.subscribe()
    await socket.receive()
    boards.end_ms += 1_000
    boards.write_viewers({"1": 50_000})
    push = await push_after_tick(socket, boards)
    assert [(row["id"], row["value"]) for row in push["rows"]][:2] == [("1", 50_000), ("2", 12_418)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "cannot be read as JSON"),
        ("[" * 2_000, "it is nested too deeply"),
        ("9" * 400, "an integer has 400 digits; the maximum is 308"),
        ("[]", "not a JSON object"),
        ('{"type": "listen"}', "Unknown type"),
        ('{"type": "subscribe"}', "is not a valid subscription ID"),
        ('{"type": "subscribe", "id": "<b>"}', "is not a valid subscription ID"),
        ('{"type": "unsubscribe", "id": 7}', "is not a valid subscription ID"),
        ('{"type": "subscribe", "id": "a", "kind": "all"}', "Unknown kind"),
        ('{"type": "subscribe", "id": "a", "kind": "board", "metric": "love"}', "Unknown metric"),
        ('{"type": "subscribe", "id": "a", "kind": "board", "metric": ["viewers"]}', "Unknown metric"),
        ('{"type": "subscribe", "id": "a", "kind": "board", "metric": "spam", "size": 11}', "Unknown size"),
        ('{"type": "subscribe", "id": "a", "kind": "board", "metric": "spam", "window": "1h"}', "one of 30s, 5m"),
        ('{"type": "subscribe", "id": "a", "kind": "board", "metric": "spam", "window": ["5m"]}', "Unknown window"),
        ('{"type": "subscribe", "id": "a", "kind": "board", "metric": "viewers", "window": "5m"}', "one of 30s."),
        ('{"type": "subscribe", "id": "a", "kind": "board", "metric": "spam", "size": true}', "Unknown size"),
        ('{"type": "subscribe", "id": "a", "kind": "board", "metric": "spam", "band": [1]}', "is not a string"),
        ('{"type": "subscribe", "id": "a", "kind": "board", "metric": "spam", "band": "7"}', "Unknown band"),
        ('{"type": "subscribe", "id": "a", "kind": "board", "metric": "spam", "category": {}}', "is not a string"),
        ('{"type": "subscribe", "id": "a", "kind": "channels"}', "1 to 50 channels"),
        ('{"type": "subscribe", "id": "a", "kind": "channels", "channels": []}', "1 to 50 channels"),
        ('{"type": "subscribe", "id": "a", "kind": "channels", "channels": ["x"]}', "not an ID"),
        ('{"type": "subscribe", "id": "a", "kind": "channels", "channels": [1]}', "not an ID"),
        ('{"type": "subscribe", "id": "a", "kind": "channels", "channels": ["١"]}', "not an ID"),
        ('{"type": "subscribe", "id": "a", "kind": "board", "metric": "spam", "size": 10.0}', "Unknown size"),
        ('{"type": "subscribe", "id": "a", "kind": "board", "metric": "spam", "n": 5}', 'Unknown field "n"'),
        ('{"type": "subscribe", "id": "a", "kind": "table", "metric": "spam"}', 'Unknown field "metric"'),
        ('{"type": "subscribe", "id": "a", "kind": "channels", "channels": ["1"], "size": 10}', 'Unknown field "size"'),
        ('{"type": "unsubscribe", "id": "a", "kind": "table"}', 'Unknown field "kind"'),
        ('{"type": "subscribe", "id": "b", "id": "a"}', '"id": The field was sent 2 times'),
        (" " * 4_097, "longer than 4,096 bytes"),
    ],
)
async def test_malformed_frames_get_an_error_and_the_socket_stays_open(
    socket: BrowserSocket, text: str, reason: str
) -> None:
    await socket.send(text)
    frame = await socket.receive()
    assert (frame["type"], frame["id"]) == ("error", "a" if '"kind"' in text else None)
    assert reason in frame["reason"]
    await socket.subscribe()
    assert (await socket.receive())["type"] == "snapshot"


def test_nested_frames_are_malformed_at_any_depth() -> None:
    """Parsing and formatting both recurse, and the stack may suffice for only one of them."""
    for depth in range(700, 1_100):
        metric = "[" * depth + "]" * depth
        with pytest.raises(BadFrame):
            read_frame(f'{{"type": "subscribe", "id": "a", "kind": "board", "metric": {metric}}}', None)


async def test_ten_binary_frames_close_the_socket(socket: BrowserSocket) -> None:
    for _ in range(10):
        await socket.send(binary=b"\xff\x00")
        assert "binary" in (await socket.receive())["reason"]
    assert await socket.close_code() == 1008


async def test_frames_above_the_rate_limit_are_rejected_and_then_close_the_socket(socket: BrowserSocket) -> None:
    for _ in range(consumer.FRAMES_BURST + consumer.BAD_FRAMES_MAX + 5):
        await socket.send('{"type": "unsubscribe", "id": "a"}')
    reasons = [(await socket.receive())["reason"] for _ in range(consumer.BAD_FRAMES_MAX)]
    assert all("Too many frames" in reason for reason in reasons)
    assert await socket.close_code() == 1008


async def test_a_socket_has_at_most_eight_subscriptions(socket: BrowserSocket) -> None:
    for number in range(consumer.SUBSCRIPTIONS_MAX):
        await socket.subscribe(f"s{number}")
        assert (await socket.receive())["type"] == "snapshot"
    await socket.subscribe("one-more")
    refused = await socket.receive()
    assert (refused["type"], refused["id"]) == ("error", "one-more")
    await socket.subscribe("s3", metric="spam")
    assert (await socket.receive())["board"] == "spam"


async def test_unknown_channels_are_reported_and_the_others_are_served(socket: BrowserSocket, boards: Boards) -> None:
    await socket.subscribe("c", "channels", channels=["404404", "1"])
    frames = {frame["type"]: frame for frame in [await socket.receive(), await socket.receive()]}
    assert "404404" in frames["error"]["reason"]
    assert frames["error"]["id"] == "c"
    assert list(frames["snapshot"]["channels"]) == ["1"]
    assert (await push_after_tick(socket, boards))["type"] == "push"


async def test_a_deleted_session_closes_its_socket_at_the_next_check(
    cookie: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.sessions.models import Session

    monkeypatch.setattr(consumer.LiveSocket, "check_every_s", 0.2)
    socket = await connected(cookie)
    assert await socket.receive_nothing(0.5)
    await sync_to_async(Session.objects.all().delete)()
    assert await socket.close_code() == 4401


@pytest.mark.parametrize(
    "how", ["sign out", "end from another session", "change password in another session", "delete account"]
)
async def test_a_session_that_ends_closes_its_socket_immediately(boards: Boards, how: str) -> None:
    here, there = await sync_to_async(sign_in)(), await sync_to_async(sign_in)()
    ending, staying = await connected(cookie_of(here)), await connected(cookie_of(there))
    for socket in (ending, staying):
        await socket.subscribe()
        await socket.receive()
        await push_after_tick(socket, boards)
    await sync_to_async(end_session)(how, here, there)
    assert await ending.code_after_frames() == 4401
    # A password change rotates the key of the session that made it; deleting the account ends all sessions.
    if how in ("sign out", "end from another session"):
        await push_after_tick(staying, boards)
        await staying.disconnect()


def end_session(how: str, here: Client, there: Client) -> None:
    for client in (here, there):
        client.post("/account/reauthenticate/", {"password": PASSWORD})
    match how:
        case "sign out":
            here.post("/account/logout/")
        case "end from another session":
            there.post("/account/sessions/")
        case "change password in another session":
            new = "another long password"
            expected = {"oldpassword": PASSWORD, "password1": new, "password2": new}
            assert there.post("/account/password/change/", expected).status_code == 302
        case _:
            assert here.post("/account/delete", {"email": EMAIL}).status_code == 302


async def test_boards_recover_after_redis_was_flushed(socket: BrowserSocket, boards: Boards) -> None:
    await socket.subscribe()
    await socket.receive()
    boards.valkey.client().flushall()
    emptied = await push_after_tick(socket, boards)
    assert (emptied["rows"], emptied["newest_end_ms"]) == ([], None)
    boards.write_viewers({"1": 10, "2": 20})
    assert {row["id"] for row in (await push_until_rows(socket, boards))["rows"]} == {"1", "2"}


async def push_until_rows(socket: BrowserSocket, boards: Boards) -> dict[str, Any]:
    async with asyncio.timeout(2 * HANG_S):
        while True:
            push = await push_after_tick(socket, boards)
            if push.get("rows"):
                return push


async def test_the_hub_survives_a_redis_crash(socket: BrowserSocket, boards: Boards) -> None:
    await socket.subscribe()
    await socket.receive()
    boards.valkey.kill()
    await socket.subscribe(metric="spam")
    assert "Live data is unavailable" in (await socket.receive())["reason"]
    boards.valkey.start()
    boards.write_viewers({"1": 10, "2": 20})
    frame = await push_until_rows(socket, boards)
    assert (frame["type"], frame["seq"]) == ("snapshot", 1)
