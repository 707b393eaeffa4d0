import base64
from typing import Any

import pytest

from simulator.people import LURKER
from tests.simulator.helix_api import CREDENTIALS, T0, Api

FIELDS = {
    "id", "user_id", "user_login", "user_name", "game_id", "game_name", "type", "title", "tags", "viewer_count",
    "started_at", "language", "thumbnail_url", "is_mature", "tag_ids",
}  # fmt: skip


async def test_a_token_is_issued_for_a_form_or_a_query(api: Api) -> None:
    for response in (
        await api.client.post("/oauth2/token", data=CREDENTIALS),
        await api.client.post("/oauth2/token", params=CREDENTIALS),
    ):
        assert response.status_code == 200
        assert response.json()["token_type"] == "bearer"
        assert response.json()["expires_in"] > 0


@pytest.mark.parametrize("invalid", [{"grant_type": "password"}, {"client_secret": ""}, {"client_id": ""}])
async def test_no_token_is_issued_for_a_bad_request(api: Api, invalid: dict[str, str]) -> None:
    response = await api.client.post("/oauth2/token", data=CREDENTIALS | invalid)
    assert response.status_code == 400
    assert response.json()["status"] == 400
    assert response.json()["message"]


async def test_a_token_can_be_validated(api: Api) -> None:
    token = api.headers["Authorization"].removeprefix("Bearer ")
    response = await api.client.get("/oauth2/validate", headers={"Authorization": f"OAuth {token}"})
    assert (response.status_code, response.json()["client_id"], response.json()["scopes"]) == (200, "app", [])
    refused = await api.client.get("/oauth2/validate", headers={"Authorization": "OAuth stale"})
    assert (refused.status_code, refused.json()) == (401, {"status": 401, "message": "invalid access token"})


async def test_pages_list_streams_by_viewers(api: Api) -> None:
    pages = await api.pages()
    assert [len(page) for page in pages[:-1]] == [100, 100]
    live = {stream.channel.id for stream in api.audience.streams(T0)}
    assert len(live & {row["user_id"] for page in pages for row in page}) > 0.97 * len(live)
    for page in pages:
        steady = [row["viewer_count"] for row in page if row["viewer_count"] > 1]
        assert steady == sorted(steady, reverse=True)
        assert all(row.keys() == FIELDS for row in page)
    assert pages[0][0]["started_at"].endswith("Z")


async def test_a_stream_can_be_on_two_pages_or_on_none(api: Api) -> None:
    duplicates = missing = 0
    for _ in range(30):
        api.now_ms += 62_000
        rows = [row["user_id"] for page in await api.pages() for row in page]
        live = {stream.channel.id for stream in api.audience.streams(api.now_ms)}
        duplicates += len(rows) - len(set(rows))
        missing += len(live - set(rows))
    assert duplicates > 5
    assert missing > 5


async def test_a_page_has_20_streams_by_default(api: Api) -> None:
    assert len((await api.get("streams")).json()["data"]) == 20


async def test_viewers_change_between_polls(api: Api) -> None:
    before = (await api.get("streams")).json()["data"]
    api.now_ms += 60_000
    assert (await api.get("streams")).json()["data"] != before


async def test_an_offline_channel_is_absent(api: Api) -> None:
    live = {stream.channel.id for stream in api.audience.streams(T0)}
    off = next(channel for channel in api.audience.channels if channel.id not in live)
    on = next(channel for channel in api.audience.channels if channel.id in live)
    body = (await api.get("streams", {"user_id": [off.id, on.id]})).json()
    assert [row["user_id"] for row in body["data"]] == [on.id]


async def test_streams_are_found_by_user(api: Api) -> None:
    channel, other = api.audience.channels[7], api.audience.channels[9]
    body = (await api.get("streams", {"user_id": [channel.id, "1"], "user_login": other.login.upper()})).json()
    assert {stream["user_id"] for stream in body["data"]} == {channel.id, other.id}
    assert body["pagination"] == {}


async def test_streams_are_found_by_category_and_language(api: Api) -> None:
    wanted = (await api.get("streams")).json()["data"][3]
    query = {"game_id": wanted["game_id"], "language": wanted["language"], "first": "100", "type": "live"}
    rows = (await api.get("streams", query)).json()["data"]
    assert wanted["user_id"] in {row["user_id"] for row in rows}
    assert {(row["game_id"], row["language"]) for row in rows} == {(wanted["game_id"], wanted["language"])}


async def test_users_are_found_by_id_and_login_and_unknown_ones_are_omitted(api: Api) -> None:
    channel, other = api.audience.channels[7], api.audience.channels[9]
    users = (await api.get("users", {"id": [channel.id, "1"], "login": [other.login, LURKER.login]})).json()["data"]
    assert {(user["id"], user["login"], user["display_name"]) for user in users} == {
        (channel.id, channel.login, channel.name),
        (other.id, other.login, other.name),
        (LURKER.id, LURKER.login, LURKER.name),
    }


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("streams", {"first": "0"}),
        ("streams", {"first": "101"}),
        ("streams", {"first": "many"}),
        ("streams", {"first": "²"}),
        ("streams", {"after": "nonsense"}),
        ("streams", {"after": base64.urlsafe_b64encode(b"[" * 3_000).decode()}),
        ("streams", {"after": "eyJvZmZzZXQiOiAtNX0="}),
        ("streams", {"user_id": ["1"] * 101}),
        ("streams", {"user_id": ""}),
        ("streams", {"type": "rerun"}),
        ("users", {}),
        ("users", {"id": [str(n) for n in range(101)]}),
    ],
)
async def test_a_bad_parameter_is_answered_with_400(api: Api, path: str, params: dict[str, Any]) -> None:
    response = await api.get(path, params)
    body = response.json()
    assert (response.status_code, body["error"], body["status"]) == (400, "Bad Request", 400)
    assert body["message"]


@pytest.mark.parametrize(
    "change",
    [{"Authorization": ""}, {"Authorization": "Bearer stale"}, {"Client-Id": ""}, {"Client-Id": "another"}],
)
async def test_a_request_without_a_valid_token_is_answered_with_401(api: Api, change: dict[str, str]) -> None:
    api.headers |= change
    response = await api.get("streams")
    assert (response.status_code, response.json()["error"], response.json()["status"]) == (401, "Unauthorized", 401)


async def test_an_empty_bucket_is_answered_with_429_until_the_reset(api: Api) -> None:
    for _ in range(800):
        response = await api.get("users", {"id": "1"})
    assert (response.status_code, response.headers["Ratelimit-Remaining"]) == (200, "0")
    refused = await api.get("users", {"id": "1"})
    assert (refused.status_code, refused.json()["error"]) == (429, "Too Many Requests")
    assert refused.headers["Ratelimit-Limit"] == "800"
    api.now_ms = int(refused.headers["Ratelimit-Reset"]) * 1000
    assert (await api.get("users", {"id": "1"})).status_code == 200
