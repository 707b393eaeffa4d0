"""The first visit: five steps to a watchlist for new accounts."""

from __future__ import annotations

import re

import pytest
from allauth.account.signals import user_signed_up
from django.http import HttpRequest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.accounts.personal_data import personal_data
from apps.accounts.services import ensure_user
from apps.dashboard.models import FirstVisit
from apps.dashboard.welcome import services
from apps.workspaces import services as watchlists
from apps.workspaces.models import Watchlist
from apps.workspaces.queries import channels_of
from tests.dashboard.conftest import EMAIL, Boards, use_redis
from tests.page_services import page_services
from tests.pages import read_page

UNREACHABLE_REDIS = "redis://127.0.0.1:1"


@pytest.fixture(autouse=True)
def empty_live_cache() -> None:
    page_services.reset()


@pytest.fixture
def owner(signed_in: Client) -> User:
    """A newly signed-up user."""
    user = User.objects.get(email=EMAIL)
    user_signed_up.send(sender=User, request=HttpRequest(), user=user)
    return user


def page_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return read_page(response)


def offered(page: str) -> list[str]:
    return re.findall(r'name="channel" value="(\d+)"', page)


def ticked(page: str) -> list[str]:
    return re.findall(r'name="channel" value="(\d+)" checked', page)


def test_a_new_account_completes_five_steps(boards: Boards, signed_in: Client, owner: User) -> None:
    assert signed_in.get("/").headers["Location"] == "/welcome"
    assert signed_in.get("/welcome").headers["Location"] == "/welcome/1"
    assert "1 of 5" in page_of(signed_in, "/welcome/1")
    assert signed_in.post("/welcome/1", {"do": "on"}).headers["Location"] == "/welcome/2"
    interests = {"do": "on", "language": "English", "category": "Chess", "band": "1000"}
    assert signed_in.post("/welcome/2", interests).headers["Location"] == "/welcome/3"
    assert offered(page_of(signed_in, "/welcome/3")) == ["1"]
    assert signed_in.post("/welcome/3", {"do": "on", "channel": ["1", "3"]}).headers["Location"] == "/welcome/4"
    assert 'value="My channels"' in page_of(signed_in, "/welcome/4")
    assert signed_in.post("/welcome/4", {"do": "on", "name": "Mine"}).headers["Location"] == "/welcome/5"
    watchlist = Watchlist.objects.get(owner=owner)
    assert (watchlist.name, channels_of(watchlist)) == ("Mine", ["1", "3"])
    assert "“Mine” was created." in page_of(signed_in, "/welcome/5")
    assert signed_in.post("/welcome/5", {"do": "on"}).headers["Location"] == f"/watchlists/{watchlist.pk}"
    assert signed_in.get("/welcome").headers["Location"] == "/"
    assert "first-visit" not in page_of(signed_in, "/")


def test_a_creator_is_led_to_their_own_channel(boards: Boards, signed_in: Client, owner: User) -> None:
    assert re.findall(r'name="role"\s+value="(\w+)"', page_of(signed_in, "/welcome/1")) == ["advertiser", "creator"]
    response = signed_in.post("/welcome/1", {"do": "on", "role": "creator"})
    assert response.headers["Location"] == "/my-channel"
    assert signed_in.get("/welcome").headers["Location"] == "/"
    assert personal_data(owner)["first_visit"][0]["role"] == "creator"


def test_an_advertiser_is_led_to_channels_that_match_their_interests(
    boards: Boards, signed_in: Client, owner: User
) -> None:
    assert signed_in.post("/welcome/1", {"do": "on", "role": "advertiser"}).headers["Location"] == "/welcome/2"
    assert re.findall(r'value="(\w+)"\s+checked', page_of(signed_in, "/welcome/1")) == ["advertiser"]
    signed_in.post("/welcome/2", {"do": "on", "language": "English", "category": "Chess", "band": "1000"})
    assert "Open Discover" in page_of(signed_in, "/welcome/5")
    target = signed_in.post("/welcome/5", {"do": "on"}).headers["Location"]
    assert target == "/discover?language=English&category=Chess&band=1000"
    assert re.findall(r'<tr data-id="(\d+)">', page_of(signed_in, target)) == ["1"]


@pytest.mark.parametrize("role", ["", "owner", "<b>"])
def test_all_steps_are_shown_if_the_role_is_unknown(boards: Boards, signed_in: Client, owner: User, role: str) -> None:
    assert signed_in.post("/welcome/1", {"do": "on", "role": role}).headers["Location"] == "/welcome/2"
    assert FirstVisit.objects.get().role == ""
    assert signed_in.post("/welcome/5", {"do": "on"}).headers["Location"] == "/"


def test_each_step_can_be_skipped(boards: Boards, signed_in: Client, owner: User) -> None:
    for step in (1, 2, 3, 4):
        page_of(signed_in, f"/welcome/{step}")
        response = signed_in.post(f"/welcome/{step}", {"do": "skip", "name": "", "category": "Chess"})
        assert response.headers["Location"] == f"/welcome/{step + 1}"
    assert signed_in.post("/welcome/5", {"do": "on"}).headers["Location"] == "/"
    assert not Watchlist.objects.exists()
    assert FirstVisit.objects.get().category == ""
    page_of(signed_in, "/")


