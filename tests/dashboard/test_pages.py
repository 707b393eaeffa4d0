import html
import json
import re
from html.parser import HTMLParser

import pytest
from django.http import HttpResponseBase
from django.template.loader import render_to_string
from django.test import Client
from pytest_django import Settings

from apps.channels.models import Channel
from apps.metrics.chart_ranges import RANGES
from core.metrics.table import METRIC
from tests.dashboard.conftest import EMAIL, PASSWORD, Boards, use_redis
from tests.pages import read_page
from tests.valkey import Valkey

UNREACHABLE_REDIS = "redis://127.0.0.1:1"


class Rows(HTMLParser):
    """The text in the board's rows, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "li" and dict(attrs).get("data-id"):
            self.rows.append([])
        self.is_inside = self.is_inside or (tag == "ol")

    def handle_endtag(self, tag: str) -> None:
        self.is_inside = self.is_inside and tag != "ol"

    def handle_data(self, data: str) -> None:
        if self.is_inside and self.rows and data.strip():
            self.rows[-1].append(data.strip())


def rows_of(response: HttpResponseBase) -> list[list[str]]:
    parser = Rows()
    parser.feed(getattr(response, "content", b"").decode())
    return parser.rows


def test_the_board_works_without_javascript(boards: Boards, signed_in: Client) -> None:
    assert rows_of(signed_in.get("/")) == [
        ["1", "Beta", "Chess · English", "12,418"],
        ["2", "Alpha", "Chess · English", "1,000"],
        ["3", "Gamma", "Chess · English", "500"],
    ]


def test_the_first_channel_is_shown_by_default(boards: Boards, signed_in: Client) -> None:
    assert '<h1 id="name">Beta</h1>' in read_page(signed_in.get("/"))


def test_tabs_ranges_and_rows_are_links(boards: Boards, signed_in: Client) -> None:
    page = read_page(signed_in.get("/?board=messages&channel=3&range=1h"))
    assert 'href="?channel=3&amp;range=1h" data-board="viewers"' in page
    assert 'href="?board=messages&amp;channel=3&amp;range=24h" data-range="24h"' in page
    assert 'href="?board=messages&amp;channel=1&amp;range=1h"' in page
    assert '<h1 id="name">Gamma</h1>' in page


def test_unknown_boards_and_ranges_fall_back_to_defaults(boards: Boards, signed_in: Client) -> None:
    response = signed_in.get("/?board=nonsense&range=9y")
    assert response.context["metric"].key == "viewers"
    assert response.context["range"].key == "10m"


def test_partly_heard_counts_are_lower_bounds(boards: Boards, signed_in: Client) -> None:
    boards.write_viewers({"1": 1_000}, observed_ms=15_000, messages=4_000)
    assert rows_of(signed_in.get("/?board=messages"))[0] == ["1", "Alpha", "Chess · English", "≥ 4,000"]
    assert rows_of(signed_in.get("/"))[1] == ["2", "Alpha", "Chess · English", "1,000"]


@pytest.mark.parametrize(("key", "has_peak"), [("viewers", True), ("coverage", False)])
def test_coverage_has_no_peak_tile(key: str, has_peak: bool) -> None:
    tiles = render_to_string("dashboard/_range_tiles.html", {"metric": METRIC[key], "range": RANGES["1h"]})
    (tile,) = re.findall(r'<div\s[^>]*id="peak-tile"[^>]*>', tiles)
    assert ("hidden" in tile) != has_peak


def test_stale_channels_show_their_age_and_then_disappear(boards: Boards, signed_in: Client) -> None:
    boards.write_viewers({"8": 90_000}, behind_ms=20_000)
    boards.write_viewers({"9": 99_000}, behind_ms=61_000)
    page = signed_in.get("/")
    assert rows_of(page)[0][:1] == ["1"]
    assert rows_of(page)[0][-1].startswith("stale 2")
    assert len(rows_of(page)) == 4


@pytest.mark.parametrize("path", ["/?channel=77", "/?channel=<script>", "/?channel=1'--", "/?channel=" + "9" * 5_000])
def test_unknown_channels_return_404_with_a_link_to_the_board(boards: Boards, signed_in: Client, path: str) -> None:
    response = signed_in.get(path)
    assert response.status_code == 404
    assert "No channel has the ID" in read_page(response)
    assert 'href="/"' in read_page(response)
    assert "<script>" not in read_page(response)


def test_offline_channels_have_a_page(boards: Boards, signed_in: Client) -> None:
    Channel.objects.create(id="50", login="omega", name="Omega", last_seen_at="2026-11-01T00:00:00Z")
    response = signed_in.get("/?channel=50")
    assert response.status_code == 200
    assert '<h1 id="name">Omega</h1>' in read_page(response)


def note(page: str) -> str:
    """Return the note below the channel's current value."""
    (text,) = re.findall(r'id="now-note">(.*?)</div>', page)
    return html.unescape(text)


