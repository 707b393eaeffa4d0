"""Size and filters of boards."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from apps.dashboard.choices import DEFAULTS, Choice, read_query
from apps.live.board import Board
from tests.dashboard.conftest import Boards
from tests.dashboard.test_pages import is_displayed, rows_of
from tests.pages import read_page


@pytest.fixture
def crowd(boards: Boards) -> Boards:
    """Forty channels in two categories, with 1,000 to 40,000 viewers."""
    for number in range(1, 41):
        boards.list_channel(str(number), f"Name{number:02}", category="Go" if number % 2 else "Chess")
    boards.write_viewers({str(number): number * 1_000 for number in range(1, 41)})
    return boards


@pytest.mark.parametrize(("query", "count", "ranks"), [("", 10, 10), ("?size=25", 25, 25), ("?size=100", 40, 100)])
def test_a_board_has_the_selected_number_of_rows(
    crowd: Boards, signed_in: Client, query: str, count: int, ranks: int
) -> None:
    response = signed_in.get(f"/{query}")
    assert len(rows_of(response)) == count
    assert f'data-ranks="{ranks}"' in read_page(response)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("category=Chess", ["Name40", "Name38", "Name36"]),
        ("band=25000&category=Go", ["Name39", "Name37", "Name35"]),
        ("band=1000&language=en", ["Name04", "Name03", "Name02"]),
        ("band=100000", []),
        ("language=de", []),
    ],
)
def test_a_filtered_board_ranks_matching_channels(
    crowd: Boards, signed_in: Client, query: str, names: list[str]
) -> None:
    response = signed_in.get(f"/?{query}")
    assert [row[1] for row in rows_of(response)][:3] == names
    assert is_displayed(read_page(response), "board-none") == (not names)
    assert not is_displayed(read_page(response), "board-empty")


def test_filter_options_are_the_live_values_plus_the_selected_one(crowd: Boards, signed_in: Client) -> None:
    page = read_page(signed_in.get("/?category=%3Cb%3E&language=de&board=spam&channel=3"))
    filters = page[page.index('id="filters"') :]
    offered = re.findall(r'<option value="([^"]*)"( selected)?>', filters[: filters.index("</form>")])
    assert [value for value, _ in offered[:4]] == ["", "&lt;b&gt;", "Chess", "Go"]
    assert [value for value, selected in offered if selected] == ["&lt;b&gt;", "de"]
    assert 'name="board" value="spam"' in page
    assert 'name="channel" value="3"' in page
    assert 'id="clear" href="?board=spam&amp;channel=3"' in page


def test_the_query_string_contains_all_selections() -> None:
    board = Board("spam", 25, "Just Chatting & more", "en", "1000")
    choice = Choice(board, "7", "1h")
    query = choice.query()
    assert query == "?board=spam&size=25&category=Just+Chatting+%26+more&language=en&band=1000&channel=7&range=1h"
    assert read_query(choice.parameters()) == choice
    assert Choice().query() == "?"
    assert read_query({}) == Choice()


@pytest.mark.parametrize(
    "query",
    [
        {"size": "11"},
        {"size": "x"},
        {"band": "7"},
        {"board": "love"},
        {"range": "9y"},
        {"metric": "love"},
        {"window": "9m"},
    ],
)
def test_unknown_selections_become_defaults_and_errors_list_the_choices(query: dict[str, str]) -> None:
    choice, ((name, value),) = read_query(query), query.items()
    assert choice.parameters() == DEFAULTS
    (error,) = choice.errors
    assert error.startswith(f"Unknown {name} “{value}”. Choose one of ")


def test_rows_mark_quiet_and_ended_channels(boards: Boards, signed_in: Client) -> None:
    boards.write_viewers({"1": 50_000}, messages=0)
    boards.list_channel("3", "Gamma", live=False)
    values = {row[1]: row[-1] for row in rows_of(signed_in.get("/"))}
    assert values == {"Alpha": "quiet", "Beta": "12,418", "Gamma": "ended"}
