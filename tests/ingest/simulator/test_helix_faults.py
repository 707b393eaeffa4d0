import asyncio

import pytest

from tests.ingest.simulator.helix_api import CREDENTIALS, Api


async def test_a_revoked_token_is_refused_and_a_new_one_works(api: Api) -> None:
    api.begin("token_revoked")
    refused = await api.get("streams")
    assert (refused.status_code, refused.json()["message"]) == (401, "Invalid OAuth token")
    await api.sign_in()
    assert (await api.get("streams")).status_code == 200


async def test_each_revocation_is_one(api: Api) -> None:
    for _ in range(2):
        api.begin("token_revoked")
        assert (await api.get("streams")).status_code == 401
        await api.sign_in()
        assert (await api.get("streams")).status_code == 200


async def test_a_limited_bucket_says_when_it_is_full_again(api: Api) -> None:
    api.begin("rate_limited", 30)
    refused = await api.get("streams")
    assert (refused.status_code, refused.headers["Ratelimit-Remaining"]) == (429, "0")
    reset_ms = int(refused.headers["Ratelimit-Reset"]) * 1000
    assert 29_000 <= reset_ms - api.now_ms <= 31_000
    api.now_ms = reset_ms
    assert (await api.get("streams")).status_code == 200


async def test_the_server_fails_in_two_ways_and_recovers(api: Api) -> None:
    api.begin("server_error")
    answers = [await api.get("streams") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [500, 503]
    assert (await api.client.post("/oauth2/token", data=CREDENTIALS)).status_code == 500
    api.faults.end_all()
    assert (await api.get("streams")).status_code == 200


async def test_nothing_is_answered_while_the_server_hangs(api: Api) -> None:
    api.begin("hang")
    asked = [asyncio.create_task(api.get("streams")), asyncio.create_task(api.client.post("/oauth2/token"))]
    await asyncio.sleep(0.2)
    assert not any(task.done() for task in asked)
    api.faults.end_all()
    assert [answer.status_code for answer in await asyncio.wait_for(asyncio.gather(*asked), 5)] == [200, 400]


async def test_listings_are_bad_in_three_ways_by_turns(api: Api) -> None:
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


async def test_chosen_channels_and_page_one_are_not_touched_by_bad_paging(api: Api) -> None:
    api.begin("bad_paging")
    one = api.audience.channels[0]
    assert len((await api.get("streams", {"user_id": one.id})).json()["data"]) == 1
    assert len((await api.page())["data"]) == 100


async def test_good_answers_are_malformed_in_four_ways_by_turns(api: Api) -> None:
    api.begin("malformed")
    cut, shape, web, nulls = [await api.get("streams") for _ in range(4)]
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        cut.json()
    assert not isinstance(shape.json()["data"], list)
    assert web.headers["Content-Type"].startswith("text/html")
    rows = nulls.json()["data"]
    assert rows[:3] == [None, 5, "row"]
    assert {type(row["viewer_count"]) for row in rows[3:]} == {int, str}
    assert all("Ratelimit-Remaining" in answer.headers for answer in (cut, shape, web, nulls))
    assert (await api.client.post("/oauth2/token", data=CREDENTIALS)).json()["access_token"]


async def test_a_refusal_keeps_its_form_while_answers_are_malformed(api: Api) -> None:
    api.begin("malformed")
    assert (await api.get("streams", {"first": "0"})).json()["status"] == 400