def test_missing_values_are_explained(boards: Boards, signed_in: Client) -> None:
    boards.write_viewers({"1": 1_000}, messages=0)
    boards.write_viewers({"2": 1_000}, messages=3)
    assert note(read_page(signed_in.get("/?board=excitement&channel=2"))) == METRIC["excitement"].empty
    assert note(read_page(signed_in.get("/?board=spam&channel=1"))) == "no messages"
    assert note(read_page(signed_in.get("/?board=spam&channel=2"))) == "not ranked (needs 10 messages in 30 s)"
    assert note(read_page(signed_in.get("/?board=messages&channel=1"))) == ""


def is_displayed(page: str, element_id: str) -> bool:
    """Return whether the element with this id exists and is not hidden."""
    (tag,) = re.findall(rf'<[a-z]+ [^>]*id="{element_id}"[^>]*>', page)
    return not tag.endswith(" hidden>")


def test_offline_channels_explain_missing_viewers(boards: Boards, signed_in: Client) -> None:
    boards.list_channel("3", "Gamma", live=False)
    boards.write_viewers({"3": None})
    page = read_page(signed_in.get("/?channel=3"))
    assert is_displayed(page, "offline")
    assert 'id="now">–</span>' in page
    assert "the stream is offline" in page
    assert not is_displayed(read_page(signed_in.get("/?channel=1")), "offline")


def test_excluded_counts_are_shown_if_there_are_any(boards: Boards, signed_in: Client) -> None:
    boards.write_viewers({"1": 1_000}, copies=32, bot_messages=7)
    page = read_page(signed_in.get("/?channel=1"))
    assert is_displayed(page, "apart")
    assert "32 from shared chat, 7 by bots" in page
    assert not is_displayed(read_page(signed_in.get("/?channel=2")), "apart")


def notes(page: str) -> list[str]:
    """Return the visible notes on viewer counts."""
    result = re.findall(r'<div class="note[^>]*data-viewers-note[^>]*>.*?<b>(.*?)</b>', page)
    return result if "data-viewers-note" in page and not re.search(r"data-viewers-note[^>]* hidden>", page) else []


@pytest.mark.parametrize(
    ("age_ms", "expected"),
    [
        (60_000, []),
        (149_000, []),
        (200_000, ["Viewer counts are 3 min old."] * 2),
        (720_000, ["Viewer counts are unavailable."] * 2),
    ],
)
def test_old_viewer_counts_show_their_age(boards: Boards, signed_in: Client, age_ms: int, expected: list[str]) -> None:
    boards.list_channel("1", "Alpha", age_ms=age_ms)
    assert notes(read_page(signed_in.get("/?channel=1"))) == expected


def test_boards_without_viewer_counts_explain_why_they_are_empty(boards: Boards, signed_in: Client) -> None:
    boards.list_channel("1", "Alpha", age_ms=720_000)
    boards.end_ms += 1
    boards.write_viewers({"1": None, "2": None, "3": None})
    for board in ("viewers", "engagement"):
        response = signed_in.get(f"/?board={board}&channel=1")
        page = read_page(response)
        assert rows_of(response) == []
        assert (is_displayed(page, "board-unknown"), is_displayed(page, "board-empty")) == (True, False)
        assert note(page) == METRIC[board].empty
        assert 'id="now">–</span>' in page
    assert len(rows_of(signed_in.get("/?board=messages"))) == 3


def test_hostile_names_and_titles_are_escaped(boards: Boards, signed_in: Client) -> None:
    hostile = "</script><script>alert(1)</script>"
    boards.list_channel("2", hostile, title=f'{hostile}" onload="x', category="<b>bold</b>")
    page = read_page(signed_in.get("/"))
    assert "<script>alert" not in page
    assert "<b>bold" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_pages_have_a_strict_csp_and_no_inline_code(boards: Boards, signed_in: Client) -> None:
    response = signed_in.get("/")
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe-inline" not in response["Content-Security-Policy"]
    assert " style=" not in read_page(response)
    assert "onclick=" not in read_page(response)


