"""Boards, from a key to the rows."""

from __future__ import annotations

from tests.dashboard.conftest import Boards
from tests.partners.conftest import Api


async def test_a_board_comes_with_its_rows_best_first(api: Api) -> None:
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


async def test_a_board_has_as_many_rows_as_asked_for(api: Api) -> None:
    assert len((await api.get("boards/viewers?n=2")).json()["rows"]) == 2


async def test_an_unknown_board_is_a_problem(api: Api) -> None:
    response = await api.get("boards/likes")
    assert response.status_code == 404
    problem = response.json()
    assert (problem["code"], problem["type"]) == ("not-found", "/api/#problem-not-found")
    assert problem["request_id"] == response.headers["X-Request-Id"]


async def test_without_a_key_there_is_no_board(boards: Boards, transactional_db: None) -> None:
    response = await Api().get("boards/viewers")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.json()["code"] == "no-key"
