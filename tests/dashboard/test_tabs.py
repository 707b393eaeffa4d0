"""Board tabs: the four main boards, and the additional ones in a second row."""

from __future__ import annotations

import html
import re
from operator import attrgetter

import pytest
from django.test import Client

from core.metrics.table import BOARDS, Metric
from tests.dashboard.conftest import Boards
from tests.dashboard.test_pages import rows_of
from tests.pages import read_page


def test_every_ranked_metric_has_a_tab(boards: Boards, signed_in: Client) -> None:
    page = read_page(signed_in.get("/?board=repetition"))
    (tablist,) = re.findall(r'role="tablist".*?<div class="defns"', page, re.DOTALL)
    tabs = re.findall(r'<a role="tab" href="(.*?)" data-board="(\w+)" .*?aria-selected="(\w+)">', tablist)
    assert [key for _, key, _ in tabs] == [metric.key for metric in BOARDS]
    assert [key for _, key, chosen in tabs if chosen == "true"] == ["repetition"]
    assert ("?board=removals", "removals", "false") in tabs
    assert '<span aria-hidden="true">More</span>' in tablist
    assert page.count('role="tablist"') == 1


def test_only_the_definition_of_the_current_board_is_visible(boards: Boards, signed_in: Client) -> None:
    page = read_page(signed_in.get("/?board=removals"))
    result = definitions_in(page)
    assert [(key, window, text) for key, window, text, _ in result] == [
        (metric.key, window, name_of(metric) + metric.definition_over(window))
        for metric in BOARDS
        for window in metric.windows
    ]
    assert [(key, window) for key, window, _, is_shown in result if is_shown] == [("removals", "30s")]


def name_of(metric: Metric) -> str:
    """Return the name that precedes the definition if the board has a different title."""
    return "" if metric.name == metric.label else f"<b>{metric.name}.</b> "


def definitions_in(page: str) -> list[tuple[str, str, str, bool]]:
    """Return the metric, window and text of each definition, and whether it is shown."""
    pattern = r'<p class="defn" data-board="(\w+)" data-window="(\w+)"( data-shown)?>(.*?) <a href="/methodology#(\w+)"'
    found = re.findall(pattern, page)
    assert all(key == anchor for key, *_, anchor in found)
    return [(key, window, html.unescape(text), bool(shown)) for key, window, shown, text, _ in found]


@pytest.mark.parametrize("metric", BOARDS[4:], ids=attrgetter("key"))
def test_every_additional_board_has_a_page(boards: Boards, signed_in: Client, metric: Metric) -> None:
    boards.write_viewers({"1": 1_000, "2": 12_418}, removals=3, first_messages=6, subscriber_messages=30)
    response = signed_in.get(f"/?board={metric.key}")
    assert response.context["metric"] == metric
    assert re.findall(r'id="unit"\s*>(.*?)</span>', read_page(response)) == [metric.unit]


def test_the_removals_board_is_ranked_by_rate(boards: Boards, signed_in: Client) -> None:
    boards.write_viewers({"1": 1_000}, removals=3)
    boards.write_viewers({"2": 1_000}, removals=12)
    boards.write_viewers({"3": 1_000}, messages=9, removals=9)
    assert rows_of(signed_in.get("/?board=removals")) == [
        ["1", "Beta", "Chess · English", "200.0"],
        ["2", "Alpha", "Chess · English", "50.0"],
    ]
