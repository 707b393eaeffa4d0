import asyncio

import pytest

from simulator.faults import parse_request
from tests.simulator.helix_api import CREDENTIALS, Api


async def test_a_revoked_token_is_rejected_and_a_new_one_works(api: Api) -> None:
    api.begin("token_revoked")
    refused = await api.get("streams")
    assert (refused.status_code, refused.json()["message"]) == (401, "Invalid OAuth token")
    await api.sign_in()
    assert (await api.get("streams")).status_code == 200


async def test_each_revocation_applies_once(api: Api) -> None:
    for _ in range(2):
        api.begin("token_revoked")
        assert (await api.get("streams")).status_code == 401
        await api.sign_in()
        assert (await api.get("streams")).status_code == 200


async def test_a_limited_bucket_reports_its_reset(api: Api) -> None:
    api.begin("rate_limited", 30)
    refused = await api.get("streams")
    assert (refused.status_code, refused.headers["Ratelimit-Remaining"]) == (429, "0")
    reset_ms = int(refused.headers["Ratelimit-Reset"]) * 1000
    assert 29_000 <= reset_ms - api.now_ms <= 31_000
    api.now_ms = reset_ms
    assert (await api.get("streams")).status_code == 200


async def test_the_server_fails_with_two_statuses_and_recovers(api: Api) -> None:
    api.begin("server_error")
    responses = [await api.get("streams") for _ in range(2)]
    assert [response.status_code for response in responses] == [500, 503]
    assert (await api.client.post("/oauth2/token", data=CREDENTIALS)).status_code == 500
    api.faults.end_all()
    assert (await api.get("streams")).status_code == 200


async def test_no_response_is_sent_while_the_server_hangs(api: Api) -> None:
    api.begin("hang")
    tasks = [asyncio.create_task(api.get("streams")), asyncio.create_task(api.client.post("/oauth2/token"))]
    await asyncio.sleep(0.2)
    assert not any(task.done() for task in tasks)
    api.faults.end_all()
    assert [response.status_code for response in await asyncio.wait_for(asyncio.gather(*tasks), 60)] == [200, 400]


async def test_bad_paging_alternates_between_three_variants(api: Api) -> None:
    good = [{row["user_id"] for row in page} for page in await api.pages()]
    api.begin("bad_paging", 600)
    looping = await api.pages()
    assert len(looping) == 10
    assert {row["user_id"] for row in looping[0]} == {row["user_id"] for row in looping[2]} == good[0]
    empty = await api.pages()
    assert [bool(page) for page in empty] == [True] + [False] * 9
    shifted = [[row["user_id"] for row in page] for page in await api.pages()]
    assert 40 < len(set(shifted[0]) & set(shifted[1])) < 60
    assert 5 < len(set().union(*good) - {user for page in shifted for user in page}) < 60
    assert len(shifted) == len(good)


async def test_short_pages_alternate_between_two_variants(api: Api) -> None:
    good = {row["user_id"] for page in await api.pages() for row in page}
    api.begin("short_pages")
    first = await api.pages()
    assert [len(page) for page in first] == [50, *[0] * 9]
    second = await api.pages()
    assert {len(page) for page in second[:-1]} == {50}
    assert len(good ^ {row["user_id"] for page in second for row in page}) < 10


async def test_every_cursor_is_rejected_but_first_pages_are_served(api: Api) -> None:
    api.begin("cursor_refused")
    body = await api.page()
    assert len(body["data"]) == 50
    refused = await api.get("streams", {"first": 100, "after": body["pagination"]["cursor"]})
    assert (refused.status_code, refused.json()["message"]) == (400, "invalid cursor")


async def test_some_streams_have_implausible_starts(api: Api) -> None:
    ids = [channel.id for channel in api.audience.channels[:4]]
    good = await starts(api, ids)
    api.faults.begin(parse_request({"kind": "bad_starts", "channels": 3}), api.now_ms)
    bad = await starts(api, ids)
    assert [bad[channel] for channel in ids] == [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
        good[ids[3]],
    ]


async def test_some_streams_are_absent_from_pages_and_lookups(api: Api) -> None:
    hidden = {channel.id for channel in api.audience.channels[:3]}
    rows = (await api.page())["data"]
    api.faults.begin(parse_request({"kind": "absent", "channels": 3}), api.now_ms)
    assert {row["user_id"] for row in rows} - {row["user_id"] for row in (await api.page())["data"]} == hidden
    assert await starts(api, sorted(hidden)) == {}


async def test_every_second_listing_has_an_earlier_broadcast(api: Api) -> None:
    first = api.audience.channels[0].id
    api.faults.begin(parse_request({"kind": "old_answers", "channels": 1}), api.now_ms)
    listings = [{row["user_id"]: row for row in (await api.page())["data"]} for _ in range(4)]
    old, new = listings[0][first], listings[1][first]
    assert old["started_at"] < new["started_at"]
    assert (old["title"], old["game_name"]) != (new["title"], new["game_name"])
    assert [listing[first] == old for listing in listings] == [True, False, True, False]
    others = [{user: row for user, row in listing.items() if user != first} for listing in listings]
    assert others == [others[0]] * 4


async def test_every_second_listing_has_the_title_from_before_the_change(api: Api) -> None:
    first = api.audience.channels[0].id
    before = {row["user_id"]: row for row in (await api.page())["data"]}[first]
    api.faults.begin(parse_request({"kind": "old_texts", "channels": 1}), api.now_ms)
    listings = [{row["user_id"]: row for row in (await api.page())["data"]} for _ in range(4)]
    new = listings[0][first]
    assert (new["title"], new["game_name"]) == (f"New: {before['title']}", "Music")
    assert new["started_at"] == before["started_at"]
    assert [listing[first] for listing in listings] == [new, before, new, before]


async def starts(api: Api, ids: list[str]) -> dict[str, str]:
    rows = (await api.get("streams", {"user_id": ids, "first": 100})).json()["data"]
    return {row["user_id"]: row["started_at"] for row in rows}


async def test_lookups_and_first_pages_are_not_affected_by_bad_paging(api: Api) -> None:
    api.begin("bad_paging")
    channel = api.audience.channels[0]
    assert len((await api.get("streams", {"user_id": channel.id})).json()["data"]) == 1
    assert len((await api.page())["data"]) == 100


async def test_malformed_responses_alternate_between_four_variants(api: Api) -> None:
    api.begin("malformed")
    cut, shape, web, nulls = [await api.get("streams") for _ in range(4)]
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        cut.json()
    assert not isinstance(shape.json()["data"], list)
    assert web.headers["Content-Type"].startswith("text/html")
    rows = nulls.json()["data"]
    assert rows[:3] == [None, 5, "row"]
    assert {type(row["viewer_count"]) for row in rows[3:]} == {int, str}
    assert all("Ratelimit-Remaining" in response.headers for response in (cut, shape, web, nulls))
    assert (await api.client.post("/oauth2/token", data=CREDENTIALS)).json()["access_token"]


async def test_error_responses_are_not_malformed(api: Api) -> None:
    api.begin("malformed")
    assert (await api.get("streams", {"first": "0"})).json()["status"] == 400
