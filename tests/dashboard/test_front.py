"""The front page for visitors without an account, and its small board."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from apps.dashboard.front.board import REFRESH_MS, RenderedBoard, rendered_board
from tests.dashboard.conftest import Boards, use_redis
from tests.pages import read_page
from tests.valkey import Valkey

pytestmark = pytest.mark.django_db
UNREACHABLE_REDIS = "redis://127.0.0.1:1"


@pytest.fixture(autouse=True)
def fresh_board() -> Iterator[None]:
    rendered_board.clear()
    yield
    rendered_board.clear()


def names(page: str) -> list[str]:
    return re.findall(r"<b>([^<]+)</b>", page)


def test_a_visitor_sees_what_twitchly_is_for_and_the_live_board(boards: Boards, client: Client) -> None:
    response = client.get("/")
    page = read_page(response)
    assert response.status_code == 200
    assert "worth sponsoring" in page
    assert names(page) == ["Beta", "Alpha", "Gamma"]
    for path in ("/account/login/", "/account/signup/", "/methodology", "/api/", "/status"):
        assert f'href="{path}"' in page
    assert not response.cookies


def test_a_visitor_who_requests_a_specific_page_signs_in_first(boards: Boards, client: Client) -> None:
    assert client.get("/?board=spam").headers["Location"] == "/account/login/?next=/%3Fboard%3Dspam"
    assert client.get("/compare").status_code == 302


def test_the_front_page_is_only_for_visitors(boards: Boards, signed_in: Client, settings: Settings) -> None:
    assert 'id="front-board"' not in read_page(signed_in.get("/"))
    settings.PUBLIC_BOARD = True
    assert 'id="front-board"' not in read_page(Client().get("/"))


def test_the_board_is_the_same_for_all_visitors_and_may_be_cached(boards: Boards, client: Client) -> None:
    response = client.get("/front/board")
    assert names(read_page(response)) == ["Beta", "Alpha", "Gamma"]
    assert response.headers["Cache-Control"] == f"public, max-age={REFRESH_MS // 1000}"
    assert "Cookie" not in response.headers.get("Vary", "")
    assert not response.cookies


def test_the_board_is_rendered_at_most_every_two_seconds() -> None:
    board, rendered = RenderedBoard(), list[int]()

    def render() -> str:
        rendered.append(1)
        return f"board {len(rendered)}"

    assert [board.read(ms, render) for ms in (10_000, 11_999, 12_000, 13_000)] == [
        "board 1", "board 1", "board 2", "board 2",
    ]  # fmt: skip
    assert board.read(5_000, render) == "board 3", "no old board is kept after the clock was set back"


def test_blocked_channels_are_not_on_the_board(boards: Boards, client: Client) -> None:
    boards.block("2")
    assert names(read_page(client.get("/front/board"))) == ["Alpha", "Gamma"]


def test_hostile_names_are_escaped(boards: Boards, client: Client) -> None:
    boards.list_channel("9", "<b>x</b>", category="<script>alert(1)</script>")
    boards.write_viewers({"9": 99_999})
    page = read_page(client.get("/front/board"))
    assert "<script>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_the_page_explains_a_board_without_rows(valkey: Valkey, client: Client) -> None:
    assert "about a minute after startup" in read_page(client.get("/"))


def test_the_page_is_served_while_redis_is_down(client: Client, settings: Settings, valkey: Valkey) -> None:
    use_redis(settings, UNREACHABLE_REDIS)
    response = client.get("/")
    assert response.status_code == 200
    assert "The board could not be loaded" in read_page(response)
