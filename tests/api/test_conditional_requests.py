"""Conditional requests: a 304 uses no quota, and writes do not overwrite newer versions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from apps.api.authentication import new_secret
from apps.api.description.document import description
from apps.api.models import ApiKey, Membership, Plan
from apps.api.problems import Problem
from apps.api.rest import history as rest_history
from apps.api.rest.conditional_requests import NO_STRONG_TAG
from apps.api.rest.time_ranges import requested_range, with_end, with_grain
from apps.metrics import queries, series_version
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.chart_ranges import RANGES, past_range
from apps.metrics.spans import iso
from apps.workspaces.models import Segment
from core.metrics.broadcasts import Broadcast
from core.times import HOUR_MS, MINUTE_MS
from tests.api.conftest import Api, fill_bucket_in, new_key, user_of
from tests.dashboard.endless_history import EndlessStore
from tests.valkey import Valkey

NOW = 1_795_400_001_234
STREAM = Broadcast("1", NOW - HOUR_MS, NOW, 10, 1.0)


@pytest.fixture
def endless(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CASSANDRA_HOSTS = ["endless"]
    for module in (queries, series_version, rest_history):
        monkeypatch.setattr(module, "WindowStore", EndlessStore)


@pytest.fixture
async def tiny(api: Api) -> AsyncIterator[Api]:
    """A client whose plan allows a burst of two requests, then one per second, and five per day."""
    plan = await Plan.objects.acreate(name="Tiny", requests_per_second=1, burst=2, requests_per_day=5)
    owner = await sync_to_async(user_of)("tiny@example.com")
    await Membership.objects.acreate(owner=owner, plan=plan)
    yield Api((await sync_to_async(new_key)("tiny@example.com"))[1])


async def test_a_304_uses_neither_the_burst_nor_the_daily_quota(tiny: Api) -> None:
    first = await tiny.get("metrics")
    assert first.headers["RateLimit"].startswith('"burst";r=1;t=1, "day";r=4;t=')
    for _ in range(12):
        second = await tiny.get("metrics", headers={"If-None-Match": first.headers["ETag"]})
        assert (second.status_code, second.content) == (304, b"")
        assert '"day";r=4;' in second.headers["RateLimit"]
    assert (await tiny.get("metrics")).status_code == 200


async def test_a_304_has_the_headers_of_the_full_response(api: Api) -> None:
    first = await api.get("metrics")
    second = await api.get("metrics", headers={"If-None-Match": f'"other", {first.headers["ETag"]}'})
    assert second.status_code == 304
    assert "Content-Type" not in second.headers
    assert "Content-Length" not in second.headers
    for name in ("ETag", "Cache-Control", "Vary", "RateLimit-Policy"):
        assert second.headers[name] == first.headers[name]


@pytest.mark.parametrize(
    "path", ["metrics", "boards/viewers", "channels/99", "watchlists", "status", "openapi", "nothing"]
)
async def test_every_response_has_the_same_vary_header(api: Api, path: str) -> None:
    assert (await api.get(path)).headers["Vary"] == "Accept, Accept-Encoding, Authorization"


@pytest.mark.parametrize(
    ("key", "step_ms"), [("1h", 10_000), ("24h", MINUTE_MS), ("7d", MINUTE_MS), ("90d", MINUTE_MS)]
)
def test_a_range_up_to_now_ends_at_the_last_full_step_or_minute(key: str, step_ms: int) -> None:
    range_ = with_end(with_grain(RANGES[key], None, NOW), NOW)
    from_ms, rounded_ms = range_.bounds(NOW)
    assert rounded_ms % step_ms == 0
    assert NOW - step_ms < rounded_ms <= NOW
    assert rounded_ms - from_ms == RANGES[key].span_ms


def test_a_past_range_ends_as_requested() -> None:
    past = past_range(NOW - 7_777, NOW - 3, NOW)
    assert with_end(past, NOW) == past
    assert past.bounds(NOW) == (NOW - 7_777, NOW - 3)


def test_a_range_without_an_end_keeps_its_start_and_ends_at_the_last_full_step() -> None:
    start = datetime.fromtimestamp((NOW - HOUR_MS) / 1000, UTC)
    range_ = with_end(with_grain(requested_range({"from": start}, NOW), "minute", NOW), NOW)
    assert range_.bounds(NOW) == (NOW - HOUR_MS, NOW // MINUTE_MS * MINUTE_MS)
    assert requested_range({"from": start}, NOW).event_bounds(NOW) == (NOW - HOUR_MS, NOW)


def test_a_range_that_begins_after_the_last_full_step_is_rejected() -> None:
    start = datetime.fromtimestamp((NOW - 1) / 1000, UTC)
    with pytest.raises(Problem) as refused:
        with_end(requested_range({"from": start}, NOW), NOW)
    assert [error.field for error in refused.value.errors] == ["from"]


@pytest.mark.parametrize("query", ["range=1h", "from={since}"])
async def test_a_series_up_to_now_keeps_its_etag_until_a_new_window_can_exist(
    api: Api, endless: None, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    path, step_ms = f"channels/1/series?{query.format(since=iso(NOW - HOUR_MS))}", 10_000
    end_ms = NOW // step_ms * step_ms

    async def etag(now_ms: int) -> str:
        monkeypatch.setattr(rest_history, "now_ms", lambda: now_ms)
        response = await api.get(path)
        assert response.json()["to"] == iso(now_ms // step_ms * step_ms)
        return str(response.headers["ETag"])

    first = await etag(end_ms + 1)
    assert await etag(end_ms + step_ms - 1) == first
    assert (await api.get(path, headers={"If-None-Match": first})).status_code == 304
    assert await etag(end_ms + step_ms) != first


async def watchlist(api: Api) -> tuple[str, str]:
    """Return the path and the ETag of a new watchlist."""
    created = await api.request("POST", "watchlists", json={"name": "A"})
    return f"watchlists/{created.json()['id']}", created.headers["ETag"]


async def test_a_write_with_an_outdated_etag_is_rejected(api: Api) -> None:
    path, etag = await watchlist(api)
    changed = await api.request("PATCH", path, json={"name": "B"}, headers={"If-Match": etag})
    assert changed.status_code == 200
    bodies: list[tuple[str, dict[str, Any]]] = [("PATCH", {"json": {"name": "C"}}), ("DELETE", {})]
    for method, body in bodies:
        stale = await api.request(method, path, headers={"If-Match": etag}, **body)
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
    assert (await api.get(path)).json()["name"] == "B"
    assert (await api.request("DELETE", path, headers={"If-Match": changed.headers["ETag"]})).status_code == 204


async def test_the_etag_from_a_get_is_valid_for_a_write(api: Api) -> None:
    path, etag = await watchlist(api)
    read = await api.get(path, headers={"Accept-Encoding": "gzip"})
    assert read.headers["ETag"] == etag
    assert not etag.startswith("W/")
    assert (await api.get(path, headers={"If-None-Match": f"W/{etag}"})).status_code == 304
    assert (
        await api.request("PATCH", path, json={"name": "B"}, headers={"If-Match": f'"other", {etag}'})
    ).status_code == 200


@pytest.mark.parametrize("channels", [0, 100])
async def test_a_response_with_a_strong_etag_is_not_compressed(api: Api, channels: int) -> None:
    path, _ = await watchlist(api)
    await api.request("PATCH", path, json={"channels": [str(10**12 + number) for number in range(channels)]})
    gzipped = await api.get(path, headers={"Accept-Encoding": "gzip"})
    plain = await api.get(path, headers={"Accept-Encoding": "identity"})
    assert gzipped.headers["ETag"] == plain.headers["ETag"]
    assert "Content-Encoding" not in gzipped.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": "garbage"}, 412),
        ({"If-Match": "W/{etag}"}, 412),
        ({"If-None-Match": "{etag}"}, 412),
        ({"If-None-Match": '"other"'}, 200),
    ],
)
async def test_a_write_checks_its_preconditions(api: Api, headers: dict[str, str], status: int) -> None:
    path, etag = await watchlist(api)
    sent_headers = {name: value.replace("{etag}", etag) for name, value in headers.items()}
    assert (await api.request("PATCH", path, json={"name": "B"}, headers=sent_headers)).status_code == status


# Parameters that operations need for a successful response.
_QUERIES = {"stream_live": "?boards=viewers"}
_BODIES: dict[str, Any] = {
    "create_watchlist": {"json": {"name": "New"}},
    "change_watchlist": {"json": {"name": "Changed"}},
}


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        (method, path, fields["operationId"])
        for path, methods in description()["paths"].items()
        for method, fields in methods.items()
    ],
)
async def test_if_match_with_another_tag_fails_for_every_operation(
    api: Api, endless: None, monkeypatch: pytest.MonkeyPatch, method: str, path: str, name: str
) -> None:
    watchlist_path, _ = await watchlist(api)
    owner = await sync_to_async(user_of)("buyer@example.com")
    segment = await Segment.objects.acreate(owner=owner, name="Big", query="band=25000")
    monkeypatch.setattr(BroadcastStore, "read", lambda *_: [STREAM])
    monkeypatch.setattr(BroadcastStore, "find", lambda *_: STREAM)
    values = {
        "metric": "viewers",
        "key": "viewers",
        "channel_id": "1",
        "stream_id": STREAM.started_ms,
        "watchlist_id": watchlist_path.rpartition("/")[2],
        "segment_id": segment.pk,
    }
    target = path.removeprefix("/api/v1/").format(**values) + _QUERIES.get(name, "")
    request = api.request(method.upper(), target, headers={"If-Match": '"other"'}, **_BODIES.get(name, {}))
    # The stream never ends unless the request is rejected.
    refused = await asyncio.wait_for(request, 60)
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition-failed")
    assert [item["name"] for item in (await api.get("watchlists")).json()["items"]] == ["A"]


@pytest.mark.parametrize("tag", ['"other"', 'W/"other"', "garbage"])
@pytest.mark.parametrize("path", ["status", "metrics", "channels/1"])
async def test_if_match_with_a_tag_never_matches_a_resource_without_a_strong_tag(api: Api, path: str, tag: str) -> None:
    headers = {"If-Match": tag.replace("other", (await api.get(path)).headers.get("ETag", "other").strip('W/"'))}
    assert (await api.get(path, headers=headers)).json()["detail"] == NO_STRONG_TAG


@pytest.mark.parametrize("path", ["status", "metrics", "channels/1"])
async def test_if_match_star_matches_an_existing_resource(api: Api, path: str) -> None:
    assert (await api.get(path, headers={"If-Match": "*"})).status_code == 200


@pytest.mark.parametrize(("headers", "status"), [({"If-Match": "*"}, 201), ({"If-None-Match": "*"}, 412)])
async def test_the_preconditions_of_a_post_apply_to_the_existing_collection(
    api: Api, headers: dict[str, str], status: int
) -> None:
    assert (await api.request("POST", "watchlists", json={"name": "A"}, headers=headers)).status_code == status


async def test_if_match_does_not_hide_a_missing_resource(api: Api) -> None:
    assert (await api.get("channels/99999", headers={"If-Match": '"other"'})).status_code == 404


async def test_a_delete_response_has_no_content(api: Api) -> None:
    path, _ = await watchlist(api)
    deleted = await api.request("DELETE", path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert "Content-Type" not in deleted.headers
    assert "Content-Length" not in deleted.headers


async def test_a_429_includes_the_whole_policy(tiny: Api, valkey: Valkey) -> None:
    allowed = await tiny.get("boards")
    key = await ApiKey.objects.aget(owner__email="tiny@example.com")
    fill_bucket_in(valkey, f"key:{key.pk}", 3_600)
    refused = await tiny.get("boards")
    assert refused.json()["code"] == "too-many-requests"
    assert refused.headers["RateLimit-Policy"] == allowed.headers["RateLimit-Policy"]
    assert refused.headers["RateLimit"] == f'"burst";r=0;t={refused.headers["Retry-After"]}'


async def test_a_429_for_an_ip_address_or_for_key_guessing_includes_its_policy(
    api: Api, settings: Settings, valkey: Valkey
) -> None:
    fill_bucket_in(valkey, "guesses:10.0.0.9", 3_600)
    guesser = await Api(new_secret()).get("boards", address="10.0.0.9")
    assert guesser.headers["RateLimit-Policy"] == '"guesses";q=20;w=120'
    settings.API_ADDRESS_PER_S = 1
    fill_bucket_in(valkey, "address:10.0.0.8", 3_600)
    response = await Api().get("openapi", address="10.0.0.8")
    assert response.status_code == 429
    assert response.headers["RateLimit-Policy"] == '"address";q=2;w=2'
    assert response.headers["RateLimit"].startswith('"address";r=0;t=')
