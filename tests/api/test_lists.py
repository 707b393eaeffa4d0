"""Watchlists and segments belong to the account of the key, and nobody else sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from apps.workspaces.models import Segment, Watchlist
from tests.api.conftest import Api, new_key, user_of


@pytest.fixture
async def other(api: Api) -> AsyncIterator[Api]:
    """Somebody else."""
    yield Api((await sync_to_async(new_key)("other@example.com"))[1])


async def test_a_watchlist_is_made_changed_and_deleted(api: Api) -> None:
    made = await api.ask("POST", "watchlists", json={"name": "Chess", "channels": ["2", "1", "2"]})
    assert (made.status_code, made.json()["channels"]) == (201, ["2", "1"])
    path = f"watchlists/{made.json()['id']}"
    assert made.headers["Location"] == f"/api/v1/{path}"
    changed = await api.ask("PATCH", path, json={"channels": ["3"]})
    assert (changed.json()["name"], changed.json()["channels"]) == ("Chess", ["3"])
    assert (await api.ask("PATCH", path, json={"name": "Go"})).json()["name"] == "Go"
    assert [one["name"] for one in (await api.get("watchlists")).json()["items"]] == ["Go"]
    assert (await api.ask("DELETE", path)).status_code == 204
    assert (await api.get(path)).status_code == 404


async def test_a_name_that_is_taken_is_refused_and_nothing_is_changed(api: Api) -> None:
    await api.ask("POST", "watchlists", json={"name": "A"})
    response = await api.ask("POST", "watchlists", json={"name": "A", "channels": ["1"]})
    assert (response.status_code, response.json()["code"]) == (409, "refused")
    assert response.json()["errors"][0]["field"] == "name"
    assert await Watchlist.objects.acount() == 1


@pytest.mark.parametrize("name", ["\u200b", "\u202e\u2066", "\x07", "x" * 61, " ", ""])
async def test_a_name_that_nothing_can_have_is_an_error_of_that_field(api: Api, name: str) -> None:
    path = f"watchlists/{(await api.ask('POST', 'watchlists', json={'name': 'A'})).json()['id']}"
    for method, target in (("POST", "watchlists"), ("PATCH", path)):
        response = await api.ask(method, target, json={"name": name, "channels": ["1"]})
        assert (response.status_code, response.json()["code"]) == (400, "invalid-request")
        assert [error["field"] for error in response.json()["errors"]] == ["name"]
    assert (await api.get(path)).json()["channels"] == []


async def test_a_list_says_whether_it_has_changed(api: Api) -> None:
    tag = (await api.get("watchlists")).headers["ETag"]
    assert (await api.get("watchlists", headers={"If-None-Match": tag})).status_code == 304
    await api.ask("POST", "watchlists", json={"name": "A"})
    assert (await api.get("watchlists", headers={"If-None-Match": tag})).status_code == 200


async def test_watchlists_come_in_pages(api: Api) -> None:
    for name in "ABC":
        await api.ask("POST", "watchlists", json={"name": name})
    first = (await api.get("watchlists?limit=2")).json()
    rest = (await api.get(f"watchlists?limit=2&cursor={first['next']}")).json()
    assert [one["name"] for one in first["items"] + rest["items"]] == ["A", "B", "C"]
    assert rest["next"] is None


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_somebody_elses_watchlist_is_not_there(api: Api, other: Api, method: str) -> None:
    path = f"watchlists/{(await api.ask('POST', 'watchlists', json={'name': 'Mine'})).json()['id']}"
    body: dict[str, Any] = {"json": {"name": "Theirs", "channels": []}} if method == "PATCH" else {}
    response = await other.ask(method, path, **body)
    absent = await other.ask(method, "watchlists/987654", **body)
    assert response.status_code == absent.status_code == 404
    assert response.json()["detail"] == absent.json()["detail"]
    assert (await api.get(path)).json()["name"] == "Mine"


async def test_lists_of_others_are_not_listed(api: Api, other: Api) -> None:
    await api.ask("POST", "watchlists", json={"name": "Mine"})
    owner = await sync_to_async(user_of)("buyer@example.com")
    kept = await Segment.objects.acreate(owner=owner, name="Big", query="band=25000")
    assert (await other.get("watchlists")).json()["items"] == []
    assert (await other.get("segments")).json()["items"] == []
    assert (await other.get(f"segments/{kept.pk}")).status_code == 404
    assert (await api.get(f"segments/{kept.pk}")).json()["query"] == "band=25000"
    assert [one["name"] for one in (await api.get("segments")).json()["items"]] == ["Big"]
