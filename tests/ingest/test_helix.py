"""The Helix client against answers that Twitch gives, wrong ones among them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from apps.ingest.helix import Helix
from core.errors import ServiceAway, TwitchRefused

Handler = Callable[[httpx.Request], httpx.Response]


def row(number: int, viewers: int) -> dict[str, Any]:
    return {
        "id": f"s{number}",
        "user_id": str(number),
        "user_login": f"Channel{number}",
        "user_name": f"Channel {number}",
        "game_name": "Chess",
        "viewer_count": viewers,
        "language": "en",
        "title": "a title",
        "started_at": "2026-11-23T00:00:00Z",
    }


def page(rows: list[Any], cursor: str = "") -> httpx.Response:
    return httpx.Response(200, json={"data": rows, "pagination": {"cursor": cursor} if cursor else {}})


class Twitch:
    """Answers token requests, and streams from a list of answers; keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers: Iterator[httpx.Response | Exception] = iter(answers)
        self.tokens = 0
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth2/token":
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"t{self.tokens}", "token_type": "bearer"})
        self.asked.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def helix(self) -> Helix:
        return Helix(
            client=httpx.Client(transport=httpx.MockTransport(self)),
            url="http://twitch.test/helix",
            token_url="http://twitch.test/oauth2/token",
            client_id="id",
            client_secret="secret",
            sleep=self.slept.append,
        )


def test_streams_are_read_page_by_page_counted_once_and_cut() -> None:
    first = [row(n, 1000 - n) for n in range(100)]
    second = [row(n, 1000 - n) for n in range(95, 150)]
    twitch = Twitch(page(first, "next"), page(second))
    streams = twitch.helix().top_streams(120)
    assert [stream.id for stream in streams] == [str(n) for n in range(120)]
    assert streams[0].login == "channel0"
    assert [request.url.params.get("after") for request in twitch.asked] == [None, "next"]
    assert twitch.asked[0].headers["Authorization"] == "Bearer t1"
    assert twitch.asked[0].headers["Client-Id"] == "id"


def test_a_cursor_that_leads_back_ends_the_reading() -> None:
    twitch = Twitch(page([row(1, 5)], "a"), page([row(1, 5)], "a"), page([row(2, 5)], "a"))
    assert len(twitch.helix().top_streams(500)) == 1
    assert len(twitch.asked) == 2


def test_an_empty_page_in_between_does_not_cut_the_list() -> None:
    twitch = Twitch(page([row(1, 5)], "a"), page([], "b"))
    with pytest.raises(ServiceAway, match="an empty page after 1 streams"):
        twitch.helix().top_streams(500)


def test_a_token_is_asked_for_once() -> None:
    twitch = Twitch(page([row(1, 5)]), page([row(1, 5)]))
    helix = twitch.helix()
    helix.top_streams(10)
    helix.top_streams(10)
    assert twitch.tokens == 1


def test_a_refused_token_is_renewed_once() -> None:
    twitch = Twitch(httpx.Response(401, json={}), page([row(1, 5)]))
    assert len(twitch.helix().top_streams(10)) == 1
    assert twitch.tokens == 2


def test_a_token_that_is_refused_again_is_an_error() -> None:
    twitch = Twitch(httpx.Response(401, json={}), httpx.Response(401, json={}))
    with pytest.raises(TwitchRefused, match="HTTP 401"):
        twitch.helix().top_streams(10)


def test_a_bad_request_is_not_repeated() -> None:
    twitch = Twitch(httpx.Response(400, json={}))
    with pytest.raises(TwitchRefused, match="HTTP 400"):
        twitch.helix().top_streams(10)
    assert len(twitch.asked) == 1


@pytest.mark.parametrize(
    "problem",
    [
        httpx.Response(500),
        httpx.Response(429),
        httpx.Response(503),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("no"),
    ],
)
def test_what_passes_by_itself_is_tried_again_after_a_pause(problem: httpx.Response | Exception) -> None:
    twitch = Twitch(problem, page([row(1, 5)]))
    assert len(twitch.helix().top_streams(10)) == 1
    assert twitch.slept == [1.0]


def test_helix_that_stays_away_is_an_error_that_may_be_tried_again() -> None:
    twitch = Twitch(*[httpx.Response(500)] * 4)
    with pytest.raises(ServiceAway, match="did not answer after 4 tries") as raised:
        twitch.helix().top_streams(10)
    assert raised.value.retry


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"data": {}}', b'{"data": null}'])
def test_an_answer_that_is_no_list_of_streams_is_an_error(body: bytes) -> None:
    twitch = Twitch(httpx.Response(200, content=body))
    with pytest.raises(ServiceAway):
        twitch.helix().top_streams(10)


def test_one_unusable_stream_does_not_cost_the_others() -> None:
    rows = [row(1, 5), {**row(2, 4), "user_id": None}, "text", {**row(3, 3), "viewer_count": "x"}, {}, row(4, 2)]
    assert [stream.id for stream in Twitch(page(rows)).helix().top_streams(10)] == ["1", "4"]


def test_wrong_credentials_say_which_settings_to_check() -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(403, content=json.dumps({"message": "invalid client secret"}))

    twitch = Twitch()
    helix = twitch.helix()
    helix._client = httpx.Client(transport=httpx.MockTransport(refuse))
    with pytest.raises(TwitchRefused, match="TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET"):
        helix.top_streams(10)
