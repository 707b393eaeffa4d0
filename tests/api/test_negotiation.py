"""Content negotiation: a weight of 0 excludes a format, and a format in the URL takes precedence."""

from __future__ import annotations

import httpx
import pytest

from apps.api.rest.responses import CsvRenderer, JsonRenderer, choose, weight
from tests.api.conftest import Api
from tests.web import web


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", 1),
        ("*/*", 1),
        ("*", 1),
        ("application/*;q=0.4", 0.4),
        ("application/json", 1),
        ("APPLICATION/JSON", 1),
        ("application/json; charset=utf-8", 1),
        ("application/json;q=0", 0),
        ("application/json;q=0, */*", 0),
        ("*/*;q=0.1, application/json;q=0.9", 0.9),
        ("application/json;q=nan", 1),
        ("application/json;q=2", 1),
        ("text/html", 0),
        ("application/json;q=high", 1),
    ],
)
def test_the_most_specific_media_range_determines_the_weight(accept: str, expected: float) -> None:
    assert weight("application/json", accept) == expected


def test_the_format_with_the_highest_weight_is_chosen_or_the_first_in_a_tie() -> None:
    renderers = (JsonRenderer, CsvRenderer)
    assert isinstance(choose(renderers, "application/json;q=0.5, text/csv", None), CsvRenderer)
    assert isinstance(choose(renderers, "text/*, application/json", None), JsonRenderer)
    assert isinstance(choose(renderers, "application/json;q=0, */*", None), CsvRenderer)


@pytest.mark.parametrize("accept", ["application/json;q=0", "text/html", "application/json;q=0, text/html"])
async def test_an_unacceptable_format_returns_a_problem(api: Api, accept: str) -> None:
    response = await api.get("metrics", headers={"Accept": accept})
    assert (response.status_code, response.json()["code"]) == (406, "not-acceptable")


@pytest.mark.parametrize("path", ["boards/viewers?format=csv", "boards/viewers.csv"])
@pytest.mark.parametrize("accept", ["application/json", "text/html", "text/csv;q=0"])
async def test_a_format_in_the_url_overrides_the_accept_header(api: Api, path: str, accept: str) -> None:
    response = await api.get(path, headers={"Accept": accept})
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")


@pytest.mark.parametrize(
    ("codings", "is_compressed"),
    [
        ("gzip", True),
        ("gzip;q=0.5, identity;q=0.1", True),
        ("br, gzip", True),
        ("x-gzip", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*;q=0", False),
        ("identity, gzip;q=0.5", False),
        ("identity", False),
        ("", False),
    ],
)
async def test_a_content_coding_is_used_only_if_accepted(api: Api, codings: str, is_compressed: bool) -> None:
    response = await api.get("metrics", headers={"Accept-Encoding": codings})
    assert response.headers.get("Content-Encoding") == ("gzip" if is_compressed else None)
    assert "Accept-Encoding" in response.headers["Vary"]


@pytest.mark.parametrize(
    ("codings", "is_compressed"), [("gzip", True), ("gzip;q=0", False), ("identity, gzip;q=0.5", False)]
)
async def test_pages_negotiate_content_codings_too(api: Api, codings: str, is_compressed: bool) -> None:
    transport = httpx.ASGITransport(web)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        response = await client.get("/account/login/", headers={"Accept-Encoding": codings})
    assert response.status_code == 200
    assert response.headers.get("Content-Encoding") == ("gzip" if is_compressed else None)
    assert "Accept-Encoding" in response.headers["Vary"]
