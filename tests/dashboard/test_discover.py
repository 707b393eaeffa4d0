"""Discover: search parameters, the table of live channels, and segments."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.accounts.services import ensure_user
from apps.dashboard.choices import read_query
from apps.live.directory import Profile
from apps.live.readings import ChannelNow
from apps.live.search import PAGE_SIZE, Rule, Search, describe_filters, read_search
from apps.live.table import matching_rows, search_page
from apps.workspaces.models import Segment, Watchlist
from apps.workspaces.segments import SEGMENTS_MAX, save_segment
from core.errors import Refused
from core.metrics.display import ordinal
from tests.dashboard.conftest import EMAIL, Boards, content_of, use_redis
from tests.ingest import twitch_api
from tests.page_services import page_services
from tests.pages import read_page

UNREACHABLE_REDIS = "redis://127.0.0.1:1"


@pytest.fixture(autouse=True)
def empty_live_cache() -> None:
    page_services.reset()


def channel(
    number: int,
    viewers: float | None = 500,
    *,
    coverage: float = 1.0,
    language: str = "English",
    category: str = "Chess",
    **values: float,
) -> ChannelNow:
    known = values if viewers is None else values | {"viewers": viewers}
    profile = Profile(str(number), f"c{number}", f"C{number:02}", category, language)
    return ChannelNow(profile, 1_000, coverage, known, {}, {})


def ids(search: Search, *channels: ChannelNow) -> list[str]:
    return [row.channel.profile.id for row in matching_rows(search, channels)]


@pytest.mark.parametrize("name", ["Just  Chatting", " Chess\u2067", "x" * 150, "🇩🇪" * 120], ids=range(4))
def test_a_category_is_found_as_twitch_writes_it_and_as_pages_show_it(name: str) -> None:
    response = twitch_api.page([twitch_api.row(1, 5, game_name=name)])
    (stream,) = twitch_api.Twitch(response).helix().top_streams(1)
    for written in (name, stream.category):
        search = read_search(QueryDict(urlencode({"category": written})))
        assert ids(search, channel(1, category=stream.category)) == ["1"]
        assert read_query({"category": written}).board.category == stream.category


@pytest.mark.django_db
def test_a_search_that_is_too_long_to_save_is_rejected() -> None:
    query = urlencode({"category": "日" * 200, "language": ["日" * 90, "本" * 90]}, doseq=True)
    with pytest.raises(Refused, match="too long to save"):
        save_segment(owner=User.objects.create(email=EMAIL), name="Long", query=query)


def test_the_default_order_is_by_viewers() -> None:
    assert ids(Search(), channel(1, 5), channel(2, 700), channel(3, None)) == ["2", "1", "3"]


def test_filters_are_combined() -> None:
    fits = channel(1, 2_000, messages=30)
    others = [
        channel(2, 2_000, messages=30, language="German"),
        channel(3, 2_000, messages=30, category="Music"),
        channel(4, 800, messages=30),
        channel(5, 2_000, messages=9),
        channel(6, 2_000, messages=30, coverage=0.9),
        channel(7, None, messages=30),
    ]
    search = Search(("English",), "chess", ("1000",), (Rule("messages", 10, 30),), coverage=95)
    assert ids(search, fits, *others) == ["1"]


def test_unheard_channels_have_no_value_and_come_last() -> None:
    unheard, quiet, loud = channel(1, 9, coverage=0, messages=0), channel(2, 8, messages=0), channel(3, 7, messages=5)
    assert ids(Search(sort="messages"), unheard, quiet, loud) == ["2", "3", "1"]
    assert ids(Search(sort="-messages"), unheard, quiet, loud) == ["3", "2", "1"]
    assert ids(Search(rules=(Rule("messages", None, 0),)), unheard, quiet, loud) == ["2"]


def test_names_are_sorted_case_insensitively() -> None:
    item, other = channel(1, 9, category="zebra"), channel(2, 8, category="Apple")
    assert ids(Search(sort="category"), item, other) == ["2", "1"]
    assert ids(Search(sort="-category"), item, other) == ["1", "2"]


def test_percentiles_compare_channels_of_the_same_size() -> None:
    small = [channel(n, 200, engagement=n) for n in range(1, 12)]
    large = [channel(n, 200_000, engagement=1_000) for n in range(20, 25)]
    result = {
        row.channel.profile.id: row.measures["p.engagement"]
        for row in matching_rows(Search(sort="-p.engagement"), [*small, *large])
    }
    assert (result["1"], result["6"], result["11"]) == (0, 50, 100)
    # Five channels are too few for a percentile.
    assert result["20"] is None


def test_page_numbers_are_clamped_to_the_last_page() -> None:
    table = search_page(Search(page=99), [channel(n) for n in range(1, PAGE_SIZE + 3)])
    assert (table.first, table.last, table.total, len(table.rows)) == (PAGE_SIZE + 1, PAGE_SIZE + 2, PAGE_SIZE + 2, 2)
    assert (search_page(Search(), []).first, search_page(Search(), []).last) == (1, 0)


def test_query_strings_round_trip() -> None:
    search = Search(
        ("English", "日本語"),
        "Just, Chatting",
        ("0", "1000"),
        (Rule("p.spam", 75, None), Rule("messages", None, 1.5)),
        95,
        "-p.spam",
        ("spam", "p.spam"),
        3,
    )
    assert read_search(QueryDict(search.query(page=3)[1:])) == search
    assert Search().query() == "?"
    assert dict(QueryDict(search.by("p.spam")[1:]).items())["sort"] == "p.spam"
    assert "page" not in search.by("messages")


@pytest.mark.parametrize(
    "query",
    [
        "page=-1",
        "page=999999999",
        "m1=messages",
        "language=&category=  ",
        "sort=&band=&column=&m1=",
    ],
)
def test_incomplete_parameters_are_ignored(query: str) -> None:
    assert read_search(QueryDict(query)) == Search()


@pytest.mark.parametrize(
    ("query", "name"),
    [("sort=;drop", "sort"), ("m1=nonsense&min1=3", "m1"), ("band=12", "band"), ("column=nonsense", "column")],
)
def test_errors_name_unknown_values_and_the_choices(query: str, name: str) -> None:
    search = read_search(QueryDict(query))
    assert replace(search, errors=()) == Search()
    (error,) = search.errors
    assert re.match(f"Unknown {name} “.+”. Choose one of ", error)


@pytest.mark.parametrize(
    ("typed", "least"), [("1,5", 1.5), ("1.5", 1.5), ("1 500", 1500), ("1,500,000", 1_500_000), ("1.234,5", 1234.5)]
)
def test_typed_numbers_are_parsed(typed: str, least: float) -> None:
    search = read_search(QueryDict(urlencode({"m1": "messages", "min1": typed})))
    assert (search.rules, search.errors) == ((Rule("messages", least, None),), ())


@pytest.mark.parametrize("typed", ["1,500", "1.500", "nan", "inf", "x"])
def test_malformed_numbers_are_rejected_and_stay_in_their_field(boards: Boards, signed_in: Client, typed: str) -> None:
    query = {"m1": "viewers", "min1": typed, "language": "English"}
    response = signed_in.get("/discover", query)
    page = read_page(response)
    assert response.status_code == 400
    assert f"“{typed}” " in page
    assert f'aria-label="From" placeholder="from" value="{typed}"' in page
    assert '<option value="viewers" selected>' in page
    assert signed_in.get("/discover.csv", query).status_code == 400
    page = read_page(signed_in.post("/discover/segments", {"name": "a", "query": urlencode(query)}, follow=True))
    assert f"“{typed}” " in page
    assert not Segment.objects.exists()


def test_a_rule_that_no_value_can_match_is_rejected(boards: Boards, signed_in: Client) -> None:
    response = signed_in.get("/discover", {"m1": "viewers", "min1": "5000", "max1": "10"})
    assert response.status_code == 400
    assert "Viewers: the minimum 5000 is greater than the maximum 10." in read_page(response)
    search = read_search(QueryDict("m1=viewers&min1=10&max1=10"))
    assert (search.rules, search.errors) == ((Rule("viewers", 10, 10),), ())


def test_a_saved_search_keeps_its_numbers(boards: Boards, signed_in: Client, owner: User) -> None:
    Segment.objects.create(owner=owner, name="precise", query="m1=messages&min1=1.125&max1=2.5")
    page = read_page(signed_in.get("/discover"))
    assert 'href="?m1=messages&amp;min1=1.1250&amp;max1=2.5">precise</a>' in page
    (rule,) = read_search(QueryDict("m1=messages&min1=1.1250&max1=2.5")).rules
    assert (rule.minimum, rule.maximum) == (1.125, 2.5)


def test_filters_are_described_and_removable() -> None:
    search = Search(("English",), "", ("100",), (Rule("p.engagement", 75, 100), Rule("messages", None, 9)), 95)
    texts = [text for text, _ in describe_filters(search)]
    assert texts == [
        "English",
        "100 – 999 viewers",
        "Messages per minute, percentile from 75 to 100",
        "Messages up to 9",
        "Coverage at least 95%",
    ]
    assert [read_search(QueryDict(href[1:])).filters for _, href in describe_filters(search)] == [4] * 5


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (93, "93rd"), (100, "100th")]
)
def test_ordinals_have_english_suffixes(number: int, text: str) -> None:
    assert ordinal(number) == text


def names(page: str) -> list[str]:
    return re.findall(r'<th scope="row"[^>]*>(?:<button.*?</button>\s*)?<a href="[^"]*">([^<]*)</a>', page, re.DOTALL)


def test_the_page_shows_live_channels_and_how_to_sort_them(boards: Boards, signed_in: Client) -> None:
    page = read_page(signed_in.get("/discover"))
    assert names(page) == ["Beta", "Alpha", "Gamma"]
    assert 'aria-sort="descending"><a href="?sort=viewers">Viewers' in page
    assert names(read_page(signed_in.get("/discover?sort=viewers&m1=viewers&min1=600"))) == ["Alpha", "Beta"]


def test_row_updates_contain_rows_only(boards: Boards, signed_in: Client) -> None:
    piece = read_page(signed_in.get("/discover?rows=1"))
    assert names(piece) == ["Beta", "Alpha", "Gamma"]
    assert "<html" not in piece


def test_an_empty_result_has_instructions(boards: Boards, signed_in: Client) -> None:
    assert "Remove a filter" in read_page(signed_in.get("/discover?category=Nothing"))


def test_an_unavailable_redis_is_reported(signed_in: Client, settings: object) -> None:
    use_redis(settings, UNREACHABLE_REDIS)  # type: ignore[arg-type]
    assert "Live channels could not be loaded" in read_page(signed_in.get("/discover"))
    assert signed_in.get("/discover.csv").status_code == 503


def test_hostile_names_stay_text(boards: Boards, signed_in: Client) -> None:
    boards.list_channel("1", "<img src=x>", category="=cmd()")
    page = read_page(signed_in.get("/discover"))
    assert "<img src=x>" not in page
    rows = list(csv.reader(io.StringIO(content_of(signed_in.get("/discover.csv")))))
    assert "'=cmd()" in next(row for row in rows if row[0] == "1")


def test_the_export_contains_all_matches(boards: Boards, signed_in: Client) -> None:
    response = signed_in.get("/discover.csv?sort=viewers")
    rows = list(csv.DictReader(io.StringIO(content_of(response).removeprefix("\ufeff"))))
    assert [row["Channel"] for row in rows] == ["Gamma", "Alpha", "Beta"]
    assert next(value for name, value in rows[0].items() if name.startswith("Viewers")) == "500"
    assert Client().get("/discover.csv").status_code == 401
    assert Client().get("/discover").status_code == 302


@pytest.fixture
def owner(signed_in: Client) -> User:
    return User.objects.get(email=EMAIL)


def test_segments_store_valid_parameters_without_the_page(boards: Boards, signed_in: Client, owner: User) -> None:
    signed_in.post("/discover/segments", {"name": " Big  ones ", "query": "?m1=viewers&min1=600&page=2&evil=1"})
    (segment,) = Segment.objects.filter(owner=owner)
    assert (segment.name, segment.query) == ("Big ones", "m1=viewers&min1=600")
    page = read_page(signed_in.get("/discover"))
    assert '<a href="?m1=viewers&amp;min1=600">Big ones</a>' in page


def test_segments_are_private(signed_in: Client, owner: User) -> None:
    segment = save_segment(owner=owner, name="Mine", query="")
    ensure_user(email="other@example.com", password="another long password")
    other = Client()
    assert other.login(username="other@example.com", password="another long password")
    assert other.post(f"/discover/segments/{segment.pk}/delete").status_code == 404
    assert Client().post(f"/discover/segments/{segment.pk}/delete").status_code == 302
    assert Segment.objects.count() == 1
    response = signed_in.post(f"/discover/segments/{segment.pk}/delete")
    assert (response.status_code, Segment.objects.count()) == (302, 0)


def test_segment_names_are_unique_and_their_number_is_limited(owner: User) -> None:
    save_segment(owner=owner, name="One", query="")
    for name in ("One", "", "x" * 61):
        with pytest.raises(Refused):
            save_segment(owner=owner, name=name, query="")
    for number in range(SEGMENTS_MAX - 1):
        save_segment(owner=owner, name=f"S{number}", query="")
    with pytest.raises(Refused, match="Delete one"):
        save_segment(owner=owner, name="One more", query="")


def test_row_updates_return_503_while_redis_is_unavailable(
    boards: Boards, signed_in: Client, settings: Settings
) -> None:
    use_redis(settings, "redis://127.0.0.1:1")
    page_services.reset()
    assert signed_in.get("/discover?rows=1").status_code == 503


def test_selected_channels_are_compared(boards: Boards, signed_in: Client) -> None:
    answer = signed_in.post("/discover/selection", {"channels": ["3", "1", "3"], "do": "compare"})
    assert answer["Location"] == "/compare?channels=3,1"


def test_selected_channels_are_added_to_the_most_recent_watchlist(boards: Boards, signed_in: Client) -> None:
    query = urlencode({"band": "1000"})
    answer = signed_in.post("/discover/selection", {"channels": ["3", "1"], "do": "watch", "query": query}, follow=True)
    assert "2 channels added to “My channels”." in read_page(answer)
    assert answer.redirect_chain[0][0] == f"/discover?{query}"
    watchlist = Watchlist.objects.get(owner__email=EMAIL)
    assert list(watchlist.watched.values_list("channel_id", flat=True)) == ["3", "1"]


@pytest.mark.parametrize("do", ["compare", "watch"])
def test_an_empty_selection_is_rejected(boards: Boards, signed_in: Client, do: str) -> None:
    answer = signed_in.post("/discover/selection", {"do": do}, follow=True)
    assert "Select at least one channel." in read_page(answer)


def test_a_selection_is_added_completely_or_not_at_all(boards: Boards, signed_in: Client) -> None:
    answer = signed_in.post("/discover/selection", {"channels": ["3", "<b>"], "do": "watch"}, follow=True)
    assert "Invalid channel. Choose one from the list." in read_page(answer)
    assert not Watchlist.objects.filter(watched__channel_id="3").exists()


def test_a_selection_requires_sign_in(boards: Boards, client: Client, db: None) -> None:
    answer = client.post("/discover/selection", {"channels": ["1"], "do": "watch"})
    assert answer["Location"].startswith("/account/login/")
