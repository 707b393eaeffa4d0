"""Requests and parsing of the Helix client: pages, rows and conformance to the API description."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
import pytest
from django.conf import settings
from openapi_schema_validator import OAS31Validator

from apps.ingest.helix import REFUSALS_MAX, WALKS
from core.channels.account import Account
from core.errors import ServiceUnavailable, TwitchRefused
from tests.conftest import NO_DATA
from tests.ingest.twitch_api import Live, Twitch, page, row

FOLDER = settings.DATA_DIR / "helix"
OPENAPI = FOLDER / "openapi-helix-unofficial-2026-02-27.json"
ERRORS = FOLDER / "error_bodies.json"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


def ids_of(streams: Any) -> list[str]:
    return [stream.id for stream in streams]


# Paging


def test_streams_are_read_page_by_page_and_counted_once() -> None:
    first = [row(n, 1000 - n) for n in range(100)]
    second = [row(n, 1000 - n) for n in range(95, 150)]
    twitch = Twitch(page(first, "next"), page(second))
    streams = twitch.helix().top_streams(120)
    assert ids_of(streams) == [str(n) for n in range(150)]
    assert streams[0].login == "channel0"
    assert [request.url.params.get("after") for request in twitch.requests] == [None, "next"]
    assert twitch.requests[0].headers["Authorization"] == "Bearer t1"
    assert twitch.requests[0].headers["Client-Id"] == "id"


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (71, 1), (72, 2), (500, 7)])
def test_enough_pages_are_read_for_40_percent_more_streams_than_requested(count: int, pages: int) -> None:
    twitch = Live(*(row(n, 5000 - n) for n in range(1000)))
    assert len(twitch.helix().top_streams(count)) == pages * 100
    assert len(twitch.requests) == pages


def test_streams_are_sorted_across_pages_of_different_ages() -> None:
    twitch = Twitch(page([row(1, 50), row(2, 40)], "a"), page([row(3, 45), row(4, 45)]))
    assert ids_of(twitch.helix().top_streams(4)) == ["1", "3", "4", "2"]


def rows_of(*numbers: int) -> list[dict[str, Any]]:
    return [row(n, 5000 - n) for n in numbers]


def walk(rows: int, size: int = 100, *, end: str = "") -> list[httpx.Response]:
    """Return the pages of one walk; the last one has `end` as its cursor."""
    starts = range(0, rows, size)
    cursors = [*(f"after {start}" for start in starts[1:]), end]
    return [
        page(rows_of(*range(start, min(start + size, rows))), cursor)
        for start, cursor in zip(starts, cursors, strict=True)
    ]


def cursors_of(twitch: Twitch) -> list[str | None]:
    return [request.url.params.get("after") for request in twitch.requests]


def test_short_pages_are_read_until_there_are_enough_rows() -> None:
    twitch = Twitch(*walk(300, size=50))
    assert len(twitch.helix().top_streams(200)) == 300
    assert len(twitch.requests) == 6


def test_repeating_pages_are_read_until_there_are_enough_rows() -> None:
    pages = [page(rows_of(*range(start, start + 100)), f"after {start}") for start in range(0, 150, 30)]
    twitch = Twitch(*pages)
    assert len(twitch.helix().top_streams(150)) == 220
    assert len(twitch.requests) == 5


@pytest.mark.parametrize("last", ["", "onwards"])
def test_a_walk_that_ends_on_a_useless_cursor_is_restarted(last: str) -> None:
    broken = [*walk(50, end="into nothing"), page([], last), page([], last)]
    twitch = Twitch(*broken, *walk(140))
    assert len(twitch.helix().top_streams(100)) == 140
    assert cursors_of(twitch) == [None, "into nothing", "into nothing", None, "after 100"]


@pytest.mark.parametrize("last", ["", "onwards"])
def test_a_list_that_is_always_incomplete_is_an_error(last: str) -> None:
    broken = [*walk(50, end="into nothing"), page([], last), page([], last)]
    with pytest.raises(ServiceUnavailable, match="50 of 100 streams"):
        Twitch(*broken * WALKS).helix().top_streams(100)


def test_a_cursor_that_always_repeats_is_an_error() -> None:
    broken = [page([row(1, 5)], "a"), page([row(2, 5)], "a"), page([row(3, 4)], "a")]
    twitch = Twitch(*broken * WALKS)
    with pytest.raises(ServiceUnavailable, match="3 of 500 streams"):
        twitch.helix().top_streams(500)
    assert cursors_of(twitch) == [None, "a", "a"] * WALKS


def test_paging_is_aborted_if_cursors_keep_returning_the_same_streams() -> None:
    class Circling(Twitch):
        def respond(self, _request: httpx.Request) -> httpx.Response:
            return page(rows_of(*range(100)), f"cursor {len(self.requests)}")

    twitch = Circling()
    with pytest.raises(ServiceUnavailable, match="100 of 500 streams"):
        twitch.helix().top_streams(500)
    assert len(twitch.requests) <= WALKS * 28


def test_an_interrupted_walk_with_enough_streams_is_accepted() -> None:
    twitch = Twitch(*walk(100, end="into nothing"), page([]), page([]))
    assert len(twitch.helix().top_streams(100)) == 100


def test_fewer_streams_than_requested_are_accepted_if_another_walk_confirms_them() -> None:
    twitch = Twitch(*walk(130), *walk(130))
    assert len(twitch.helix().top_streams(500)) == 130
    assert cursors_of(twitch) == [None, "after 100"] * 2


@pytest.mark.parametrize("rows", [50, 100, 120])
def test_a_walk_without_a_last_cursor_is_restarted(rows: int) -> None:
    twitch = Twitch(*walk(rows), *walk(700))
    assert len(twitch.helix().top_streams(500)) == 700


def test_walks_that_end_at_different_pages_do_not_confirm_each_other() -> None:
    twitch = Twitch(*walk(50), *walk(300), *walk(50), *walk(300))
    assert len(twitch.helix().top_streams(500)) == 300
    assert cursors_of(twitch).count(None) == WALKS
    with pytest.raises(ServiceUnavailable, match="300 of 500 streams after 4 walks: the walks disagree"):
        Twitch(*walk(50), *walk(300), *walk(50), *walk(100)).helix().top_streams(500)


def test_streams_that_start_between_walks_do_not_prevent_the_confirmation() -> None:
    twitch = Twitch(*walk(120), *walk(125))
    assert len(twitch.helix().top_streams(500)) == 125


def test_the_row_with_the_later_start_wins_for_a_repeated_channel() -> None:
    old, new = "2026-11-23T00:00:00Z", "2026-11-23T01:00:00Z"
    twitch = Twitch(
        page([row(1, 5, started_at=old), row(2, 4, started_at=new), row(3, 3, started_at="")], "a"),
        page([row(1, 6, started_at=new), row(2, 5, started_at=old), row(3, 2, started_at=old)]),
    )
    streams = twitch.helix().top_streams(3)
    assert [(stream.id, stream.viewers, stream.started_at) for stream in streams] == [
        ("1", 6, new),
        ("2", 4, new),
        ("3", 2, old),
    ]


# Refused requests

INVALID = httpx.Response(400, json={"error": "Bad Request", "status": 400, "message": "invalid cursor"})


@pytest.mark.parametrize("status", [400, 404])
def test_a_walk_with_a_refused_cursor_is_restarted(status: int) -> None:
    refused = httpx.Response(status, json={"message": "invalid cursor"})
    twitch = Twitch(*walk(700)[:3], refused, *walk(700))
    assert len(twitch.helix().top_streams(500)) == 700
    assert cursors_of(twitch)[:5] == [None, "after 100", "after 200", "after 300", None]


def test_rows_are_used_if_the_cursor_stays_refused() -> None:
    twitch = Twitch(*[*walk(700)[:3], INVALID] * WALKS)
    assert len(twitch.helix().top_streams(500)) == 300


def test_rows_are_not_used_if_walks_end_for_different_reasons() -> None:
    refused = [*walk(700)[:3], INVALID]
    with pytest.raises(ServiceUnavailable, match=r"300 of 500 streams after 4 walks: .*invalid cursor"):
        Twitch(*walk(50), *refused * (WALKS - 1)).helix().top_streams(500)


def test_a_last_walk_that_is_refused_does_not_confirm_an_earlier_end() -> None:
    refused = [page(rows_of(*range(50)), "after 50"), INVALID]
    with pytest.raises(ServiceUnavailable, match="50 of 100 streams"):
        Twitch(*walk(50), *refused * (WALKS - 1)).helix().top_streams(100)


def test_enough_rows_are_used_even_if_the_cursor_is_refused() -> None:
    twitch = Twitch(*walk(700)[:5], INVALID)
    assert len(twitch.helix().top_streams(500)) == 500


def test_a_refused_first_page_is_not_retried() -> None:
    twitch = Twitch(INVALID)
    with pytest.raises(TwitchRefused, match=r"HTTP 400: .*invalid cursor"):
        twitch.helix().top_streams(1)
    assert len(twitch.requests) == 1


class RefusingTwitch(Live):
    """Rejects every request that contains one of `refused_keys`, as Twitch does for invalid ids and logins."""

    def __init__(self, *rows: dict[str, Any], refused_keys: Iterable[str]) -> None:
        super().__init__(*rows)
        self.refused_keys = set(refused_keys)

    def respond(self, request: httpx.Request) -> httpx.Response:
        if self.refused_keys & {value for _, value in request.url.params.multi_items()}:
            return httpx.Response(400, json={"message": "Invalid login names, emails or IDs in request"})
        return super().respond(request)


def test_one_refused_id_does_not_affect_the_others() -> None:
    twitch = RefusingTwitch(*(row(n, n) for n in range(250)), refused_keys={"77", "180"})
    live = twitch.helix().streams_of(str(n) for n in range(250))
    assert {int(stream.id) for stream in live} == set(range(250)) - {77, 180}
    assert len(twitch.requests) < 40


def test_one_refused_login_does_not_affect_the_others() -> None:
    twitch = RefusingTwitch(row(1, 5), row(2, 5), refused_keys={"x" * 60})
    assert {user.id for user in twitch.helix().users(ids=["2"], logins=["channel1", "x" * 60])} == {"1", "2"}


def test_a_refused_single_lookup_reports_the_reason() -> None:
    with pytest.raises(TwitchRefused, match="Invalid login names"):
        RefusingTwitch(refused_keys={"x" * 60}).helix().users(logins=["x" * 60])


def test_a_completely_refused_lookup_is_an_error_after_a_few_requests() -> None:
    twitch = RefusingTwitch(refused_keys=map(str, range(100)))
    with pytest.raises(TwitchRefused, match="HTTP 400"):
        twitch.helix().streams_of(map(str, range(100)))
    assert len(twitch.requests) <= REFUSALS_MAX


# Empty pages


def test_a_spurious_cursor_loop_is_harmless() -> None:
    twitch = Twitch(page([row(1, 5)], "a"), page([row(2, 5)], "a"), page([row(2, 5)], "b"), page([row(3, 5)]))
    assert ids_of(twitch.helix().top_streams(3)) == ["1", "2", "3"]


def test_a_spurious_empty_page_does_not_truncate_the_list() -> None:
    twitch = Twitch(page([row(1, 5)], "a"), page([], "b"), page([row(2, 5)], "b"), page([row(3, 5)]))
    assert ids_of(twitch.helix().top_streams(3)) == ["1", "2", "3"]


# Channels and accounts by name


def test_channels_are_looked_up_100_per_call_and_absent_ones_are_offline() -> None:
    twitch = Live(*(row(n, n) for n in range(250) if n % 2))
    live = twitch.helix().streams_of(str(n) for n in range(250))
    assert sorted(map(int, ids_of(live))) == list(range(1, 250, 2))
    assert [len(request.url.params.get_list("user_id")) for request in twitch.requests] == [100, 100, 50]


def test_an_empty_lookup_sends_no_request() -> None:
    twitch = Twitch()
    assert twitch.helix().streams_of([]) == []
    assert twitch.helix().users() == []
    assert twitch.tokens == 0


def test_an_unrequested_stream_is_ignored() -> None:
    assert Twitch(page([row(1, 5), row(2, 5)])).helix().streams_of(["2"])[0].id == "2"


def test_accounts_are_found_by_login_and_by_id() -> None:
    twitch = Live(row(1, 5), row(2, 5))
    assert twitch.helix().users(ids=["2"], logins=["CHANNEL1"]) == [
        Account("1", "channel1", "Channel1"),
        Account("2", "channel2", "Channel2"),
    ]


# Rows


@pytest.mark.parametrize(
    "bad",
    [
        row(2, 4, user_id=None),
        row(2, 4, user_id="²"),
        row(2, 4, user_id="2" * 21),
        row(2, 4, user_login="ada,#bob"),
        row(2, 4, user_login="ada\r\nQUIT"),
        row(2, 4, viewer_count="x"),
        row(2, 4, viewer_count=-1),
        row(2, 4, viewer_count=True),
        row(2, 4, viewer_count=1e300),
        "text",
        {},
    ],
)
def test_one_unusable_stream_does_not_affect_the_others(bad: Any) -> None:
    twitch = Twitch(page([row(1, 5), bad, row(4, 2)]))
    assert ids_of(twitch.helix().top_streams(1)) == ["1", "4"]


@pytest.mark.parametrize("fields", [{"user_login": ""}, {"user_login": None}, {"user_login": "", "user_name": None}])
def test_a_stream_without_a_login_is_live_without_a_name(fields: dict[str, Any]) -> None:
    rows = [row(n, 100 - n, **(fields if n % 2 else {})) for n in range(40)]
    streams = Twitch(page(rows)).helix().top_streams(20)
    assert len(streams) == 40
    assert [stream.login for stream in streams[:3]] == ["channel0", "", "channel2"]


def test_a_page_with_many_unusable_streams_is_malformed() -> None:
    good = [row(n, 50 - n) for n in range(40)]
    twitch = Twitch(page([*good, *[None] * 5]), page(good))
    helix = twitch.helix()
    assert len(helix.top_streams(1)) == 40
    assert helix.results["malformed"] == 1


def test_a_damaged_response_does_not_make_a_channel_offline() -> None:
    damaged = page([row(1, 5), row(2, 5, viewer_count=None), row(3, 5, user_id=None)])
    twitch = Twitch(damaged, page([row(1, 5), row(2, 5), row(3, 5)]))
    assert ids_of(twitch.helix().streams_of(["1", "2", "3"])) == ["1", "2", "3"]


@pytest.mark.parametrize("text", ["👩\u200d💻 coding a bot", "می\u200cخواهم", f"{ENGLAND} England"])
def test_titles_and_names_are_kept_unchanged(text: str) -> None:
    written = row(1, 5, title=text, game_name=text, user_name=text)
    (stream,) = Twitch(httpx.Response(200, json={"data": [written], "pagination": None})).helix().top_streams(1)
    assert (stream.title, stream.category, stream.name) == (text, text, text)


def test_titles_and_names_are_storable_in_every_database() -> None:
    malformed = row(
        1, 5, title="a\x00b\ud800" + "c" * 900, game_name=None, user_name="", started_at="yesterday", language=7
    )
    content = json.dumps({"data": [malformed], "pagination": None})
    (stream,) = Twitch(httpx.Response(200, content=content)).helix().top_streams(1)
    assert stream.title.startswith("abc")
    assert len(stream.title) == 500
    assert (stream.category, stream.name, stream.started_at, stream.language) == ("", "channel1", "", "")


def test_times_are_utc() -> None:
    twitch = Twitch(page([row(1, 5, started_at="2026-11-23T02:00:00+02:00")]))
    assert twitch.helix().top_streams(1)[0].started_at == "2026-11-23T00:00:00Z"


@pytest.mark.parametrize(
    "started_at",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
        "2010-06-01T00:00:00Z",
        "2026-11-23T00:00:00",
        "yesterday",
        None,
    ],
)
def test_an_implausible_start_is_dropped(started_at: str | None) -> None:
    rows = [row(n, 900 - n) for n in range(59)]
    rows[30]["started_at"] = started_at
    streams = Twitch(page(rows)).helix().top_streams(40)
    assert len(streams) == 59
    assert [stream.id for stream in streams if not stream.started_at] == ["30"]


# Conformance to the real Helix


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    if not OPENAPI.is_file():
        pytest.skip(NO_DATA)
    description: dict[str, Any] = json.loads(OPENAPI.read_text())
    return description


def problems_of(request: httpx.Request, openapi: Mapping[str, Any]) -> list[str]:
    """Return the deviations of a request from the description."""
    operation = openapi["paths"][request.url.path.removeprefix("/helix")][request.method.lower()]
    known = {parameter["name"]: parameter for parameter in operation["parameters"]}
    params = request.url.params
    problems = [f"no parameter {name}" for name in params if name not in known]
    problems += [
        f"{name} is missing" for name, parameter in known.items() if parameter.get("required") and name not in params
    ]
    for name in params.keys() & known.keys():
        schema, values = known[name]["schema"], params.get_list(name)
        if schema["type"] != "array" and len(values) > 1:
            problems.append(f"{name} occurs {len(values)} times")
        for value in values:
            typed = int(value) if schema["type"] == "integer" else value
            problems += [error.message for error in OAS31Validator(schema.get("items", schema)).iter_errors(typed)]
        limits = known[name]["description"]
        most = len(values) if schema["type"] == "array" else int(params[name]) if name == "first" else 0
        if most > 100 or (most and "100" not in limits):
            problems.append(f"{name}: {most} is too many")
    return problems


def test_requests_conform_to_the_api_description(openapi: dict[str, Any]) -> None:
    twitch = Live(*(row(n, n) for n in range(900)))
    helix = twitch.helix()
    helix.top_streams(500)
    helix.streams_of(map(str, range(0, 900, 3)))
    helix.users(ids=map(str, range(150)), logins=["channel7"])
    assert len(twitch.requests) == 7 + 3 + 2
    assert [problem for request in twitch.requests for problem in problems_of(request, openapi)] == []


def test_a_nonconforming_request_is_detected(openapi: dict[str, Any]) -> None:
    many = "&".join(f"user_id={n}" for n in range(101))
    for query in ("?frist=5", "?first=500", "?first=5&first=6", "?type=dead", f"?{many}"):
        assert problems_of(httpx.Request("GET", f"http://twitch.test/helix/streams{query}"), openapi), query


def test_the_examples_of_the_api_description_are_parsed(openapi: dict[str, Any]) -> None:
    def example(path: str, name: str) -> Any:
        content = openapi["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        return content["examples"][name]["value"]

    examples = [httpx.Response(200, json=example("/streams", f"Example {number}")) for number in (1, 2)]
    streams = Twitch(*examples).helix().top_streams(2)
    assert streams
    assert all(stream.started_at and stream.category and stream.viewers for stream in streams)
    (user,) = Twitch(httpx.Response(200, json=example("/users", "Example"))).helix().users(logins=["twitchdev"])
    assert user.login == "twitchdev"


@pytest.mark.parametrize(
    ("name", "error", "result"),
    [
        ("401_invalid_token", TwitchRefused, "401"),
        ("401_missing", TwitchRefused, "401"),
        ("401_mismatch", TwitchRefused, "401"),
        ("429", ServiceUnavailable, "429"),
        ("500", ServiceUnavailable, "500"),
    ],
)
def test_error_bodies_seen_in_production_are_handled(name: str, error: type[Exception], result: str) -> None:
    if not ERRORS.is_file():
        pytest.skip(NO_DATA)
    body = json.loads(ERRORS.read_text())[name]
    twitch = Live(row(1, 5))
    twitch.fault = httpx.Response(body["status"], json=body)
    helix = twitch.helix()
    with pytest.raises(error, match=body["message"] or "HTTP 500"):
        helix.top_streams(1)
    assert helix.results[result] >= 2
    twitch.fault = None
    assert len(helix.top_streams(1)) == 1
