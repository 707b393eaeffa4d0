"""Watchlists, and their isolation between accounts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.accounts.personal_data import personal_data
from apps.accounts.services import ensure_user
from apps.channels.models import Channel
from apps.dashboard.sparkline import line_path
from apps.workspaces import services
from apps.workspaces.models import Watchlist
from apps.workspaces.queries import channels_of, lists_with
from core.errors import Refused
from core.metrics.table import BOARDS
from tests.dashboard.conftest import EMAIL, Boards
from tests.dashboard.page_script import run_program
from tests.page_services import page_services
from tests.pages import read_page

JSON = {"Accept": "application/json"}


@pytest.fixture
def owner(signed_in: Client) -> User:
    return User.objects.get(email=EMAIL)


@pytest.fixture
def other(db: None) -> Client:
    ensure_user(email="other@example.com", password="another long password")
    client = Client()
    assert client.login(username="other@example.com", password="another long password")
    return client


def watching(owner: User, *channel_ids: str, name: str = "Mine") -> Watchlist:
    watchlist = services.create(owner=owner, name=name)
    for channel_id in channel_ids:
        services.add(owner=owner, channel_id=channel_id, watchlist=watchlist)
    return watchlist


def test_the_first_channel_creates_a_watchlist(signed_in: Client, owner: User) -> None:
    response = signed_in.post("/watchlists/watch", {"channel": "7"}, headers=JSON).json()
    (watchlist,) = Watchlist.objects.filter(owner=owner)
    assert (response["list"], channels_of(watchlist)) == ("My channels", ["7"])
    assert response["lists"] == [{"id": watchlist.pk, "name": "My channels", "holds": True}]


def test_one_click_adds_to_the_list_used_last(owner: User) -> None:
    first, second = watching(owner, name="First"), watching(owner, name="Second")
    services.add(owner=owner, channel_id="1", watchlist=first)
    services.add(owner=owner, channel_id="2")
    assert (channels_of(first), channels_of(second)) == (["1", "2"], [])
    assert [(item.name, holds) for item, holds in lists_with(owner, "2")] == [("First", True), ("Second", False)]


def test_channels_are_unique_on_a_list_and_removable(signed_in: Client, owner: User) -> None:
    watchlist = watching(owner, "7", "7", "8")
    form = {"channel": "7", "list": watchlist.pk, "off": 1, "next": f"/watchlists/{watchlist.pk}"}
    response = signed_in.post("/watchlists/watch", form)
    assert response.headers["Location"] == f"/watchlists/{watchlist.pk}"
    assert channels_of(watchlist) == ["8"]


def test_forms_redirect_only_to_pages_of_this_site(signed_in: Client, owner: User) -> None:
    response = signed_in.post("/watchlists/watch", {"channel": "7", "next": "https://evil.example/"})
    assert response.headers["Location"] == "/watchlists"


def test_channels_can_be_reordered(signed_in: Client, owner: User) -> None:
    watchlist = watching(owner, "1", "2", "3")
    url = f"/watchlists/{watchlist.pk}/order"
    assert signed_in.post(url, {"channels": ["3", "1", "9"]}, headers=JSON).json() == {"channels": ["3", "1", "2"]}
    signed_in.post(url, {"channel": "2", "by": "-1"})
    assert channels_of(watchlist) == ["3", "2", "1"]
    signed_in.post(url, {"channel": "3", "by": "-1"})
    signed_in.post(url, {"channel": "nobody", "by": "1"})
    assert channels_of(watchlist) == ["3", "2", "1"]


def test_a_deleted_list_can_be_restored(signed_in: Client, owner: User) -> None:
    watchlist = watching(owner, "3", "1", name="For <January>")
    page = read_page(signed_in.post(f"/watchlists/{watchlist.pk}/delete", follow=True))
    assert "For &lt;January&gt;" in page
    assert not Watchlist.objects.exists()
    (undo,) = re.findall(r'name="undo" value="([^"]+)"', page)
    signed_in.post("/watchlists/restore", {"undo": undo})
    (again,) = Watchlist.objects.filter(owner=owner)
    assert (again.name, channels_of(again)) == ("For <January>", ["3", "1"])
    assert "already" in read_page(signed_in.post("/watchlists/restore", {"undo": undo}, follow=True))


def test_forged_undo_tokens_and_those_of_other_accounts_are_rejected(
    signed_in: Client, owner: User, other: Client
) -> None:
    undo = services.delete(watchlist=watching(owner, "1"))
    for client, text in ((other, undo), (signed_in, f"{undo}x")):
        client.post("/watchlists/restore", {"undo": text})
        assert not Watchlist.objects.exists()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ""),
        ("get", "/lines"),
        ("post", "/add"),
        ("post", "/rename"),
        ("post", "/delete"),
        ("post", "/order"),
    ],
)
def test_watchlists_are_private(owner: User, other: Client, client: Client, method: str, path: str) -> None:
    watchlist = watching(owner, "1", "2")
    url = f"/watchlists/{watchlist.pk}{path}"
    assert getattr(other, method)(url, {"name": "stolen", "channels": ["2", "1"]}).status_code == 404
    response = getattr(Client(), method)(url)
    assert (response.status_code, response.headers["Location"].split("?")[0]) == (302, "/account/login/")
    watchlist.refresh_from_db()
    assert (watchlist.name, channels_of(watchlist)) == ("Mine", ["1", "2"])


def test_adding_to_another_accounts_list_is_rejected(owner: User, other: Client) -> None:
    watchlist = watching(owner, "1")
    for form in ({"channel": "2", "list": watchlist.pk}, {"channel": "1", "list": watchlist.pk, "off": 1}):
        assert other.post("/watchlists/watch", form).status_code == 404
    assert channels_of(watchlist) == ["1"]
    assert other.get("/watchlists/lists?channel=1").json() == {"lists": []}


# Python refuses to convert more than 4,300 digits.
@pytest.mark.parametrize("digits", [19, 20, 5_000])
def test_an_invalid_or_out_of_range_list_id_is_not_found(signed_in: Client, owner: User, digits: int) -> None:
    watching(owner, "1")
    assert signed_in.post("/watchlists/watch", {"channel": "2", "list": "9" * digits}).status_code == 404
    assert signed_in.post("/watchlists/watch", {"channel": "2", "list": "٣"}).status_code == 404


def test_invalid_changes_are_rejected_with_advice(owner: User, signed_in: Client) -> None:
    watchlist = watching(owner, *map(str, range(1, services.CHANNELS_MAX + 1)))
    with pytest.raises(Refused, match="is full: a watchlist can hold up to 100"):
        services.add(owner=owner, channel_id="999", watchlist=watchlist)
    with pytest.raises(Refused, match="Invalid channel"):
        services.add(owner=owner, channel_id="../7")
    for number in range(services.LISTS_MAX - 1):
        services.create(owner=owner, name=f"List {number}")
    response = signed_in.post("/watchlists", {"name": "One more"})
    assert response.status_code == 400
    assert "Delete one to create another" in read_page(response)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "\x1b", "\u200b\u3164"])
def test_a_list_requires_a_name(signed_in: Client, owner: User, name: str) -> None:
    assert "needs a name of 1 to 60" in read_page(signed_in.post("/watchlists", {"name": name}))
    watchlist = watching(owner)
    assert "needs a name" in read_page(
        signed_in.post(f"/watchlists/{watchlist.pk}/rename", {"name": name}, follow=True)
    )


def test_list_names_are_unique(signed_in: Client, owner: User) -> None:
    watchlist = watching(owner, name="Mine")
    watching(owner, name="Other")
    assert "already" in read_page(signed_in.post("/watchlists", {"name": " Mine "}))
    page = read_page(signed_in.post(f"/watchlists/{watchlist.pk}/rename", {"name": "Other"}, follow=True))
    assert "already" in page
    signed_in.post(f"/watchlists/{watchlist.pk}/rename", {"name": "Third"})
    assert sorted(item.name for item in Watchlist.objects.all()) == ["Other", "Third"]


def test_a_list_shows_live_values_in_list_order(boards: Boards, signed_in: Client, owner: User) -> None:
    watchlist = watching(owner, "3", "2", "404")
    page = read_page(signed_in.get(f"/watchlists/{watchlist.pk}?metric=viewers"))
    names = re.findall(r'class="card-name"[^>]*>([^<]*)<', page)
    assert names == ["Gamma", "Beta", "404"]
    values = re.findall(r'<b\s+data-metric="viewers"[^>]*>([^<]*)</b>\s*<span class="unit">', page)
    assert values == ["500", "12,418", "–"]
    assert "The past hour could not be loaded" in page
    assert signed_in.get(f"/watchlists/{watchlist.pk}/lines").status_code == 503


def cells(page: str, metric: str) -> list[str]:
    return re.findall(rf'<span\s+data-metric="{metric}"\s*>([^<]*)</span>', page)


def test_a_table_shows_all_metrics_of_the_channels(boards: Boards, signed_in: Client, owner: User) -> None:
    watchlist = watching(owner, "3", "2", "404")
    page = read_page(signed_in.get(f"/watchlists/{watchlist.pk}?view=table&metric=viewers"))
    assert re.findall(r'<tr data-id="(\d+)">', page) == ["3", "2", "404"]
    assert cells(page, "viewers") == ["500", "12,418", "–"]
    assert {metric.key for metric in BOARDS} == set(re.findall(r'data-metric="(\w+)"', page))
    assert re.findall(r"<span\s+data-coverage\s*>([^<]*)<", page) == ["100.0", "100.0", "–"]
    assert 'href="/watchlists/' in page
    refused = signed_in.get(f"/watchlists/{watchlist.pk}?view=wall")
    assert (refused.status_code, "Choose one of cards, table." in read_page(refused)) == (400, True)


def test_a_channel_can_be_added_by_name_url_or_suggestion(boards: Boards, signed_in: Client, owner: User) -> None:
    Channel.objects.create(id="2", login="beta", name="Bēta")
    Channel.objects.create(id="3", login="gamma", name="Gamma")
    watchlist = watching(owner)
    url = f"/watchlists/{watchlist.pk}"
    forms = ({"q": "gam", "channel": "1"}, {"q": " @BETA "}, {"q": "https://www.twitch.tv/gamma"}, {"q": "Bēta"})
    for form in forms:
        assert signed_in.post(f"{url}/add?view=table&metric=spam", form)["Location"] == f"{url}?metric=spam&view=table"
    assert channels_of(watchlist) == ["1", "2", "3"]
    assert signed_in.post(f"{url}/add", {"q": "beta"})["Location"] == url


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"q": "<b>nobody"}, "We do not know this channel."),
        ({"q": "nobody"}, "We do not know this channel."),
        ({"q": "blocked"}, "We do not know this channel."),
        ({"q": "twitch.tv/videos/1"}, "URL of a video"),
        ({"q": ""}, "We do not know this channel."),
        ({"q": "x", "channel": "../7"}, "Invalid channel. Choose one from the list."),
    ],
)
def test_an_unknown_channel_is_not_added(
    boards: Boards, signed_in: Client, owner: User, form: dict[str, str], reason: str
) -> None:
    Channel.objects.create(id="9", login="blocked", name="Blocked", blocked=True)
    watchlist = watching(owner, "1")
    response = signed_in.post(f"/watchlists/{watchlist.pk}/add?view=table", form)
    page = read_page(response)
    assert response.status_code == 400
    assert reason in page
    assert "<b>nobody" not in page
    assert channels_of(watchlist) == ["1"]
    # The forms on this page lead back to the list, whose URL differs from that of the response.
    assert f'name="next" value="/watchlists/{watchlist.pk}?view=table"' in page


@pytest.mark.parametrize(("count", "is_choice"), [(10, False), (11, True)])
def test_a_list_with_too_many_channels_to_compare_offers_a_choice(
    boards: Boards, signed_in: Client, owner: User, count: int, is_choice: bool
) -> None:
    channel_ids = [str(number) for number in range(1, count + 1)]
    page = read_page(signed_in.get(f"/watchlists/{watching(owner, *channel_ids).pk}"))
    chosen = re.findall(r'name="channels"\s+value="(\d+)"\s+checked', page)
    assert (f"Select up to 10 of the {count} channels to compare" in page) is is_choice
    assert chosen == (channel_ids[:10] if is_choice else [])
    assert (f"/compare?channels={','.join(channel_ids)}" in page) is not is_choice


def test_compare_accepts_repeated_channels(boards: Boards, signed_in: Client) -> None:
    page = read_page(signed_in.get("/compare?channels=3&channels=2&metric=viewers"))
    assert re.findall(r"<span data-now>([^<]*)</span>", page) == ["500", "12,418"]


def test_an_empty_list_has_instructions(signed_in: Client, owner: User) -> None:
    assert "click the star" in read_page(signed_in.get("/watchlists"))
    assert "click the star" in read_page(signed_in.get(f"/watchlists/{watching(owner).pk}"))


def test_watchlists_are_in_the_data_export(owner: User) -> None:
    watching(owner, "3", "1")
    (data,) = personal_data(owner)["watchlists"]
    assert (data["name"], data["channels"]) == ("Mine", ["3", "1"])


def test_sparklines_break_at_missing_minutes() -> None:
    points = [(0, 0.0), (60_000, 5.0), (180_000, 10.0), (240_000, 10.0)]
    assert line_path(points, 0, 240_000, 60_000) == "M0.0 46.0L60.0 24.0M180.0 2.0L240.0 2.0"
    assert line_path([], 0, 240_000, 60_000) == ""


def test_a_sparkline_of_negative_values_stays_in_its_box_and_includes_0() -> None:
    assert (
        line_path([(0, -10.0), (60_000, 0.0), (120_000, 10.0)], 0, 120_000, 60_000) == "M0.0 46.0L120.0 24.0L240.0 2.0"
    )
    assert line_path([(0, -10.0), (60_000, -5.0)], 0, 60_000, 60_000) == "M0.0 46.0L240.0 24.0"
    assert line_path([(0, 0.0), (60_000, 0.0)], 0, 60_000, 60_000) == "M0.0 46.0L240.0 46.0"


def stars_of(page: str) -> dict[str, str]:
    """Return the state of each star on a page, by channel."""
    return dict(re.findall(r'form="starring" name="channel" value="(\d+)"[^>]*aria-pressed="(\w+)"', page))


@pytest.mark.parametrize("path", ["/?channel=2", "/discover", "/discover?rows=1", "/compare?channels=1,2,3"])
def test_each_channel_has_a_star_with_its_state(boards: Boards, signed_in: Client, owner: User, path: str) -> None:
    page_services.reset()
    watching(owner, "2")
    page = read_page(signed_in.get(path))
    assert stars_of(page) == {"1": "false", "2": "true", "3": "false"}
    assert 'aria-label="Watch Beta"' in page


def test_pages_contain_only_the_users_lists(boards: Boards, signed_in: Client, owner: User, other: Client) -> None:
    first, second = watching(owner, "2", "1", name="First"), watching(owner, name="Second")
    services.add(owner=owner, channel_id="3", watchlist=first)
    (lists,) = re.findall(r'<script id="watching" type="application/json">(.*?)</script>', page_of(signed_in, "/"))
    assert json.loads(lists) == [
        {"id": first.pk, "name": "First", "channels": ["2", "1", "3"]},
        {"id": second.pk, "name": "Second", "channels": []},
    ]
    assert '<script id="watching" type="application/json">[]</script>' in page_of(other, "/")


def page_of(client: Client, path: str) -> str:
    return read_page(client.get(path))


def test_anonymous_visitors_have_no_stars(boards: Boards, settings: Settings, db: None) -> None:
    settings.PUBLIC_BOARD = True
    page = page_of(Client(), "/")
    assert "data-id" in page
    assert "starring" not in page


def test_names_in_stars_are_escaped(boards: Boards, signed_in: Client) -> None:
    boards.list_channel("1", '"><script>x')
    assert 'aria-label="Watch &quot;&gt;&lt;script&gt;x"' in page_of(signed_in, "/")


def test_stars_work_without_javascript(signed_in: Client, owner: User) -> None:
    response = signed_in.post("/watchlists/star", {"channel": "7", "next": "/?board=messages"})
    assert response.headers["Location"] == "/?board=messages"
    (watchlist,) = Watchlist.objects.filter(owner=owner)
    assert channels_of(watchlist) == ["7"]
    signed_in.post("/watchlists/star", {"channel": "7"})
    assert channels_of(watchlist) == []


def test_star_errors_are_shown_on_the_same_page(boards: Boards, signed_in: Client, owner: User) -> None:
    watching(owner, *(str(number) for number in range(100, 100 + services.CHANNELS_MAX)))
    signed_in.post("/watchlists/star", {"channel": "7", "next": "/"})
    assert "is full" in page_of(signed_in, "/")


STARS = """
import { Watching } from "./watch.js";
const replies = [...given.replies];
const sent = [];
globalThis.fetch = async (url, { body }) => {
  sent.push(Object.fromEntries(body));
  const [ok, reply] = replies.shift();
  return { ok, json: async () => reply };
};
const watching = new Watching(given.lists, "t");
const holding = (channel) => watching.holding(channel).map(({ name }) => name);
const onto = await watching.add("7");
const afterAdd = holding("7");
await watching.remove("7", 2);
const afterRemove = holding("7");
const refused = await watching.add("8", 1).catch((error) => error.message);
print({ onto, afterAdd, afterRemove, refused, kept: holding("1"), sent });
"""


def test_the_script_applies_server_responses(tmp_path: Path) -> None:
    first, second = {"id": 1, "name": "First", "holds": False}, {"id": 2, "name": "Second", "holds": True}
    replies = [
        [True, {"list": "Second", "lists": [second, first]}],
        [True, {"list": "Second", "lists": [second | {"holds": False}, first]}],
        [False, {"reason": "“First” is full"}],
    ]
    lists = [{"id": 1, "name": "First", "channels": ["1"]}]
    output = run_program(tmp_path, STARS, {"lists": lists, "replies": replies})
    assert (output["onto"], output["afterAdd"], output["afterRemove"]) == ("Second", ["Second"], [])
    assert (output["refused"], output["kept"]) == ("“First” is full", ["First"])
    assert output["sent"] == [
        {"channel": "7", "csrfmiddlewaretoken": "t"},
        {"channel": "7", "list": "2", "off": "1", "csrfmiddlewaretoken": "t"},
        {"channel": "8", "list": "1", "csrfmiddlewaretoken": "t"},
    ]
