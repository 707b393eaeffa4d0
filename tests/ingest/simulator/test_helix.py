from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from apps.ingest.simulator.audience import Audience
from apps.ingest.simulator.helix import Helix

T0 = 1_790_000_000_000
FIELDS = {
    "id", "user_id", "user_login", "user_name", "game_id", "game_name", "type", "title", "tags", "viewer_count",
    "started_at", "language", "thumbnail_url", "is_mature", "tag_ids",
}  # fmt: skip
CREDENTIALS = {"client_id": "app", "client_secret": "hush", "grant_type": "client_credentials"}


class Api:
    """A client with a token, and the clock that the server goes by."""

    def __init__(self) -> None:
        self.now_ms = T0
        self.audience = Audience(channels=250, rate=10, seed=1)
        app = Helix(self.audience, lambda: self.now_ms).app()
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulated")
        self.headers: dict[str, str] = {}

    async def sign_in(self) -> None:
        answer = await self.client.post("/oauth2/token", data=CREDENTIALS)
        self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}", "Client-Id": "app"}

    async def get(self, path: str, params: Any = None) -> httpx.Response:
        return await self.client.get(f"/helix/{path}", params=params, headers=self.headers)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    api = Api()
    async with api.client:
        await api.sign_in()
        yield api


async def test_a_token_is_given_for_a_form_or_a_query(api: Api) -> None:
    for answer in (
        await api.client.post("/oauth2/token", data=CREDENTIALS),
        await api.client.post("/oauth2/token", params=CREDENTIALS),
    ):
        assert answer.status_code == 200
        assert answer.json()["token_type"] == "bearer"
        assert answer.json()["expires_in"] > 0


@pytest.mark.parametrize("spoiled", [{"grant_type": "password"}, {"client_secret": ""}, {"client_id": ""}])
async def test_no_token_is_given_for_a_bad_request(api: Api, spoiled: dict[str, str]) -> None:
    answer = await api.client.post("/oauth2/token", data=CREDENTIALS | spoiled)
    assert answer.status_code == 400
    assert answer.json()["status"] == 400
    assert answer.json()["message"]


async def test_paging_gives_every_stream_by_viewers(api: Api) -> None:
    streams: list[dict[str, Any]] = []
    cursor, pages = None, 0
    while cursor or not pages:
        body = (await api.get("streams", {"first": 100} | ({"after": cursor} if cursor else {}))).json()
        streams += body["data"]
        cursor, pages = body["pagination"].get("cursor"), pages + 1
    assert pages == 3
    assert len({stream["user_id"] for stream in streams}) == len(streams) == 250
    viewers = [stream["viewer_count"] for stream in streams]
    assert viewers == sorted(viewers, reverse=True)
    assert all(stream.keys() == FIELDS for stream in streams)
    assert streams[0]["started_at"].endswith("Z")


async def test_a_page_has_20_streams_unless_asked_otherwise(api: Api) -> None:
    assert len((await api.get("streams")).json()["data"]) == 20


async def test_viewers_change_between_polls(api: Api) -> None:
    before = (await api.get("streams")).json()["data"]
    api.now_ms += 60_000
    assert (await api.get("streams")).json()["data"] != before


async def test_streams_are_found_by_user(api: Api) -> None:
    one, other = api.audience.channels[7], api.audience.channels[9]
    body = (await api.get("streams", {"user_id": [one.id, "1"], "user_login": other.login.upper()})).json()
    assert {stream["user_id"] for stream in body["data"]} == {one.id, other.id}
    assert body["pagination"] == {}


async def test_users_are_found_by_id_and_login_and_unknown_ones_left_out(api: Api) -> None:
    one, other = api.audience.channels[7], api.audience.channels[9]
    users = (await api.get("users", {"id": [one.id, "1"], "login": [other.login]})).json()["data"]
    assert {(user["id"], user["login"], user["display_name"]) for user in users} == {
        (one.id, one.login, one.name),
        (other.id, other.login, other.name),
    }


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("streams", {"first": "0"}),
        ("streams", {"first": "101"}),
        ("streams", {"first": "many"}),
        ("streams", {"first": "²"}),
        ("streams", {"after": "nonsense"}),
        ("streams", {"after": "eyJvZmZzZXQiOiAtNX0="}),
        ("streams", {"user_id": ["1"] * 101}),
        ("streams", {"user_id": ""}),
        ("users", {}),
        ("users", {"id": [str(n) for n in range(101)]}),
    ],
)
async def test_a_bad_parameter_is_answered_400(api: Api, path: str, params: dict[str, Any]) -> None:
    answer = await api.get(path, params)
    body = answer.json()
    assert (answer.status_code, body["error"], body["status"]) == (400, "Bad Request", 400)
    assert body["message"]


@pytest.mark.parametrize(
    "change",
    [{"Authorization": ""}, {"Authorization": "Bearer stale"}, {"Client-Id": ""}, {"Client-Id": "another"}],
)
async def test_a_request_without_a_right_token_is_answered_401(api: Api, change: dict[str, str]) -> None:
    api.headers |= change
    answer = await api.get("streams")
    assert (answer.status_code, answer.json()["error"], answer.json()["status"]) == (401, "Unauthorized", 401)


async def test_an_empty_bucket_is_answered_429_until_it_is_full_again(api: Api) -> None:
    for _ in range(800):
        answer = await api.get("users", {"id": "1"})
    assert (answer.status_code, answer.headers["Ratelimit-Remaining"]) == (200, "0")
    refused = await api.get("users", {"id": "1"})
    assert (refused.status_code, refused.json()["error"]) == (429, "Too Many Requests")
    assert refused.headers["Ratelimit-Limit"] == "800"
    api.now_ms = int(refused.headers["Ratelimit-Reset"]) * 1000
    assert (await api.get("users", {"id": "1"})).status_code == 200
