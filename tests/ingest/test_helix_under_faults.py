"""The Helix client against the simulated Helix with faults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from apps.ingest.helix import WALKS, Helix
from core.errors import ServiceUnavailable
from core.times import MINUTE_MS
from tests.ingest.polls import Table
from tests.simulator.irc_peer import Simulated, simulated_twitch
from twitchly.clock import now_ms

CHANNELS = 250


@pytest.fixture
async def twitch(tmp_path: Path) -> AsyncIterator[Simulated]:
    async with simulated_twitch(tmp_path, channels=CHANNELS, rate=10) as simulated:
        yield simulated


def helix_of(twitch: Simulated) -> Helix:
    url = str(twitch.http.base_url).rstrip("/")
    return Helix(
        new_client=httpx.AsyncClient,
        url=f"{url}/helix",
        token_url=f"{url}/oauth2/token",
        client_id="a",
        client_secret="b",
    )


async def top(helix: Helix, within_s: float = 30, count: int = CHANNELS) -> set[str]:
    streams = await asyncio.to_thread(lambda: helix.top_streams(count, until_s=helix.until(within_s)))
    return {stream.id for stream in streams}


def live(twitch: Simulated) -> set[str]:
    return {stream.channel.id for stream in twitch.audience.streams(now_ms())}


def is_almost_equal(actual: set[str], expected: set[str]) -> bool:
    """Return whether two sets of streams differ by at most five, because some start or end in the meantime."""
    return len(actual ^ expected) <= 5


@pytest.mark.parametrize(
    ("kind", "seconds", "result"),
    [
        ("token_revoked", 5, "401"),
        ("server_error", 1, "500"),
        ("rate_limited", 2, "429"),
        ("malformed", 1, "malformed"),
    ],
)
async def test_a_transient_fault_loses_no_stream(twitch: Simulated, kind: str, seconds: float, result: str) -> None:
    helix = helix_of(twitch)
    await top(helix)
    await twitch.fault(kind, seconds=seconds)
    assert is_almost_equal(await top(helix), live(twitch))
    assert helix.results[result] >= 1


async def test_a_hanging_helix_is_unavailable_in_time_and_recovers(twitch: Simulated) -> None:
    helix = helix_of(twitch)
    await top(helix)
    await twitch.fault("hang", seconds=3)
    with pytest.raises(ServiceUnavailable, match="TimeoutError"):
        await top(helix, within_s=1)
    await twitch.end_faults()
    assert is_almost_equal(await top(helix), live(twitch))
    assert helix.results["timeout"] == 1


async def test_bad_paging_is_retried_until_there_are_enough_streams(twitch: Simulated) -> None:
    helix = helix_of(twitch)
    await top(helix)
    await twitch.fault("bad_paging", seconds=60)
    assert len(await top(helix, count=150)) >= 150


async def test_bad_paging_is_not_mistaken_for_the_end_of_the_list(twitch: Simulated) -> None:
    helix = helix_of(twitch)
    await twitch.fault("bad_paging", seconds=60)
    with pytest.raises(ServiceUnavailable, match="of 250 streams after 4 walks"):
        await top(helix)
    looked_up = await asyncio.to_thread(helix.streams_of, live(twitch))
    assert is_almost_equal({stream.id for stream in looked_up}, live(twitch))


async def test_incomplete_short_pages_are_retried(twitch: Simulated) -> None:
    helix = helix_of(twitch)
    await twitch.fault("short_pages", seconds=60)
    for _ in range(2):
        assert is_almost_equal(await top(helix), live(twitch))


async def test_a_refused_cursor_loses_only_the_pages_after_it(twitch: Simulated) -> None:
    helix = helix_of(twitch)
    await twitch.fault("cursor_refused", seconds=60)
    # Each walk reads only the first page. Pages of later walks may have other channels, because ranks change.
    assert 50 <= len(await top(helix)) < 60
    assert helix.results["400"] == WALKS
    looked_up = await asyncio.to_thread(helix.streams_of, live(twitch))
    assert is_almost_equal({stream.id for stream in looked_up}, live(twitch))


async def test_implausible_starts_lose_no_stream(twitch: Simulated) -> None:
    helix = helix_of(twitch)
    await twitch.fault("bad_starts", seconds=60, channels=3)
    streams = await asyncio.to_thread(helix.top_streams, CHANNELS)
    assert is_almost_equal({stream.id for stream in streams}, live(twitch))
    without = {stream.id for stream in streams if not stream.started_at}
    assert without == {channel.id for channel in twitch.audience.channels[:3]}


async def test_alternating_titles_count_as_one_change(twitch: Simulated) -> None:
    helix, table = helix_of(twitch), Table(count=50)
    changed = twitch.audience.channels[0].id

    async def poll(minute: int) -> None:
        streams = await asyncio.to_thread(helix.top_streams, 50)
        table.poll(now_ms() + minute * MINUTE_MS, *(stream for stream in streams if stream.id == changed))

    await poll(0)
    await twitch.fault("old_texts", seconds=60, channels=1)
    for minute in (1, 2, 3, 4):
        await poll(minute)
    assert [event["kind"] for event in table.events] == ["stream_start", "category", "title", "category"]
    assert table.rows[changed].title.startswith("New: ")
    await twitch.end_faults()
    for minute in (5, 6):
        await poll(minute)
    assert [event["kind"] for event in table.events[2:]] == ["title", "category"] * 2
    assert not table.rows[changed].title.startswith("New: ")