def test_an_abandoned_setup_is_not_shown_again_but_can_be_restarted(
    boards: Boards, signed_in: Client, owner: User
) -> None:
    page_of(signed_in, "/welcome/1")
    assert signed_in.post("/welcome/leave").headers["Location"] == "/"
    assert "first-visit" not in page_of(signed_in, "/")
    assert signed_in.get("/welcome/2").headers["Location"] == "/"
    assert 'action="/welcome/again"' in page_of(signed_in, "/account/")
    assert signed_in.post("/welcome/again").headers["Location"] == "/welcome/1"
    page_of(signed_in, "/welcome/1")


def test_an_unfinished_setup_resumes_at_its_step(boards: Boards, signed_in: Client, owner: User) -> None:
    page_of(signed_in, "/welcome/3")
    # The front page redirects once; afterwards the board shows the progress.
    assert "step 3 of 5" in page_of(signed_in, "/")
    assert signed_in.get("/welcome").headers["Location"] == "/welcome/3"


def test_requested_urls_take_precedence_over_the_setup(boards: Boards, signed_in: Client, owner: User) -> None:
    assert "Alpha" in page_of(signed_in, "/?channel=1")


def test_older_accounts_have_no_setup(boards: Boards, signed_in: Client) -> None:
    assert "first-visit" not in page_of(signed_in, "/")
    assert signed_in.get("/welcome/1").headers["Location"] == "/"
    assert signed_in.get("/welcome/6").status_code == 404


def test_a_search_keeps_the_selected_channels(boards: Boards, signed_in: Client, owner: User) -> None:
    services.choose(visit=owner.first_visit, language="", category="Nothing like it", band="")
    assert "match your interests" in page_of(signed_in, "/welcome/3")
    boards.list_channel("4", "Delta", category="Music")
    form = {"do": "find", "q": "delt", "channel": ["3"]}
    page = read_page(signed_in.post("/welcome/3", form))
    assert "1 match for “delt”" in page
    assert (offered(page)[:2], ticked(page)) == (["3", "4"], ["3"])
    page = read_page(signed_in.post("/welcome/3", form | {"q": '"><script>'}))
    assert "No tracked channels match “&quot;&gt;&lt;script&gt;”" in page
    assert ticked(page_of(signed_in, "/welcome/3")) == ["3"]
    page = read_page(signed_in.post("/welcome/3", form | {"q": "https://www.twitch.tv/videos/1"}))
    assert "This is the URL of a video." in page
    assert ticked(page) == ["3"]


def test_hostile_names_stay_text(boards: Boards, signed_in: Client, owner: User) -> None:
    boards.list_channel("1", "<img src=x>", category="<b>")
    services.pick(visit=owner.first_visit, channel_ids=["1", "nonsense", "1", "404"])
    for path in ("/welcome/2", "/welcome/3", "/welcome/4"):
        page = page_of(signed_in, path)
        assert "<img" not in page
        assert "&lt;" in page
    assert "2 channels will be added" in page


def test_a_taken_list_name_is_reported_with_an_alternative(boards: Boards, signed_in: Client, owner: User) -> None:
    watchlists.create(owner=owner, name="My channels")
    services.pick(visit=owner.first_visit, channel_ids=["1"])
    assert 'value="My channels 2"' in page_of(signed_in, "/welcome/4")
    response = signed_in.post("/welcome/4", {"do": "on", "name": "My channels"})
    assert response.status_code == 400
    assert "already" in read_page(response)


def test_the_list_is_created_once(boards: Boards, signed_in: Client, owner: User) -> None:
    services.pick(visit=owner.first_visit, channel_ids=["1"])
    for _ in range(2):
        signed_in.post("/welcome/4", {"do": "on", "name": "Mine"})
    assert Watchlist.objects.count() == 1
    assert "“Mine” was created. It shows" in page_of(signed_in, "/welcome/4")


def test_no_list_is_created_without_channels(boards: Boards, signed_in: Client, owner: User) -> None:
    assert "No channels selected yet" in page_of(signed_in, "/welcome/4")
    assert signed_in.post("/welcome/4", {"do": "on", "name": "Mine"}).status_code == 400
    assert not Watchlist.objects.exists()


def test_the_page_reports_that_no_channel_is_live(boards: Boards, signed_in: Client, owner: User) -> None:
    boards.valkey.client(0).flushdb()
    assert "No channels are live right now" in page_of(signed_in, "/welcome/3")


def test_the_steps_work_without_redis(boards: Boards, signed_in: Client, owner: User, settings: Settings) -> None:
    use_redis(settings, UNREACHABLE_REDIS)
    for step in (2, 3):
        assert "could not be loaded" in page_of(signed_in, f"/welcome/{step}")
        assert signed_in.post(f"/welcome/{step}", {"do": "skip"}).status_code == 302


def test_the_setup_is_private_and_in_the_data_export(boards: Boards, signed_in: Client, owner: User) -> None:
    services.pick(visit=owner.first_visit, channel_ids=["1"])
    (data,) = personal_data(owner)["first_visit"]
    assert data["channels"] == ["1"]
    ensure_user(email="other@example.com", password="another long password")
    other = Client()
    assert other.login(username="other@example.com", password="another long password")
    other.post("/welcome/leave")
    assert other.post("/welcome/3", {"do": "on", "channel": ["2"]}).headers["Location"] == "/"
    owner.first_visit.refresh_from_db()
    assert (owner.first_visit.channels, owner.first_visit.done_at) == (["1"], None)
    assert Client().get("/welcome/1").status_code == 302
    owner.delete()
    assert not FirstVisit.objects.exists()
