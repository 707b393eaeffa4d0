"""Cursors are bound to one list, and pages of events neither skip nor repeat any."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from apps.api.problems import Problem
from apps.api.rest.event_pages import CHUNK_MS, Position, read_events
from apps.api.rest.paging import list_id, read_cursor, write_cursor
from apps.channels.models import Channel
from apps.metrics.event_marks import EventMark
from apps.metrics.gaps import GapSpan
from apps.workspaces.models import Segment
from core.times import DAY_MS, HOUR_MS
from tests.api.conftest import Api, new_key, user_of

START = 1_790_000_000_000


@pytest.fixture
async def cursors(api: Api) -> AsyncIterator[dict[str, str]]:
    """A cursor of each list that tests can fill, by its path."""
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
async def test_a_cursor_of_another_account_is_refused(api: Api, cursors: dict[str, str], path: str) -> None:
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


def test_the_id_of_a_list_contains_every_parameter_but_those_of_the_page() -> None:
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


class Store:
    """Holds events as the history store does: every range that overlaps a gap reads it, up to a day after its start."""

    def __init__(self, marks: list[EventMark], gaps: list[GapSpan]) -> None:
        self.marks, self.gaps = marks, gaps
        self.reads = 0

    def read(self, from_ms: int, until_ms: int) -> tuple[list[EventMark], list[GapSpan]]:
        self.reads += 1
        marks = [mark for mark in self.marks if from_ms <= mark.at_ms <= until_ms]
        gaps = [gap for gap in self.gaps if from_ms - DAY_MS <= gap.from_ms <= until_ms and gap.until_ms >= from_ms]
        return marks, gaps


def pages(store: Store, days: int, limit: int) -> list[EventMark]:
    """Return all events, read page by page as a client would."""
    events: list[EventMark] = []
    after: Position | None = None
    while True:
        page = read_events("7", store.read, START, START + days * DAY_MS, after, limit + 1)
        events += page[:limit]
        if len(page) <= limit:
            return events
        after = page[limit - 1].at_ms, page[limit - 1].id


@pytest.mark.parametrize("limit", [1, 7, 50, 200])
def test_pages_over_90_days_contain_every_event_once(limit: int) -> None:
    marks = [EventMark(f"raid-{n}", START + n * 7 * HOUR_MS, None, "raid", 5, "Raid") for n in range(300)]
    edge = START + CHUNK_MS
    gaps = [
        GapSpan(START + DAY_MS, START + DAY_MS + 60_000, "joining"),
        GapSpan(edge - HOUR_MS, edge + HOUR_MS, "restart"),
        GapSpan(edge + 2 * DAY_MS, edge + 2 * DAY_MS + 1, "joining"),
    ]
    events = pages(Store(marks, gaps), 90, limit)
    assert [event.id for event in events if event.kind == "raid"] == [mark.id for mark in marks]
    assert [(event.at_ms, event.until_ms) for event in events if event.kind == "gap"] == [
        (gap.from_ms, gap.until_ms) for gap in gaps
    ]
    assert [(event.at_ms, event.id) for event in events] == sorted((event.at_ms, event.id) for event in events)


def test_a_page_reads_only_the_chunks_it_needs() -> None:
    marks = [EventMark(f"raid-{n}", START + n * HOUR_MS, None, "raid", 5, "Raid") for n in range(300)]
    store = Store(marks, [])
    read_events("7", store.read, START, START + 90 * DAY_MS, None, 51)
    assert store.reads == 1
