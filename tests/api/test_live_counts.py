"""All endpoints and pages count the same channels as live."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async

from apps.channels.models import Channel
from apps.dashboard.search import NOT_TRACKED, find_channels
from apps.live.board import Board
from apps.live.search import Search
from apps.live.table import search_page
from apps.status.snapshot import take_snapshot
from core.metrics.ranking import GONE_AFTER_MS, is_live
from tests.api.conftest import Api
from tests.dashboard.conftest import Boards
from tests.page_services import page_services
from twitchly.clock import now_ms

LIVE = {"1", "2", "3"}


@pytest.mark.parametrize(
    ("end_ms", "newest_ms", "is_offline", "expected"),
    [
        (100_000, 100_000, False, True),
        (100_000 - GONE_AFTER_MS, 100_000, False, True),
        (100_000 - GONE_AFTER_MS - 1, 100_000, False, False),
        (100_000, 100_000, True, False),
        (None, 100_000, False, False),
        (100_000, None, False, False),
    ],
)
def test_a_live_channel_has_recent_windows_and_is_not_offline(
    end_ms: int | None, newest_ms: int | None, is_offline: bool, expected: bool
) -> None:
    assert is_live(end_ms, newest_ms, is_offline=is_offline) is expected


@pytest.fixture
def others(boards: Boards) -> Boards:
    """Add channels that are not live: an offline one with chat, one without recent windows, and a blocked one."""
    boards.list_channel("4", "Delta", live=False)
    boards.list_channel("5", "Epsilon")
    boards.list_channel("6", "Zeta")
    boards.write_viewers({"4": 5_000, "6": 40})
    boards.write_viewers({"5": 70}, behind_ms=GONE_AFTER_MS + 1_000)
    boards.block("6")
    page_services.reset()
    return boards


@pytest.mark.usefixtures("others")
async def test_endpoints_and_pages_count_the_same_live_channels(api: Api) -> None:
    for channel_id in "123456":
        await Channel.objects.acreate(id=channel_id, login=f"c{channel_id}", blocked=channel_id == "6")
    only_live = (await api.get("channels?live=true")).json()["items"]
    assert {channel["id"] for channel in only_live if channel["is_live"]} == LIVE
    assert len(only_live) == len(LIVE)
    known = (await api.get("channels")).json()["items"]
    assert {channel["id"] for channel in known if channel["is_live"]} == LIVE
    single = {c["id"] for c in known if (await api.get(f"channels/{c['id']}")).json()["is_live"]}
    assert single == LIVE
    assert (await api.get("status")).json()["channels"] == len(LIVE)
    assert (await sync_to_async(take_snapshot)(now_ms())).channels == len(LIVE)
    found = await sync_to_async(page_services.live.channels.live)(now_ms())
    assert search_page(Search(), found.values()).live == len(LIVE)


@pytest.mark.usefixtures("others")
async def test_a_channel_with_chat_after_its_broadcast_still_has_values(api: Api) -> None:
    ended = (await api.get("channels/4/live")).json()
    assert (ended["state"], ended["values"]["viewers"]) == ("ended", 5_000)


@pytest.mark.usefixtures("transactional_db")
def test_search_marks_a_channel_without_recent_windows_as_gone(boards: Boards) -> None:
    Channel.objects.create(id="7", login="alphabet", name="Alphabet")
    boards.write_viewers({"7": 90}, behind_ms=GONE_AFTER_MS + 1_000)
    notes = {hit.profile.id: hit.rank_text for hit in find_channels("alpha", Board("messages"), now_ms())}
    assert notes["1"].startswith("Rank")
    assert notes["7"] == NOT_TRACKED
