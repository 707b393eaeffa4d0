"""Conditional requests: a 304 costs nothing, and nobody overwrites what they have not seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from apps.api.keys.secret import new_secret
from apps.api.limits import GUESSES
from apps.api.models import Membership, Plan
from apps.api.rest.spans import settled_ms, with_grain
from apps.metrics.queries import RANGES, past_range
from core.times import MINUTE_MS
from tests.api.conftest import Api, new_key, user_of

NOW = 1_795_400_001_234


@pytest.fixture
async def tiny(api: Api) -> AsyncIterator[Api]:
    """A client whose plan allows two requests at once, and one more every 1,000 s."""
    plan = await Plan.objects.acreate(name="Tiny", requests_per_second=1, burst=2, requests_per_day=5)
    owner = await sync_to_async(user_of)("tiny@example.com")
    await Membership.objects.acreate(owner=owner, plan=plan)
    yield Api((await sync_to_async(new_key)("tiny@example.com"))[1])


async def test_a_304_costs_nothing_of_the_key_and_the_day(tiny: Api) -> None:
    first = await tiny.get("metrics")
    assert first.headers["RateLimit"].startswith('"burst";r=1;t=1, "day";r=4;t=')
    for _ in range(12):
        again = await tiny.get("metrics", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert '"day";r=4;' in again.headers["RateLimit"]
    assert (await tiny.get("metrics")).status_code == 200


async def test_a_304_has_the_headers_of_the_answer_it_stands_for(api: Api) -> None:
    first = await api.get("metrics")
    again = await api.get("metrics", headers={"If-None-Match": f'"other", {first.headers["ETag"]}'})
    assert again.status_code == 304
    assert "Content-Type" not in again.headers
    assert "Content-Length" not in again.headers
    for name in ("ETag", "Cache-Control", "Vary", "RateLimit-Policy"):
        assert again.headers[name] == first.headers[name]


@pytest.mark.parametrize(
    "path", ["metrics", "boards/viewers", "channels/99", "watchlists", "status", "openapi", "nothing"]
)
async def test_every_answer_varies_by_what_it_was_made_of(api: Api, path: str) -> None:
    assert (await api.get(path)).headers["Vary"] == "Accept, Accept-Encoding, Authorization"


@pytest.mark.parametrize(
    ("key", "step_ms"), [("1h", 10_000), ("24h", MINUTE_MS), ("7d", MINUTE_MS), ("90d", MINUTE_MS)]
)
def test_a_range_up_to_now_ends_at_its_newest_step_or_minute(key: str, step_ms: int) -> None:
    settled = settled_ms(with_grain(RANGES[key], None, NOW), NOW)
    assert settled % step_ms == 0
    assert NOW - step_ms < settled <= NOW


def test_a_range_of_the_past_ends_where_it_was_asked_to() -> None:
    assert settled_ms(past_range(NOW - 7_777, NOW - 3, NOW), NOW) == NOW


async def watchlist(api: Api) -> tuple[str, str]:
    """Return the path and the tag of a new watchlist."""
    made = await api.ask("POST", "watchlists", json={"name": "A"})
    return f"watchlists/{made.json()['id']}", made.headers["ETag"]


async def test_a_change_is_refused_where_something_else_changed_before(api: Api) -> None:
    path, tag = await watchlist(api)
    changed = await api.ask("PATCH", path, json={"name": "B"}, headers={"If-Match": tag})
    assert changed.status_code == 200
    bodies: list[tuple[str, dict[str, Any]]] = [("PATCH", {"json": {"name": "C"}}), ("DELETE", {})]
    for method, body in bodies:
        late = await api.ask(method, path, headers={"If-Match": tag}, **body)
        assert (late.status_code, late.json()["code"]) == (412, "precondition-failed")
    assert (await api.get(path)).json()["name"] == "B"
    assert (await api.ask("DELETE", path, headers={"If-Match": changed.headers["ETag"]})).status_code == 204


async def test_a_tag_of_a_get_is_good_for_a_change(api: Api) -> None:
    path, made = await watchlist(api)
    read = await api.get(path, headers={"Accept-Encoding": "gzip"})
    assert read.headers["ETag"] == made
    assert not made.startswith("W/")
    assert (await api.get(path, headers={"If-None-Match": f"W/{made}"})).status_code == 304
    assert (
        await api.ask("PATCH", path, json={"name": "B"}, headers={"If-Match": f'"other", {made}'})
    ).status_code == 200


@pytest.mark.parametrize("channels", [0, 100])
async def test_a_strong_tag_names_the_bytes_that_are_sent(api: Api, channels: int) -> None:
    path, _ = await watchlist(api)
    await api.ask("PATCH", path, json={"channels": [str(10**12 + number) for number in range(channels)]})
    packed = await api.get(path, headers={"Accept-Encoding": "gzip"})
    plain = await api.get(path, headers={"Accept-Encoding": "identity"})
    assert packed.headers["ETag"] == plain.headers["ETag"]
    assert "Content-Encoding" not in packed.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": "garbage"}, 412),
        ({"If-Match": "W/{tag}"}, 412),
        ({"If-None-Match": "{tag}"}, 412),
        ({"If-None-Match": '"other"'}, 200),
    ],
)
async def test_conditions_of_a_change(api: Api, headers: dict[str, str], status: int) -> None:
    path, tag = await watchlist(api)
    filled = {name: value.replace("{tag}", tag) for name, value in headers.items()}
    assert (await api.ask("PATCH", path, json={"name": "B"}, headers=filled)).status_code == status


async def test_a_deletion_has_no_content(api: Api) -> None:
    path, _ = await watchlist(api)
    gone = await api.ask("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert "Content-Type" not in gone.headers
    assert "Content-Length" not in gone.headers


async def test_a_429_names_the_whole_policy(tiny: Api) -> None:
    allowed = await tiny.get("boards")
    await tiny.get("boards")
    refused = await tiny.get("boards")
    assert refused.json()["code"] == "too-many-requests"
    assert refused.headers["RateLimit-Policy"] == allowed.headers["RateLimit-Policy"]
    assert refused.headers["RateLimit"] == '"burst";r=0;t=1'


async def test_a_429_of_an_address_and_of_guesses_names_its_policy(api: Api, settings: Settings) -> None:
    for _ in range(GUESSES):
        await Api(new_secret()).get("boards", address="10.0.0.9")
    guesser = await Api(new_secret()).get("boards", address="10.0.0.9")
    assert guesser.headers["RateLimit-Policy"] == '"guesses";q=20;w=120'
    settings.API_ADDRESS_PER_S = 1
    answers = [await Api().get("openapi", address="10.0.0.8") for _ in range(3)]
    assert answers[-1].status_code == 429
    assert answers[-1].headers["RateLimit-Policy"] == '"address";q=2;w=2'
    assert answers[-1].headers["RateLimit"].startswith('"address";r=0;t=')
