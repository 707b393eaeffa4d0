"""Endpoints for watchlists and segments: only the key's account has access."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from apps.workspaces.models import Segment
from tests.api.conftest import Api, new_key, user_of


@pytest.fixture
async def other(api: Api) -> AsyncIterator[Api]:
    """A client of another account."""
    yield Api((await sync_to_async(new_key)("other@example.com"))[1])


async def test_a_watchlist_is_created_changed_and_deleted(api: Api) -> None:
    created = await api.request("POST", "watchlists", json={"name": "Chess", "channels": ["2", "1", "2"]})
    assert (created.status_code, created.json()["channels"]) == (201, ["2", "1"])
    path = f"watchlists/{created.json()['id']}"
    assert created.headers["Location"] == f"/api/v1/{path}"
    changed = await api.request("PATCH", path, json={"channels": ["3"]})
    assert (changed.json()["name"], changed.json()["channels"]) == ("Chess", ["3"])
    assert (await api.request("PATCH", path, json={"name": "Go"})).json()["name"] == "Go"
    assert [watchlist["name"] for watchlist in (await api.get("watchlists")).json()["items"]] == ["Go"]
    assert (await api.request("DELETE", path)).status_code == 204
    assert (await api.get(path)).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_taken_name_is_reported_for_its_field_and_nothing_is_changed(api: Api, method: str) -> None:
    await api.request("POST", "watchlists", json={"name": "A"})
    path = f"watchlists/{(await api.request('POST', 'watchlists', json={'name': 'B'})).json()['id']}"
    target = path if method == "PATCH" else "watchlists"
    response = await api.request(method, target, json={"name": "A", "channels": ["1"]})
    assert (response.status_code, response.json()["code"]) == (400, "invalid-request")
    (error,) = response.json()["errors"]
    assert error == {"field": "name", "reason": "You already have a watchlist called “A”. Choose another name."}
    lists = (await api.get("watchlists")).json()["items"]
    assert [(watchlist["name"], watchlist["channels"]) for watchlist in lists] == [("A", []), ("B", [])]


async def test_a_watchlist_can_be_saved_under_its_own_name(api: Api) -> None:
    path = f"watchlists/{(await api.request('POST', 'watchlists', json={'name': 'A'})).json()['id']}"
    assert (await api.request("PATCH", path, json={"name": "A"})).status_code == 200


@pytest.mark.parametrize("name", ["\u200b", "\u202e\u2066", "\x07", "x" * 61, " ", ""])
async def test_an_invalid_name_is_reported_for_its_field(api: Api, name: str) -> None:
    path = f"watchlists/{(await api.request('POST', 'watchlists', json={'name': 'A'})).json()['id']}"
    for method, target in (("POST", "watchlists"), ("PATCH", path)):
        response = await api.request(method, target, json={"name": name, "channels": ["1"]})
        assert (response.status_code, response.json()["code"]) == (400, "invalid-request")
        assert [error["field"] for error in response.json()["errors"]] == ["name"]
    assert (await api.get(path)).json()["channels"] == []


async def test_the_etag_of_a_list_changes_with_its_content(api: Api) -> None:
    tag = (await api.get("watchlists")).headers["ETag"]
    assert (await api.get("watchlists", headers={"If-None-Match": tag})).status_code == 304
    await api.request("POST", "watchlists", json={"name": "A"})
    assert (await api.get("watchlists", headers={"If-None-Match": tag})).status_code == 200


async def test_watchlists_are_paginated(api: Api) -> None:
    for name in "ABC":
        await api.request("POST", "watchlists", json={"name": name})
    first = (await api.get("watchlists?limit=2")).json()
    rest = (await api.get(f"watchlists?limit=2&cursor={first['next']}")).json()
    assert [watchlist["name"] for watchlist in first["items"] + rest["items"]] == ["A", "B", "C"]
    assert rest["next"] is None


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_another_accounts_watchlist_is_not_found(api: Api, other: Api, method: str) -> None:
    path = f"watchlists/{(await api.request('POST', 'watchlists', json={'name': 'Mine'})).json()['id']}"
    body: dict[str, Any] = {"json": {"name": "Theirs", "channels": []}} if method == "PATCH" else {}
    response = await other.request(method, path, **body)
    absent = await other.request(method, "watchlists/987654", **body)
    assert response.status_code == absent.status_code == 404
    assert response.json()["detail"] == absent.json()["detail"]
    assert (await api.get(path)).json()["name"] == "Mine"


async def test_another_accounts_lists_are_not_listed(api: Api, other: Api) -> None:
    await api.request("POST", "watchlists", json={"name": "Mine"})
    owner = await sync_to_async(user_of)("buyer@example.com")
    segment = await Segment.objects.acreate(owner=owner, name="Big", query="band=25000")
    assert (await other.get("watchlists")).json()["items"] == []
    assert (await other.get("segments")).json()["items"] == []
    assert (await other.get(f"segments/{segment.pk}")).status_code == 404
    assert (await api.get(f"segments/{segment.pk}")).json()["query"] == "band=25000"
    assert [item["name"] for item in (await api.get("segments")).json()["items"]] == ["Big"]
