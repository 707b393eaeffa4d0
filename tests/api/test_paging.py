"""Cursors are bound to one list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from apps.api.problems import Problem
from apps.api.rest.paging import list_id, read_cursor, write_cursor
from apps.channels.models import Channel
from apps.workspaces.models import Segment
from tests.api.conftest import Api, new_key, user_of


@pytest.fixture
async def cursors(api: Api) -> AsyncIterator[dict[str, str]]:
    """A cursor for each list that tests can fill, keyed by the list's path."""
    for number in range(3):
        await Channel.objects.acreate(id=str(100 + number), login=f"c{number}", name=f"C{number}")
        await api.request("POST", "watchlists", json={"name": f"List {number}"})
        owner = await sync_to_async(user_of)("buyer@example.com")
        await Segment.objects.acreate(owner=owner, name=f"Segment {number}", query="")
    yield {path: (await api.get(f"{path}?limit=1")).json()["next"] for path in ("channels", "watchlists", "segments")}


@pytest.mark.parametrize("path", ["channels", "watchlists", "segments", "channels/1/events", "channels/1/streams"])
async def test_a_cursor_is_valid_for_its_own_list_only(api: Api, cursors: dict[str, str], path: str) -> None:
    for list_path, cursor in cursors.items():
        response = await api.get(f"{path}?cursor={cursor}")
        if list_path == path:
            assert response.status_code == 200
        else:
            assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "cursor")


@pytest.mark.parametrize("cursor", ["MQ", "1", "***", "MTAw", "ImEi:x", "ÿ", "a" * 500, "%00"])
@pytest.mark.parametrize("path", ["channels", "watchlists", "segments", "channels/1/events", "channels/1/streams"])
async def test_a_forged_cursor_is_refused(api: Api, path: str, cursor: str) -> None:
    response = await api.get(f"{path}?cursor={cursor}")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "cursor")


@pytest.mark.parametrize("path", ["watchlists", "segments"])
async def test_a_cursor_of_another_account_is_rejected(api: Api, cursors: dict[str, str], path: str) -> None:
    other = Api((await sync_to_async(new_key)("other@example.com"))[1])
    assert (await other.get(f"{path}?cursor={cursors[path]}")).status_code == 400


@pytest.mark.parametrize("path", ["channels?limit=2", "channels?limit=2&q=c", "channels?limit=2&live=false"])
async def test_a_cursor_is_valid_for_the_filters_of_its_list_only(api: Api, cursors: dict[str, str], path: str) -> None:
    cursor = (await api.get(path)).json()["next"]
    for filters in ("", "&q=c", "&q=C1", "&live=false", "&live=true", "&q=c&live=false"):
        response = await api.get(f"channels?limit=1{filters}&cursor={cursor}")
        if path.removeprefix("channels?limit=2") == filters:
            assert [channel["id"] for channel in response.json()["items"]] == ["102"]
        else:
            assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "cursor")
            assert "only `limit` may change" in response.json()["errors"][0]["reason"]


def test_the_list_id_ignores_only_cursor_and_limit() -> None:
    query: dict[str, Any] = {"range": "7d", "cursor": "a", "limit": 3}
    assert list_id("/events", query, 1) == list_id("/events", {"limit": 9, "range": "7d"}, 1)
    others: list[tuple[str, dict[str, Any], int]] = [
        ("/streams", query, 1),
        ("/events", query, 2),
        ("/events", {"range": "24h"}, 1),
        ("/events", {}, 1),
    ]
    assert len({list_id(*other) for other in others} | {list_id("/events", query, 1)}) == 5


async def test_a_cursor_is_valid_in_every_format_of_its_list(api: Api, cursors: dict[str, str]) -> None:
    assert (await api.get(f"channels.csv?cursor={cursors['channels']}")).status_code == 200


def test_a_cursor_is_deterministic_and_bound_to_its_list() -> None:
    cursor = write_cursor("/api/v1/channels/1/events", [1_790_000_000_000, "raid-7"])
    assert cursor == write_cursor("/api/v1/channels/1/events", [1_790_000_000_000, "raid-7"])
    assert read_cursor("/api/v1/channels/1/events", cursor) == [1_790_000_000_000, "raid-7"]
    with pytest.raises(Problem):
        read_cursor("/api/v1/channels/2/events", cursor)
