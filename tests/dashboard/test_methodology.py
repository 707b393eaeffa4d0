"""The methodology page and the links to it."""

from __future__ import annotations

import html
import re
from operator import attrgetter

import pytest
from django.test import Client
from pytest_django import Settings

from core.metrics.columns import COLUMNS, HOUR_COLUMNS
from core.metrics.counting_rules import RULES
from core.metrics.explanations import worked_example
from core.metrics.table import METRICS, Metric
from tests.dashboard.conftest import Boards
from tests.pages import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client) -> str:
    """The page as an anonymous visitor sees it."""
    response = client.get("/methodology")
    assert response.status_code == 200
    return read_page(response)


def test_the_former_url_redirects(client: Client) -> None:
    response = client.get("/method")
    assert (response.status_code, response["Location"]) == (301, "/methodology")


def section(page: str, key: str) -> dict[str, str]:
    """Return the documentation of a metric by term, with its definition under "definition"."""
    (result,) = re.findall(rf'<section class="metric" id="{key}">(.*?)</section>', page, re.DOTALL)
    (definition,) = re.findall(r"<p>(.*?)</p>", result)
    terms = {"definition": definition} | dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", result))
    return {word: html.unescape(text) for word, text in terms.items()}


def test_each_metric_has_a_worked_example(page: str) -> None:
    examples = [html.unescape(text) for text in re.findall(r'<p class="sm example"><b>Example:</b> (.*?)</p>', page)]
    assert examples == [worked_example(metric.key) for metric in METRICS]


@pytest.mark.parametrize("metric", METRICS, ids=attrgetter("key"))
def test_each_metric_is_documented(page: str, metric: Metric) -> None:
    terms = section(page, metric.key)
    data = (terms["definition"], terms["Formula"], terms["Unit"], terms["No value"], terms["Minute and hour"])
    assert data == (metric.definition, metric.formula, metric.unit, metric.empty, metric.longer)
    assert terms["Version"] == str(metric.version)
    assert terms["Live"] == ("every 5 s" if metric.distinct else "every 1 s")
    over_5_min = f"{metric.five_minutes}; every 10 s" if metric.is_ratio else None
    assert terms.get('<a href="#five-minutes">5 minutes</a>') == over_5_min


def test_each_counting_rule_is_documented(page: str) -> None:
    assert all(rule.title in html.unescape(page) and rule.text in html.unescape(page) for rule in RULES)


def test_counts_are_documented_as_lower_bounds_over_gaps(page: str) -> None:
    assert [m.key for m in METRICS if "With gaps" in section(page, m.key)] == [
        "messages",
        "engagement",
        "chatters",
        "shared",
    ]


def test_ranking_thresholds_match_the_settings_of_the_instance(client: Client, settings: Settings) -> None:
    settings.ENGAGEMENT_MIN_VIEWERS, settings.RANKED_MIN_MESSAGES = 2_500, 7
    page = read_page(client.get("/methodology"))
    assert section(page, "engagement")["Ranking"] == "at least 2,500 viewers"
    assert section(page, "emotes")["Ranking"] == "at least 7 messages in 30 s, or 70 messages in 5 min"
    assert section(page, "excitement")["Ranking"] == "at least 10 chatters in 30 s"
    assert section(page, "shared")["Ranking"] == "none"
    assert "On the board" not in section(page, "messages")


@pytest.mark.parametrize(
    ("counted", "expected"), [(False, "excluded from all metrics"), (True, "bots count like everyone else")]
)
def test_the_page_says_whether_known_bots_are_counted(
    client: Client, settings: Settings, counted: bool, expected: str
) -> None:
    settings.COUNT_BOTS = counted
    assert expected in read_page(client.get("/methodology"))


def test_the_introduction_shows_the_configured_limits(client: Client, settings: Settings) -> None:
    settings.VIEWERS_STALE_S = 170
    page = read_page(client.get("/methodology"))
    for words in ("past 30 s and is recomputed every 1 s", "recomputed every 5 s", "below 95% in the past 30 s"):
        assert words in page
    assert "10 s older than the newest window of the board, and leaves the board after 1 min" in " ".join(page.split())
    assert "marked as old after 170 s and as unknown after 10 min" in page


def test_hour_aggregation_of_columns_is_documented(page: str) -> None:
    rows = re.findall(r"<tr><td><code>(\w+)</code></td><td>(.*?)</td></tr>", page)
    shared = [(column.name, column.roll.description) for column in COLUMNS]
    assert [(name, html.unescape(rule)) for name, rule in rows] == [
        *shared,
        *((c.name, c.description) for c in HOUR_COLUMNS),
    ]


def test_every_internal_link_has_a_target(page: str) -> None:
    ids = re.findall(r' id="([\w-]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([\w-]+)"', page)) <= set(ids)


def test_the_page_has_no_inline_code(page: str) -> None:
    assert " style=" not in page
    assert not re.search(r"<script>|<style|onclick=", page)


def test_board_numbers_link_to_the_methodology(boards: Boards, signed_in: Client, page: str) -> None:
    boards.write_viewers({"1": 1_000}, copies=4)
    board = read_page(signed_in.get("/?board=spam&channel=1"))
    links = re.findall(r'<a class="how"( data-method)?[^>]*href="/methodology#(\w+)" title="[^"]+">(.*?)</a>', board)
    following = [(key, text) for follows, key, text in links if follows]
    assert following == [("spam", text) for text in ("Message length", "Message length", "Now", "Peak", "Average")]
    assert {(key, text) for follows, key, text in links if not follows} >= {
        ("viewers", "Viewers"),
        ("chatters", "Chatters"),
        ("coverage", "Coverage"),
        ("viewers", "Viewer count"),
    }
    anchors = set(re.findall(r'href="/methodology#(\w+)"', board))
    assert anchors <= set(re.findall(r' id="(\w+)"', page))


def test_every_page_links_to_the_methodology(signed_in: Client, boards: Boards) -> None:
    for path in ("/", "/methodology", "/nowhere"):
        assert '<a href="/methodology"' in read_page(signed_in.get(path))
    signed_in.logout()
    assert '<a href="/methodology"' in read_page(signed_in.get("/account/login/"))
