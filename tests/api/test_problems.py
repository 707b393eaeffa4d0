"""Every error is a problem with a code and a request id."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from apps.api.problems import PROBLEM_TYPES
from tests.api.conftest import Api
from tests.valkey import Valkey
from tests.web import web
from twitchly.request_bodies import BODY_MAX_BYTES


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "", {}, 404, "not-found"),
        ("GET", "nothing/here", {}, 404, "not-found"),
        ("GET", "channels/99999", {}, 404, "not-found"),
        ("GET", "channels/abc", {}, 404, "not-found"),
        ("GET", "channels/1/streams/abc", {}, 404, "not-found"),
        ("GET", "metrics/likes", {}, 404, "not-found"),
        ("GET", "watchlists/99", {}, 404, "not-found"),
        ("POST", "boards/viewers", {}, 405, "method-not-allowed"),
        ("OPTIONS", "boards", {}, 405, "method-not-allowed"),
        ("TRACE", "boards", {}, 405, "method-not-allowed"),
        ("GET", "boards", {"headers": {"Accept": "text/html"}}, 406, "not-acceptable"),
        ("GET", "boards/viewers?format=xml", {}, 406, "not-acceptable"),
        ("GET", "status.csv", {}, 406, "not-acceptable"),
        ("GET", "boards", {"headers": {"Host": "elsewhere.example"}}, 400, "invalid-request"),
        ("GET", "boards/viewers?n=0", {}, 400, "invalid-request"),
        ("GET", "boards/viewers?n=many", {}, 400, "invalid-request"),
        ("GET", "boards/viewers?band=7", {}, 400, "invalid-request"),
        ("GET", "boards/viewers?colour=red", {}, 400, "invalid-request"),
        ("GET", "boards/viewers?category=%00", {}, 400, "invalid-request"),
        ("GET", "channels?cursor=***", {}, 400, "invalid-request"),
        ("GET", "channels/1/series?metrics=likes", {}, 400, "invalid-request"),
        ("GET", "channels/1/series?from=2026-01-01T00:00:00Z&range=1h", {}, 400, "invalid-request"),
        ("GET", "channels/1/series?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", {}, 400, "invalid-request"),
        ("GET", "channels/1/series?to=2026-01-01T00:00:00Z", {}, 400, "invalid-request"),
        ("GET", "channels/1/series?from=1999-01-01T00:00:00Z", {}, 400, "invalid-request"),
        ("GET", "channels/1/series?range=7d&grain=live", {}, 400, "invalid-request"),
        ("GET", "channels/1/events?range=90d", {}, 503, "service-away"),
        ("GET", "channels/1/series", {}, 503, "service-away"),
        ("POST", "watchlists", {"content": b"{"}, 400, "invalid-request"),
        ("POST", "watchlists", {"json": {"name": ["a"]}}, 400, "invalid-request"),
        ("POST", "watchlists", {"json": [1]}, 400, "invalid-request"),
        ("POST", "watchlists", {"json": {"name": "a", "channels": ["x"]}}, 400, "invalid-request"),
        ("POST", "watchlists", {"data": {"name": "a"}}, 415, "unsupported-media-type"),
        ("POST", "watchlists", {"content": b" " * (BODY_MAX_BYTES + 1)}, 413, "body-too-large"),
        ("POST", "no/such/address", {"content": b" " * (BODY_MAX_BYTES + 1)}, 413, "body-too-large"),
    ],
)
async def test_a_failed_request_is_answered_with_a_problem(
    api: Api, method: str, path: str, options: dict[str, Any], status: int, code: str
) -> None:
    if "content" in options:
        options = {"headers": {"Content-Type": "application/json"}, **options}
    response = await api.request(method, path, **options)
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["request_id"] == response.headers["X-Request-Id"]
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    if status == 405:
        assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/", "/api/v2", "/api/v2/boards", "/api/v1/boards/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_unknown_api_path_returns_a_problem(api: Api, method: str, path: str) -> None:
    transport = httpx.ASGITransport(web)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        response = await client.request(method, path)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (response.status_code, response.json()["code"]) == (404, "not-found")


async def test_a_problem_lists_every_invalid_field(api: Api) -> None:
    problem = (await api.get("boards/viewers?n=0&band=7&colour=red")).json()
    assert {error["field"] for error in problem["errors"]} == {"n", "band", "colour"}


async def test_without_redis_boards_are_unavailable_but_definitions_are_served(api: Api, valkey: Valkey) -> None:
    valkey.kill()
    try:
        response = await api.get("boards/viewers")
        assert (response.status_code, response.json()["code"]) == (503, "service-away")
        assert response.headers["Retry-After"] == "2"
        assert (await api.get("metrics")).status_code == 200
        assert (await api.get("status")).json()["state"] == "unknown"
    finally:
        valkey.start()


def test_every_problem_has_an_error_status() -> None:
    assert all(400 <= problem_type.status < 600 for problem_type in PROBLEM_TYPES.values())