def test_every_page_names_its_data_source(boards: Boards, signed_in: Client, client: Client) -> None:
    assert "simulated" in read_page(signed_in.get("/"))
    assert "simulated" in read_page(signed_in.get("/nowhere"))
    signed_in.logout()
    assert "simulated" in read_page(client.get("/account/login/"))


def test_the_board_requires_sign_in_which_returns_to_its_url(boards: Boards, client: Client, db: None) -> None:
    response = client.get("/?board=spam&channel=1")
    assert response.status_code == 302
    assert response["Location"] == "/account/login/?next=/%3Fboard%3Dspam%26channel%3D1"
    assert client.get("/channels/1/series").status_code == 401


def test_a_public_board_requires_no_sign_in(boards: Boards, client: Client, settings: Settings, db: None) -> None:
    settings.PUBLIC_BOARD = True
    assert len(rows_of(client.get("/"))) == 3


def test_a_user_can_sign_in_and_out(boards: Boards, signed_in: Client) -> None:
    assert signed_in.post("/account/logout/").status_code == 302
    refused = signed_in.post("/account/login/", {"login": EMAIL, "password": "wrong"})
    assert "not correct" in read_page(refused)
    accepted = signed_in.post("/account/login/", {"login": EMAIL.upper(), "password": PASSWORD})
    assert (accepted.status_code, accepted["Location"]) == (302, "/")


def test_an_empty_board_explains_what_is_missing(valkey: Valkey, signed_in: Client) -> None:
    page = read_page(signed_in.get("/"))
    assert "Waiting for the first 30 s" in page
    assert not is_displayed(page, "list")


def test_the_page_and_chart_work_without_redis(signed_in: Client, settings: Settings) -> None:
    Channel.objects.create(id="50", login="omega", name="Omega", last_seen_at="2026-11-01T00:00:00Z")
    use_redis(settings, UNREACHABLE_REDIS)
    response = signed_in.get("/?channel=50")
    assert response.status_code == 200
    assert "The board could not be loaded." in read_page(response)
    assert '<h1 id="name">Omega</h1>' in read_page(response)


def test_without_redis_unknown_channels_do_not_return_404(signed_in: Client, settings: Settings) -> None:
    use_redis(settings, UNREACHABLE_REDIS)
    assert "The board could not be loaded." in read_page(signed_in.get("/?channel=51"))
    assert signed_in.get("/channels/51/series").status_code == 503


def test_without_cassandra_the_board_works_but_the_chart_explains_why_it_is_empty(
    boards: Boards, signed_in: Client
) -> None:
    page = signed_in.get("/")
    assert len(rows_of(page)) == 3
    assert "History could not be loaded." in read_page(page)
    response = signed_in.get("/channels/1/series?range=1h")
    assert response.status_code == 503
    assert "History is unavailable" in json.loads(response.content)["reason"]


def test_pages_are_compressed_and_streamed_files_are_not(boards: Boards, signed_in: Client) -> None:
    accepts_gzip = {"Accept-Encoding": "gzip"}
    assert signed_in.get("/", headers=accepts_gzip).headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in signed_in.get("/discover.csv", headers=accepts_gzip).headers


def test_invalid_series_requests_are_rejected(boards: Boards, signed_in: Client) -> None:
    assert signed_in.get("/channels/77/series").status_code == 404
    assert signed_in.get("/channels/1/series?range=9y").status_code == 400
    unknown = signed_in.get("/channels/1/series?metric=fame")
    assert (unknown.status_code, "Unknown metric" in read_page(unknown)) == (400, True)


def test_healthz_needs_no_sign_in(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


@pytest.mark.parametrize("is_past", [False, True])
def test_live_values_are_hidden_in_a_past_range(boards: Boards, signed_in: Client, is_past: bool) -> None:
    span = "&from=2026-01-01T00:00Z&until=2026-01-01T06:00Z" if is_past else ""
    page = read_page(signed_in.get(f"/?channel=2&board=viewers{span}"))
    for tile in ("now-tile", "chatters-tile"):
        assert (f'id="{tile}" hidden' in page) == is_past
    assert ("<b data-value></b>" in page) == is_past
