"""The boards endpoint."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.api.conftest import Api
from tests.dashboard.conftest import Boards


async def test_a_board_lists_rows_by_rank(api: Api) -> None:
    response = await api.get("boards/viewers")
    assert response.status_code == 200
    board = response.json()
    assert [(row["rank"], row["name"], row["value"]) for row in board["rows"]] == [
        (1, "Beta", 12_418),
        (2, "Alpha", 1_000),
        (3, "Gamma", 500),
    ]
    assert board["unit"] == "viewers"
    assert board["newest_end"].endswith("Z")
    assert response.headers["Cache-Control"] == "private, max-age=1"
    assert response.headers["RateLimit"].startswith('"burst";r=59;t=1, "day";r=499999;t=')


async def test_a_board_has_the_requested_number_of_rows(api: Api) -> None:
    assert len((await api.get("boards/viewers?n=2")).json()["rows"]) == 2


async def test_an_unknown_board_is_not_found(api: Api) -> None:
    response = await api.get("boards/likes")
    assert response.status_code == 404
    problem = response.json()
    assert (problem["code"], problem["type"]) == ("not-found", "/api/#problem-not-found")
    assert problem["request_id"] == response.headers["X-Request-Id"]


async def test_a_board_requires_a_key(api: Api) -> None:
    response = await Api().get("boards/viewers")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.json()["code"] == "no-key"


async def test_each_value_comes_with_the_end_of_its_window(api: Api, boards: Boards) -> None:
    boards.write_chatters({"1": 12}, behind_ms=4_000, observed_ms=15_000)
    (row,) = (await api.get("boards/chatters")).json()["rows"]
    live = (await api.get("channels/1/live")).json()
    assert live["end"] == (await api.get("boards/viewers")).json()["rows"][1]["end"]
    assert (row["end"], row["coverage"]) == (live["distinct_end"], live["distinct_coverage"])
    assert datetime.fromisoformat(live["end"]) - datetime.fromisoformat(row["end"]) == timedelta(seconds=4)
    assert (live["coverage"], live["distinct_coverage"]) == (1, 0.5)
    other = (await api.get("channels/2/live")).json()
    assert (other["distinct_end"], other["distinct_coverage"]) == (None, None)
