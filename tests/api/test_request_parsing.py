"""Strict parsing of queries and bodies: nothing is ignored, and errors list what is accepted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from apps.api.live.views import LiveQuery
from apps.api.rest.request_parsing import DEPTH_MAX, read_query
from apps.api.rest.request_schemas import BoardFilters
from apps.metrics.chart_ranges import RANGES
from core.metrics.table import METRIC
from tests.api.conftest import Api

JSON = {"Content-Type": "application/json"}


async def refusals(api: Api, path: str) -> dict[str, str]:
    """Return the reasons in a 400 response by field."""
    response = await api.get(path)
    assert (response.status_code, response.json()["code"]) == (400, "invalid-request")
    return {error["field"]: error["reason"] for error in response.json()["errors"]}


@pytest.mark.parametrize("depth", [DEPTH_MAX, 200, 990, 1_000, 1_020, 5_000, 30_000])
@pytest.mark.parametrize(("method", "path"), [("POST", "watchlists"), ("PATCH", "watchlists/1")])
async def test_deeply_nested_json_is_an_invalid_request(api: Api, method: str, path: str, depth: int) -> None:
    await api.request("POST", "watchlists", json={"name": "A"})
    watchlist_id = (await api.get("watchlists")).json()["items"][0]["id"]
    for value in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
        content = f'{{"name": {value}}}'.encode()[:65_000]
        response = await api.request(method, path.replace("1", str(watchlist_id)), content=content, headers=JSON)
        assert (response.status_code, response.json()["code"]) == (400, "invalid-request")


async def test_the_error_for_an_integer_with_too_many_digits_includes_the_limit(api: Api) -> None:
    content = b'{"name": ' + b"9" * 5_000 + b"}"
    response = await api.request("POST", "watchlists", content=content, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (400, "invalid-request")
    assert "an integer has 5000 digits; the maximum is 308" in response.json()["detail"]


@pytest.mark.parametrize("content", [b'{"name": "\\ud800"}', b'{"name": NaN}', b'{"name": "\xff"}', b"{", b"[1]", b""])
async def test_a_body_that_is_not_a_json_object_is_an_invalid_request(api: Api, content: bytes) -> None:
    response = await api.request("POST", "watchlists", content=content, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (400, "invalid-request")


@pytest.mark.parametrize(
    ("content", "field"),
    [(b'{"name": "A", "name": "B"}', "name"), (b'{"name": "A", "channels": [], "channels": ["1"]}', "channels")],
)
async def test_the_error_names_a_repeated_body_field(api: Api, content: bytes, field: str) -> None:
    response = await api.request("POST", "watchlists", content=content, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (400, "invalid-request")
    assert response.json()["errors"] == [{"field": field, "reason": "The field was sent 2 times. Send it once."}]
    assert (await api.get("watchlists")).json()["items"] == []


@pytest.mark.parametrize("path", ["channels?limit={}", "boards/viewers?n={}", "live?boards=viewers&n={}"])
@pytest.mark.parametrize("text", ["1_0", "%D9%A1%D9%A0", "10.0", "%2B10", "%2010", "1e1", "0x10", "1" * 5_000])
async def test_a_number_is_accepted_in_one_form_only(api: Api, path: str, text: str) -> None:
    name = "limit" if "limit" in path else "n"
    assert list(await refusals(api, path.format(text))) == [name]


def test_filter_values_are_normalized_like_titles_and_categories() -> None:
    assert read_query(BoardFilters, "category=Just%20%20Chatting%E2%80%AE")["category"] == "Just Chatting"


async def test_a_filter_without_a_visible_character_is_an_error(api: Api) -> None:
    assert list(await refusals(api, "boards/viewers?category=%E2%80%AE")) == ["category"]


async def test_a_filter_that_is_too_long_is_rejected_instead_of_truncated(api: Api) -> None:
    assert list(await refusals(api, f"boards/viewers?language={'0' * 17}")) == ["language"]


async def test_a_time_must_have_ascii_digits(api: Api) -> None:
    assert list(await refusals(api, "channels/1/series?from=%D9%A2026-11-23T00:00:00Z")) == ["from"]


@pytest.mark.parametrize("name", ["json", "csv", ""])
async def test_a_format_together_with_a_suffix_is_an_error(api: Api, name: str) -> None:
    reason = "The URL already selects the format with .csv. Omit the parameter."
    assert await refusals(api, f"boards/viewers.csv?format={name}") == {"format": reason}


@pytest.mark.parametrize("charset", ["idna", "utf-16", "zlib", "nothing"])
async def test_a_body_is_read_as_utf_8_despite_its_charset_header(api: Api, charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    response = await api.request("POST", "watchlists", content='{"name": "Café"}'.encode(), headers=headers)
    assert (response.status_code, response.json()["name"]) == (201, "Café")


async def test_a_chunked_body_is_read(api: Api) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"name": '
        yield b'"Chess"}'

    response = await api.request("POST", "watchlists", content=chunks(), headers=JSON)
    assert (response.status_code, response.json()["name"]) == (201, "Chess")


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("boards/viewers", "category, language, band, n, format"),
        ("boards", "format"),
        ("channels", "cursor, limit, q, live, format"),
        ("channels/1", "format"),
        ("channels/1/live", "format"),
        ("channels/1/series", "range, from, to, metrics, grain, interval, format"),
        ("channels/1/streams", "cursor, limit, format"),
        ("channels/1/streams/1", "format"),
        ("metrics", "format"),
        ("metrics/spam", "format"),
        ("status", "format"),
        ("watchlists", "cursor, limit, format"),
        ("segments/1", "format"),
        ("openapi", "format"),
    ],
)
async def test_the_error_for_an_unknown_parameter_lists_the_known_ones(api: Api, path: str, known: str) -> None:
    assert await refusals(api, f"{path}?colour=red") == {"colour": f"Unknown parameter. Known: {known}."}


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "watchlists"), ("PATCH", "watchlists/1"), ("DELETE", "watchlists/1")]
)
async def test_writes_accept_no_query_parameters(api: Api, method: str, path: str) -> None:
    body: dict[str, Any] = {} if method == "DELETE" else {"json": {"name": "A"}}
    response = await api.request(method, f"{path}?force=1", **body)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "force")


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_the_error_for_an_unknown_body_field_lists_the_known_ones(api: Api, method: str) -> None:
    path = f"watchlists/{(await api.request('POST', 'watchlists', json={'name': 'A'})).json()['id']}"
    body = {"name": "B", "chanels": ["1"]}
    response = await api.request(method, path if method == "PATCH" else "watchlists", json=body)
    assert response.status_code == 400
    assert response.json()["errors"] == [{"field": "chanels", "reason": "Unknown field. Known: name, channels."}]
    assert [watchlist["name"] for watchlist in (await api.get("watchlists")).json()["items"]] == ["A"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("boards/viewers?category=", "category"),
        ("boards/viewers?language", "language"),
        ("boards/viewers?format=", "format"),
        ("channels?q=%20", "q"),
        ("channels?live=", "live"),
        ("channels?cursor=", "cursor"),
        ("channels/1/series?metrics=", "metrics"),
        ("channels/1/series?metrics=viewers,,spam", "metrics"),
        ("channels/1/series?metrics=viewers&metrics=", "metrics"),
        ("channels/1/series?from=", "from"),
        ("live?boards=viewers,", "boards"),
        ("live?table=", "table"),
    ],
)
async def test_an_empty_parameter_is_an_error(api: Api, path: str, name: str) -> None:
    assert name in await refusals(api, path)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("boards/viewers?n=1&n=2", "n"),
        ("boards/viewers?category=Art&category=Art", "category"),
        ("boards/viewers?format=csv&format=csv", "format"),
        ("channels?live=true&live=false", "live"),
        ("channels/1/series?range=1h&range=6h", "range"),
        ("live?table=true&table=true", "table"),
    ],
)
async def test_a_repeated_parameter_is_an_error(api: Api, path: str, name: str) -> None:
    assert await refusals(api, path) == {name: "The parameter was sent 2 times. Send it once."}


@pytest.mark.parametrize(
    "query", ["boards=viewers,messages", "boards=viewers&boards=messages", "boards=viewers,%20messages,viewers"]
)
def test_lists_accept_commas_and_repetition(query: str) -> None:
    assert read_query(LiveQuery, query)["boards"] == ["viewers", "messages"]


@pytest.mark.parametrize(
    ("path", "name", "choices"),
    [
        ("channels/1/series?range=2h", "range", RANGES),
        ("channels/1/events?range=2h", "range", RANGES),
        ("channels/1/series?grain=day", "grain", ["live", "minute", "hour"]),
        ("channels/1/series?metrics=likes", "metrics", METRIC),
        ("boards/viewers?band=7", "band", ["0", "100000"]),
        ("live?boards=likes", "boards", ["viewers", "messages"]),
        ("live?boards=viewers&n=7", "n", ["10", "25", "100"]),
        ("channels?live=maybe", "live", ["true", "false"]),
    ],
)
async def test_the_error_for_an_invalid_choice_lists_the_choices(api: Api, path: str, name: str, choices: Any) -> None:
    reason = (await refusals(api, path))[name]
    assert all(choice in reason for choice in choices), reason
