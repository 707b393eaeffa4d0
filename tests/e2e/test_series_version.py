"""Versions of a channel's series, stored in a real Cassandra."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from apps.metrics.chart_ranges import RANGES, past_range
from apps.metrics.series_version import series_version
from apps.metrics.store import WindowStore
from core.metrics.columns import StoredGrain
from core.pipeline.records import EventRecord, Grain, WindowRecord

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("cassandra")]

NOW = 1_795_392_000_000 + 7_200_000
SPANS: dict[Grain, int] = {"live": 30_000, "live_distinct": 30_000, "minute": 60_000, "hour": 3_600_000}


@pytest.fixture
def channel_id() -> str:
    return str(uuid.uuid4().int)[:18]


def window(channel_id: str, grain: Grain, end_ms: int, **columns: int) -> WindowRecord:
    return WindowRecord(channel_id, grain, end_ms - SPANS[grain], end_ms, columns or {"messages": 4})


@pytest.mark.parametrize(("key", "grain", "step_ms"), [("1h", "live", 10_000), ("24h", "minute", 60_000)])
def test_a_version_changes_only_when_a_window_is_written_or_corrected(
    channel_id: str, key: str, grain: StoredGrain, step_ms: int
) -> None:
    store, range_ = WindowStore(), replace(RANGES[key], grain=grain)
    ends = [NOW - n * step_ms for n in range(1, 9)]
    store.write([window(channel_id, grain, end) for end in ends], [])
    versions = [series_version(channel_id, range_, NOW)]
    store.write([window(channel_id, grain, ends[0])], [])
    assert series_version(channel_id, range_, NOW) == versions[0], "a replay changes nothing"
    store.write([window(channel_id, grain, NOW)], [])
    versions.append(series_version(channel_id, range_, NOW))
    store.correct([window(channel_id, grain, ends[-1], messages=5)], [])
    versions.append(series_version(channel_id, range_, NOW))
    store.correct([], [(channel_id, grain, ends[-2])])
    versions.append(series_version(channel_id, range_, NOW))
    versions.append(series_version(channel_id, range_, NOW + step_ms))
    assert len(set(versions)) == 5


def test_chatters_that_arrive_after_the_messages_change_the_version(channel_id: str) -> None:
    store, range_ = WindowStore(), RANGES["1h"]
    store.write([window(channel_id, "live", NOW)], [])
    before = series_version(channel_id, range_, NOW)
    store.write([window(channel_id, "live_distinct", NOW, chatters=3)], [])
    assert series_version(channel_id, range_, NOW) != before


def test_the_version_of_an_hourly_series_depends_on_the_minutes_at_its_edges(channel_id: str) -> None:
    store, range_ = WindowStore(), replace(RANGES["7d"], grain="hour")
    before = series_version(channel_id, range_, NOW)
    store.write([window(channel_id, "minute", NOW - 60_000)], [])
    assert series_version(channel_id, range_, NOW) != before


def test_a_gap_changes_the_version_but_other_events_do_not(channel_id: str) -> None:
    store, range_ = WindowStore(), past_range(NOW - 3_600_000, NOW, NOW)
    versions = [series_version(channel_id, range_, NOW)]
    at_ms = NOW - 600_000
    store.write([], [EventRecord("title-1", "title", channel_id, at_ms, text="Endgames")])
    assert series_version(channel_id, range_, NOW) == versions[0]
    for until_ms in (at_ms + 1_000, at_ms + 5_000):
        store.write([], [EventRecord(f"gap@{at_ms}", "gap", channel_id, at_ms, until_ms=until_ms, reason="silent")])
        versions.append(series_version(channel_id, range_, NOW))
    assert len(set(versions)) == 3


def test_a_broadcast_that_began_before_the_range_changes_the_version(channel_id: str) -> None:
    store, range_ = WindowStore(), past_range(NOW - 3_600_000, NOW, NOW)
    versions = [series_version(channel_id, range_, NOW)]
    start = EventRecord("start", "stream_start", channel_id, NOW - 47 * 3_600_000, reported_ms=NOW - 1)
    store.write([], [start])
    versions.append(series_version(channel_id, range_, NOW))
    store.write([], [replace(start, until_ms=NOW - 60_000, reported_ms=NOW)])
    versions.append(series_version(channel_id, range_, NOW))
    assert len(set(versions)) == 3
