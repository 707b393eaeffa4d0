"""The page "How this is counted", and the links that lead to it."""

from __future__ import annotations

import html
import re
from operator import attrgetter

import pytest
from django.test import Client
from pytest_django import Settings

from core.metrics.columns import COLUMNS, HOUR_COLUMNS
from core.metrics.table import METRICS, Metric
from tests.dashboard.conftest import Boards

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client) -> str:
    """What somebody reads who is not signed in."""
    response = client.get("/method")
    assert response.status_code == 200
    return response.content.decode()


def section(page: str, key: str) -> dict[str, str]:
    """Return what is said of a metric, by the words at the left, and its definition under "definition"."""
    (found,) = re.findall(rf'<section class="metric" id="{key}">(.*?)</section>', page, re.DOTALL)
    (definition,) = re.findall(r"<p>(.*?)</p>", found)
    said = {"definition": definition} | dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", found))
    return {word: html.unescape(text) for word, text in said.items()}


@pytest.mark.parametrize("metric", METRICS, ids=attrgetter("key"))
def test_each_metric_is_told_from_the_table(page: str, metric: Metric) -> None:
    said = section(page, metric.key)
    told = (said["definition"], said["Formula"], said["Unit"], said["No value"], said["A minute, an hour"])
    assert told == (metric.definition, metric.formula, metric.unit, metric.empty, metric.longer)
    assert said["Version"] == str(metric.version)
    assert said["Live"] == ("every 5 s" if metric.distinct else "every 1 s")


def test_counts_say_that_a_gap_makes_them_lower_bounds(page: str) -> None:
    assert [m.key for m in METRICS if "With a gap" in section(page, m.key)] == [
        "messages",
        "engagement",
        "chatters",
        "shared",
    ]


def test_floors_are_those_that_this_copy_runs_with(client: Client, settings: Settings) -> None:
    settings.ENGAGEMENT_MIN_VIEWERS, settings.RANKED_MIN_MESSAGES = 2_500, 7
    page = client.get("/method").content.decode()
    assert section(page, "engagement")["On the board"] == "not ranked below 2,500 viewers"
    assert section(page, "emotes")["On the board"] == "not ranked below 7 messages in 30 s"
    assert section(page, "excitement")["On the board"] == "not ranked below 10 chatters in 30 s"
    assert section(page, "shared")["On the board"] == "it has none"
    assert "On the board" not in section(page, "messages")


@pytest.mark.parametrize(("counted", "said"), [(False, "count in no metric"), (True, "bots count like everybody")])
def test_it_says_whether_known_bots_count(client: Client, settings: Settings, counted: bool, said: str) -> None:
    settings.COUNT_BOTS = counted
    assert said in client.get("/method").content.decode()


def test_the_introduction_tells_the_limits_that_hold(client: Client, settings: Settings) -> None:
    settings.VIEWERS_STALE_S = 170
    page = client.get("/method").content.decode()
    for words in ("past 30 s and is made anew every 1 s", "come every 5 s", "less than 95 % of the past 30 s"):
        assert words in page
    assert "10 s behind the board’s, and leaves the board after 1 min" in page
    assert "marked as old after 170 s and unknown after 10 min" in page


def test_the_columns_say_how_an_hour_comes_about(page: str) -> None:
    found = re.findall(r"<tr><td><code>(\w+)</code></td><td>(.*?)</td></tr>", page)
    shared = [(column.name, column.roll.description) for column in COLUMNS]
    assert [(name, html.unescape(said)) for name, said in found] == [
        *shared,
        *((c.name, c.description) for c in HOUR_COLUMNS),
    ]


def test_every_link_within_the_page_leads_somewhere(page: str) -> None:
    ids = re.findall(r' id="([\w-]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([\w-]+)"', page)) <= set(ids)


def test_nothing_is_inline(page: str) -> None:
    assert " style=" not in page
    assert not re.search(r"<script>|<style|onclick=", page)


def test_every_number_of_the_board_leads_to_how_it_is_counted(boards: Boards, signed_in: Client, page: str) -> None:
    boards.show({"1": 1_000}, copies=4)
    board = signed_in.get("/?board=spam&channel=1").content.decode()
    links = re.findall(r'<a class="how"( data-method)?[^>]*href="/method#(\w+)" title="[^"]+">(.*?)</a>', board)
    following = [(key, text) for follows, key, text in links if follows]
    assert following == [("spam", text) for text in ("Message length", "Message length", "Now", "Peak", "Average")]
    assert {(key, text) for follows, key, text in links if not follows} >= {
        ("viewers", "Viewers"),
        ("chatters", "Chatters"),
        ("coverage", "Coverage"),
        ("viewers", "Viewer count"),
    }
    anchors = set(re.findall(r'href="/method#(\w+)"', board))
    assert anchors <= set(re.findall(r' id="(\w+)"', page))


def test_every_page_leads_to_it(signed_in: Client, boards: Boards) -> None:
    for path in ("/", "/method", "/nowhere"):
        assert '<a href="/method"' in signed_in.get(path).content.decode()
    signed_in.logout()
    assert '<a href="/method"' in signed_in.get("/account/login/").content.decode()
