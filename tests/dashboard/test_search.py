"""Channel search, and requests for channels that are not tracked."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.accounts.services import ensure_user
from apps.channels.models import Channel
from apps.curation.models import CurationRequest, OptOut
from apps.curation.requests import OPEN_REQUESTS_MAX
from apps.live.readings import open_boards
from tests.dashboard.conftest import EMAIL, Boards, use_redis
from tests.dashboard.test_pages import UNREACHABLE_REDIS
from tests.pages import read_page


def find(client: Client, text: str, board: str = "viewers") -> list[tuple[str, str]]:
    response: Any = client.get("/find.json", {"q": text, "board": board})
    assert response.status_code == 200
    return [(channel["name"], channel["text"]) for channel in json.loads(response.content)["channels"]]


def test_channels_are_found_by_name_or_login_with_their_rank(boards: Boards, signed_in: Client) -> None:
    boards.list_channel("4", "アルファ")
    assert find(signed_in, "ALP") == [("Alpha", "Rank 2 on Most Viewed")]
    boards.write_viewers({"1": 1_000}, messages=90)
    assert find(signed_in, "alp", "messages") == [("Alpha", "Rank 1 on Most Active")]
    assert [name for name, _ in find(signed_in, "a")] == ["Alpha", "Beta", "Gamma"]
    assert find(signed_in, "アル") == [("アルファ", "Most Viewed: no live window")]


def test_search_ranks_equal_board_ranks_for_ties(boards: Boards, signed_in: Client) -> None:
    for n in range(8, 20):
        boards.list_channel(str(n), f"Equal {n}")
    boards.write_viewers({str(n): 700 for n in range(8, 20)})
    page = read_page(signed_in.get("/?board=viewers&size=10"))
    places = re.findall(
        r'<span class="rank">(\d+)</span>.*?<span class="channel-name">([^<]*)</span>', page, re.DOTALL
    )[:10]
    output = dict(find(signed_in, "equal") + find(signed_in, "alpha") + find(signed_in, "beta"))
    assert [name for _, name in places[:2]] == ["Beta", "Alpha"]
    assert [output[name] for _, name in places] == [f"Rank {place} on Most Viewed" for place, _ in places]


def test_unranked_search_results_are_explained(boards: Boards, signed_in: Client) -> None:
    boards.write_viewers({"1": 40}, messages=3)
    assert find(signed_in, "alpha", "engagement") == [("Alpha", "Most Engaged: not ranked (needs 100 viewers)")]
    assert find(signed_in, "alpha", "spam") == [("Alpha", "Spam Rating: not ranked (needs 10 messages in 30 s)")]
    boards.list_channel("1", "Alpha", live=False)
    boards.write_viewers({"1": None})
    assert find(signed_in, "alpha") == [("Alpha", "Most Viewed: the stream is offline")]


async def live_channels(now_ms: int) -> list[str]:
    async with open_boards() as live:
        return sorted((await live.read_all(now_ms)).channels)


def test_blocked_channels_are_not_found_while_live(boards: Boards, signed_in: Client) -> None:
    Channel.objects.create(id="1", login="alpha", name="Alpha", blocked=True)
    boards.block("1")
    assert find(signed_in, "alpha") == []
    page = read_page(signed_in.get("/?board=viewers"))
    assert "Alpha" not in page
    assert "Gamma" in page
    assert async_to_sync(live_channels)(boards.end_ms) == ["2", "3"]


def test_opted_out_channels_are_not_found(boards: Boards, signed_in: Client) -> None:
    Channel.objects.create(id="50", login="omega", name="Omega")
    assert find(signed_in, "omega")
    OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id="50")
    assert find(signed_in, "omega") == []


def test_channels_are_found_by_former_logins(boards: Boards, signed_in: Client) -> None:
    channel = Channel.objects.create(id="1", login="alpha", name="Alpha")
    channel.former_logins.create(login="old_name")
    assert find(signed_in, "old_na") == [("Alpha", "Rank 2 on Most Viewed")]


def test_formerly_tracked_channels_are_listed_last(boards: Boards, signed_in: Client) -> None:
    Channel.objects.create(id="50", login="omega_alpha", name="Omega Alpha")
    Channel.objects.create(id="51", login="alpha_blocked", name="Alpha Blocked", blocked=True)
    assert find(signed_in, "alpha") == [("Alpha", "Rank 2 on Most Viewed"), ("Omega Alpha", "not tracked right now")]


@pytest.mark.parametrize("text", ["", "   ", "%", "_%", "x" * 5_000, "'; DROP TABLE", "\x00"])
def test_meaningless_search_terms_find_nothing(boards: Boards, signed_in: Client, text: str) -> None:
    assert find(signed_in, text) == []


def test_the_search_works_without_javascript(boards: Boards, signed_in: Client) -> None:
    boards.list_channel("3", "<script>alert(1)</script>")
    page = read_page(signed_in.get("/find?q=alert"))
    assert "&lt;script&gt;alert" in page
    assert "<script>alert" not in page
    assert 'href="/?channel=3"' in page
    assert "Rank 3 on Most Viewed" in page
    nobody = read_page(signed_in.get("/find?q=nobody"))
    assert "No tracked channel" in nobody
    assert 'action="/ask"' in nobody


@pytest.mark.parametrize(
    ("path", "login"),
    [
        ("/find?q=Nobody_1", "nobody_1"),
        ("/find?q=twitch.tv/Nobody_1", "nobody_1"),
        ("/find?q=two+words", ""),
        ("/ask?login=@Nobody_1", "nobody_1"),
        ("/ask?login=%3Cb%3E", ""),
        ("/ask", ""),
    ],
)
def test_the_request_form_contains_the_channel_that_was_searched(
    boards: Boards, signed_in: Client, path: str, login: str
) -> None:
    (field,) = re.findall(r'<input type="text" name="login"[^>]*>', read_page(signed_in.get(path)))
    assert re.findall(r'value="([^"]*)"', field) == ([login] if login else [])


def test_signing_in_keeps_the_channel_of_the_request(
    boards: Boards, client: Client, settings: Settings, db: None
) -> None:
    settings.PUBLIC_BOARD = True
    assert "/account/login/?next=/ask%3Flogin%3Dnobody" in read_page(client.get("/find?q=nobody"))


def test_the_search_requires_sign_in_and_a_valid_board(boards: Boards, client: Client, signed_in: Client) -> None:
    assert signed_in.get("/find.json?q=a&board=love").status_code == 400
    signed_in.logout()
    assert client.get("/find.json?q=a").status_code == 401
    assert client.get("/find?q=a").status_code == 302


def test_the_search_reports_an_unavailable_redis(signed_in: Client, settings: Settings) -> None:
    use_redis(settings, UNREACHABLE_REDIS)
    assert signed_in.get("/find.json?q=a").status_code == 503
    assert "Search is unavailable" in read_page(signed_in.get("/find?q=a"))


def request_channel(client: Client, login: str, note: str = "") -> Any:
    return client.post("/ask", {"login": login, "note": note}, follow=True)


def test_an_unknown_channel_can_be_requested(boards: Boards, signed_in: Client) -> None:
    page = signed_in.get("/?channel=77")
    assert page.status_code == 404
    assert 'action="/ask"' in read_page(page)
    requested = read_page(request_channel(signed_in, " @Omega_1 ", "It is <b>big</b>"))
    request = CurationRequest.objects.get()
    assert (request.user.email, request.login, request.note, request.closed_at) == (
        EMAIL,
        "omega_1",
        "It is <b>big</b>",
        None,
    )
    assert "Requested omega_1" in requested
    assert "It is &lt;b&gt;big" in requested


@pytest.mark.parametrize(
    ("login", "note"), [("", ""), ("two words", ""), ("<b>", ""), ("x" * 26, ""), ("omega\n", "x" * 201), ("ömega", "")]
)
def test_invalid_channel_requests_are_rejected(signed_in: Client, login: str, note: str) -> None:
    assert request_channel(signed_in, login, note).status_code == 400
    assert not CurationRequest.objects.exists()


def test_open_requests_are_unique_per_account_and_channel(signed_in: Client) -> None:
    request_channel(signed_in, "omega")
    again = request_channel(signed_in, "OMEGA")
    assert again.status_code == 400
    assert "You have already requested omega." in read_page(again)
    other = Client()
    ensure_user(email="other@example.com", password="x" * 20)
    other.force_login(User.objects.get(email="other@example.com"))
    assert request_channel(other, "omega").status_code == 200
    CurationRequest.objects.update(closed_at="2026-11-20T00:00:00Z")
    assert request_channel(signed_in, "omega").status_code == 200
    assert CurationRequest.objects.count() == 3


def test_open_requests_are_limited_per_account(signed_in: Client) -> None:
    for number in range(OPEN_REQUESTS_MAX):
        assert request_channel(signed_in, f"omega{number}").status_code == 200
    assert request_channel(signed_in, "one_more").status_code == 400
    assert CurationRequest.objects.count() == OPEN_REQUESTS_MAX


def test_channel_requests_require_an_account(boards: Boards, client: Client, settings: Settings, db: None) -> None:
    settings.PUBLIC_BOARD = True
    assert client.post("/ask", {"login": "omega"}).status_code == 302
    page = read_page(client.get("/?channel=77"))
    assert "/account/login/?next=/ask" in page
    assert not CurationRequest.objects.exists()


def test_urls_and_ids_match_exactly_one_channel(boards: Boards, signed_in: Client) -> None:
    boards.list_channel("4", "Alphabet")
    Channel.objects.create(id="1", login="alpha", name="Alpha").former_logins.create(login="old_name")
    for text in ("https://www.twitch.tv/Alpha?referrer=raid", "twitch.tv/popout/alpha/chat", "twitch.tv/old_name"):
        assert [name for name, _ in find(signed_in, text)] == ["Alpha"]
    assert [name for name, _ in find(signed_in, "@alpha")] == ["Alpha", "Alphabet"]
    assert [name for name, _ in find(signed_in, "4")] == ["Alphabet"]


def test_video_urls_are_rejected_with_an_explanation(boards: Boards, signed_in: Client) -> None:
    query = {"q": "https://www.twitch.tv/videos/2460329693", "board": "viewers"}
    for path in ("/find", "/find.json"):
        response: Any = signed_in.get(path, query)
        assert response.status_code == 400
        assert "This is the URL of a video." in read_page(response)


def test_a_channel_can_be_requested_by_url(signed_in: Client) -> None:
    url = "https://www.twitch.tv/Ada_Plays/about?referrer=raid"
    assert signed_in.post("/ask", {"login": url}).status_code == 302
    assert CurationRequest.objects.get().login == "ada_plays"
    response = signed_in.post("/ask", {"login": "https://www.twitch.tv/videos/2460329693"})
    assert response.status_code == 400
    assert "This is the URL of a video." in read_page(response)
    assert CurationRequest.objects.count() == 1
