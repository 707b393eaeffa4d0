"""The window store, with a real Cassandra."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
import uuid
from dataclasses import replace

import pytest

from apps.metrics.broadcast_store import HOURS, MINUTES, BroadcastStore
from apps.metrics.chart_ranges import RANGES
from apps.metrics.queries import series
from apps.metrics.store import StoredWindow, WindowStore, is_stored
from core.pipeline.records import EventRecord, Grain, WindowRecord, event_record
from drills.stack import Stack, wait_until

pytestmark = pytest.mark.server

HOUR_MS = 3_600_000
MIDNIGHT = 1_795_392_000_000
COLUMNS = {"messages": 4, "words": 9, "observed_ms": 30_000, "viewers": 50}
LONG = {**COLUMNS, "viewers_sum": 1_500, "viewer_pulses": 30}


@pytest.fixture
def channel_id() -> str:
    return str(uuid.uuid4().int)[:18]


def window(channel_id: str, grain: Grain, end_ms: int, span_ms: int, **columns: int) -> WindowRecord:
    return WindowRecord(channel_id, grain, end_ms - span_ms, end_ms, columns)


@pytest.mark.usefixtures("cassandra")
def test_sums_and_distinct_counts_of_a_window_are_stored_in_one_row(channel_id: str) -> None:
    store, end_ms = WindowStore(), MIDNIGHT + 40_000
    store.write([window(channel_id, "live", end_ms, 30_000, **COLUMNS)], [])
    store.write([window(channel_id, "live_distinct", end_ms, 30_000, chatters=3)], [])
    read = store.read_windows("live", channel_id, MIDNIGHT, MIDNIGHT + 60_000)
    assert read == [StoredWindow(end_ms, {**COLUMNS, "chatters": 3})]


@pytest.mark.usefixtures("cassandra")
def test_unknown_values_in_a_window_stay_absent(channel_id: str) -> None:
    store = WindowStore()
    store.write([window(channel_id, "minute", MIDNIGHT, 60_000, messages=0, chatters=0)], [])
    (read,) = store.read_windows("minute", channel_id, MIDNIGHT - 60_000, MIDNIGHT)
    assert read.columns == {"messages": 0, "chatters": 0}


@pytest.mark.usefixtures("cassandra")
def test_windows_are_read_oldest_first_across_midnight_and_new_year(channel_id: str) -> None:
    store = WindowStore()
    ends = [MIDNIGHT + n * 60_000 for n in (-2, -1, 0, 1, 2)]
    store.write([window(channel_id, "minute", end, 60_000, messages=1) for end in reversed(ends)], [])
    assert [w.end_ms for w in store.read_windows("minute", channel_id, ends[0], ends[-1])] == ends[1:]

    new_year = 1_798_761_600_000
    hours = [new_year + n * HOUR_MS for n in (-1, 0, 1)]
    store.write([window(channel_id, "hour", end, HOUR_MS, messages=1) for end in hours], [])
    assert [w.end_ms for w in store.read_windows("hour", channel_id, hours[0] - 1, hours[-1])] == hours


@pytest.mark.usefixtures("cassandra")
def test_writing_a_window_again_changes_nothing(channel_id: str) -> None:
    store = WindowStore()
    record = window(channel_id, "minute", MIDNIGHT, 60_000, messages=5)
    for _ in range(3):
        store.write([record], [])
    assert len(store.read_windows("minute", channel_id, MIDNIGHT - 1, MIDNIGHT)) == 1


@pytest.mark.usefixtures("cassandra")
def test_a_series_has_points_and_the_gaps_that_overlap_it(channel_id: str) -> None:
    now_ms = MIDNIGHT + 600_000
    live = [window(channel_id, "live", MIDNIGHT + n * 10_000, 30_000, **COLUMNS) for n in range(1, 61)]
    gaps = [
        EventRecord("a", "gap", channel_id, MIDNIGHT - 90_000, MIDNIGHT + 5_000, "restart"),
        # Ends before the summarized period, which begins up to two minutes before the chart.
        EventRecord("b", "gap", channel_id, MIDNIGHT - 150_000, MIDNIGHT - 130_000, "over before"),
    ]
    WindowStore().write(live, gaps)
    read = series(channel_id, RANGES["10m"], now_ms)
    assert [point.end_ms for point in read.points] == [w.end_ms for w in live]
    assert read.points[0].values["messages"] == 4
    # The window counts all of its 30 s as heard, but a gap that ends 5 s before the window's end overrides this.
    assert read.points[0].coverage == pytest.approx(5 / 30)
    assert read.points[-1].coverage == 1
    assert [gap.reason for gap in read.gaps] == ["the producer was restarted"]


@pytest.mark.usefixtures("cassandra")
def test_events_are_read_back_unchanged_and_become_marks(channel_id: str) -> None:
    now_ms = MIDNIGHT + 300_000
    events = [
        EventRecord("t", "category", channel_id, MIDNIGHT - 200_000, text="Chess"),
        EventRecord("b", "bans", channel_id, MIDNIGHT - 60_000, MIDNIGHT - 10_000, count=3),
        EventRecord("m", "gap", channel_id, MIDNIGHT + 60_000, MIDNIGHT + 120_000, "silent"),
        EventRecord("n", "gap", channel_id, MIDNIGHT + 120_000, MIDNIGHT + 140_000, "silent"),
        EventRecord("r", "raid", channel_id, MIDNIGHT + 200_000, count=1_200),
    ]
    store = WindowStore()
    for _ in range(2):
        store.write([], events)
    assert store.read_events(channel_id, MIDNIGHT - 300_000, now_ms) == events
    assert store.read_recent_events([channel_id, "404"], now_ms - 180_000, now_ms) == {
        channel_id: [events[3], events[4]],
        "404": [],
    }
    read = series(channel_id, RANGES["10m"], now_ms)
    assert [mark.label for mark in read.marks] == ["Category: Chess", "Bans: 3", "Raid: 1,200 viewers"]
    assert [(gap.until_ms - gap.from_ms, gap.reason) for gap in read.gaps] == [
        (80_000, "no messages arrived although chat was active")
    ]


@pytest.mark.usefixtures("cassandra")
def test_reading_a_span_includes_stream_starts_and_ends_of_the_48_hours_before(channel_id: str) -> None:
    store, started_ms = WindowStore(), MIDNIGHT - 40 * HOUR_MS
    events = [
        EventRecord(
            f"{channel_id}-stream_start-{at_ms}", "stream_start", channel_id, at_ms, text="hi", reported_ms=at_ms
        )
        for at_ms in (MIDNIGHT - 49 * HOUR_MS, started_ms)
    ]
    earlier = EventRecord("c", "category", channel_id, started_ms + 1, text="Chess")
    store.write([], [*events, earlier])
    stored = replace(events[1], reported_ms=None)
    assert store.read_events(channel_id, MIDNIGHT, MIDNIGHT + HOUR_MS) == [stored]
    assert store.read_starts([channel_id, "404"], MIDNIGHT) == {channel_id: [stored], "404": []}
    # The channel leaves the list and returns: the latest report wins, whatever order the reports arrive in.
    left = replace(events[1], until_ms=MIDNIGHT, reported_ms=MIDNIGHT)
    returned = replace(events[1], reported_ms=MIDNIGHT + 1)
    store.write([], [left])
    assert store.read_events(channel_id, MIDNIGHT, MIDNIGHT + HOUR_MS) == [replace(left, reported_ms=None)]
    store.write([], [returned])
    store.write([], [left])
    assert store.read_events(channel_id, MIDNIGHT, MIDNIGHT + HOUR_MS) == [stored]


def row_counts(store: WindowStore, channel_id: str, from_ms: int) -> list[int]:
    """Return the number of rows of a channel since `from_ms`, by kind."""
    until_ms = from_ms + 200 * 24 * HOUR_MS
    windows = [len(store.read_windows(grain, channel_id, from_ms, until_ms)) for grain in ("live", "minute", "hour")]
    return [*windows, len(store.read_events(channel_id, from_ms, until_ms))]


def records_of_each_kind(channel_id: str, end_ms: int) -> tuple[list[WindowRecord], list[EventRecord]]:
    windows = [
        window(channel_id, "live", end_ms, 30_000, **COLUMNS),
        window(channel_id, "live_distinct", end_ms, 30_000, chatters=3),
        window(channel_id, "minute", end_ms, 60_000, messages=1),
        window(channel_id, "hour", end_ms, HOUR_MS, messages=1),
    ]
    return windows, [EventRecord("r", "raid", channel_id, end_ms, count=5)]


@pytest.mark.usefixtures("cassandra")
def test_an_erased_channel_has_no_rows_and_is_stored_again_after_an_hour(channel_id: str) -> None:
    store, opted_out_ms = WindowStore(), MIDNIGHT + 30 * 60_000
    other = f"{channel_id}9"
    times = [opted_out_ms - days * 24 * HOUR_MS for days in (0, 1, 40, 89)]
    for end_ms in times:
        for channel in (channel_id, other):
            store.write(*records_of_each_kind(channel, end_ms))
    first_ms, new_year = times[-1] - HOUR_MS, 1_704_067_200_000
    store.write([window(channel_id, "hour", new_year, HOUR_MS, messages=1)], [])
    assert len(store.read_windows("hour", channel_id, new_year - 1, new_year)) == 1
    store.erase(channel_id, opted_out_ms)
    # Windows that were still open close after the deletion.
    store.write(*records_of_each_kind(channel_id, MIDNIGHT + HOUR_MS))
    assert row_counts(store, channel_id, first_ms) == [0, 0, 0, 0]
    assert store.read_windows("hour", channel_id, new_year - 1, new_year) == []
    assert row_counts(store, other, first_ms) == [4, 4, 4, 4]

    store.write(*records_of_each_kind(channel_id, MIDNIGHT + 2 * HOUR_MS))
    store.erase(channel_id, opted_out_ms)
    assert row_counts(store, channel_id, MIDNIGHT) == [1, 1, 1, 1]


@pytest.mark.usefixtures("cassandra")
def test_a_corrected_row_is_replaced_completely_and_permanently(channel_id: str) -> None:
    store = WindowStore()
    whole = {**LONG, "texts": 2, "chatters": 3}
    hour = [window(channel_id, "hour", MIDNIGHT, HOUR_MS, **LONG, texts=2)]
    hour.append(window(channel_id, "hour_distinct", MIDNIGHT, HOUR_MS, chatters=3))
    store.write(hour, [])
    for messages in (7, 5, 7):
        right = [window(channel_id, "hour", MIDNIGHT, HOUR_MS, messages=messages)]
        store.correct([*right, window(channel_id, "hour_distinct", MIDNIGHT, HOUR_MS, chatters=1)], set())
        store.write(hour, [])
        read = store.read_windows("hour", channel_id, MIDNIGHT - 1, MIDNIGHT)
        assert read == [StoredWindow(MIDNIGHT, {"messages": messages, "chatters": 1})]
    store.correct([], {(channel_id, "hour", MIDNIGHT)})
    store.write(hour, [])
    assert store.read_windows("hour", channel_id, MIDNIGHT - 1, MIDNIGHT) == []
    # A mistakenly deleted row can be computed again.
    store.correct(hour, set())
    assert store.read_windows("hour", channel_id, MIDNIGHT - 1, MIDNIGHT) == [StoredWindow(MIDNIGHT, whole)]


@pytest.mark.usefixtures("cassandra")
def test_a_window_recomputed_by_another_job_replaces_the_previous_one(channel_id: str) -> None:
    store = WindowStore()
    first = window(channel_id, "live", MIDNIGHT, 30_000, **COLUMNS)
    again = replace(first, columns={"messages": 3, "words": 12, "observed_ms": 30_000}, again_ms=5_000)
    later = replace(first, columns={"messages": 2, "words": 11, "observed_ms": 30_000}, again_ms=3_000_000)
    distinct = window(channel_id, "live_distinct", MIDNIGHT, 30_000, chatters=3)
    for written, holds in ((first, first), (again, again), (first, again), (later, later), (again, later)):
        store.write([written, distinct], [])
        read = store.read_windows("live", channel_id, MIDNIGHT - 1, MIDNIGHT)
        assert read == [StoredWindow(MIDNIGHT, {**holds.columns, "chatters": 3})]


@pytest.mark.usefixtures("cassandra")
def test_excitement_of_stored_windows_includes_windows_before_the_range(channel_id: str) -> None:
    now_ms = MIDNIGHT + 600_000
    ends = range(now_ms - 25 * 60_000, now_ms + 1, 10_000)
    live = [window(channel_id, "live", end_ms, 30_000, **COLUMNS) for end_ms in ends]
    live += [window(channel_id, "live_distinct", end, 30_000, chatters=40 if end == now_ms else 10) for end in ends]
    WindowStore().write(live, [])
    values = [point.values["excitement"] for point in series(channel_id, RANGES["10m"], now_ms).points]
    assert len(values) == 60
    assert values[:-1] == [0] * 59
    assert values[-1] == pytest.approx(30 / 10**0.5)


@pytest.mark.usefixtures("cassandra")
def test_a_stored_summary_of_a_broadcast_can_be_read_and_erased(channel_id: str) -> None:
    windows = WindowStore()
    store, started_ms, ended_ms = BroadcastStore(windows), MIDNIGHT - 90 * 60_000, MIDNIGHT + 30 * 60_000
    minutes = range(started_ms + 60_000, ended_ms + 1, 60_000)
    windows.write([window(channel_id, "minute", end, 60_000, **LONG, viewers_max=60) for end in minutes], [])
    hours = [window(channel_id, "hour_distinct", MIDNIGHT + n * HOUR_MS, HOUR_MS, chatters=n + 5) for n in (-1, 0, 1)]
    windows.write(hours, [])
    written = store.summarize(channel_id, started_ms, ended_ms, revision=1)
    assert store.summarize(channel_id, started_ms, ended_ms, revision=0) == written
    assert store.read(channel_id, 10) == [written]
    assert (written.messages, written.peak_viewers, written.mean_viewers) == (4 * 120, 60, 50)
    # Viewers are known for half of each minute; nothing is extrapolated to the other half.
    assert (written.hours_watched, written.viewers_coverage) == (50, 0.5)
    assert list(written.chatters_by_hour.values()) == [4, 5, 6]
    windows.erase(channel_id, ended_ms)
    assert store.read(channel_id, 10) == []


@pytest.mark.usefixtures("cassandra")
def test_a_summary_waits_for_the_windows_of_its_channel_and_is_updated_with_them(channel_id: str) -> None:
    windows, end_ms = WindowStore(), int(time.time() * 1000) // HOUR_MS * HOUR_MS - 600_000
    store, started_ms = BroadcastStore(windows), end_ms - 300_000
    minutes = [window(channel_id, "minute", started_ms + n * 60_000, 60_000, **LONG) for n in range(1, 6)]
    minutes = [replace(minute, columns={**minute.columns, "observed_ms": 60_000}) for minute in minutes]
    windows.write([*minutes[:4], window(channel_id, "live", end_ms, 30_000, **COLUMNS)], [])
    assert not store.is_complete(channel_id, end_ms - 5_000, revision=MINUTES)
    windows.write(minutes[4:], [])
    assert store.is_complete(channel_id, end_ms - 5_000, revision=MINUTES)
    assert not store.is_complete(channel_id, end_ms - 5_000, revision=HOURS)
    windows.write([window(channel_id, "hour", end_ms + 600_000, HOUR_MS, **LONG)], [])
    assert store.is_complete(channel_id, end_ms - 5_000, revision=HOURS)

    gap = EventRecord("gap", "gap", channel_id, end_ms - 90_000, end_ms - 60_000, "restart")
    windows.write([], [gap])
    first = store.summarize(channel_id, started_ms, end_ms, revision=HOURS)
    assert (first.messages, first.coverage) == (20, 0.9)
    windows.correct([replace(minutes[0], columns={**minutes[0].columns, "messages": 104})], set())
    assert store.correct([channel_id], end_ms, end_ms + HOUR_MS) == 0
    assert store.correct([channel_id], started_ms, started_ms + 60_000) == 1
    assert [summary.messages for summary in store.read(channel_id, 10)] == [120]


@pytest.mark.usefixtures("cassandra")
def test_broadcasts_are_listed_newest_first_and_found_by_their_start(channel_id: str) -> None:
    store = BroadcastStore(WindowStore())
    begins = [MIDNIGHT + n * HOUR_MS for n in range(4)]
    first, second, third, last = (store.summarize(channel_id, at, at + 60_000, revision=0) for at in begins)
    assert store.read(channel_id, 2) == [last, third]
    assert store.read(channel_id, 2, third.started_ms) == [second, first]
    assert store.read(channel_id, 2, first.started_ms) == []
    assert store.find(channel_id, second.started_ms) == second
    assert store.find(channel_id, second.started_ms + 1) is None
    assert store.after(second) == third
    assert store.after(last) is None


@pytest.mark.usefixtures("cassandra")
def test_an_opt_out_on_kafka_deletes_the_history_of_the_channel(stack: Stack, channel_id: str) -> None:
    store, now_ms = WindowStore(), int(time.time() * 1000)
    store.write(*records_of_each_kind(channel_id, now_ms - 60_000))
    assert sum(row_counts(store, channel_id, now_ms - HOUR_MS)) == 4
    event = str(uuid.uuid4())
    record = event_record(event_id=event, kind="opt_out", channel_id=channel_id, at_ms=now_ms)
    stack.produce("channel-events", json.dumps(record).encode())
    wait_until(lambda: sum(row_counts(store, channel_id, now_ms - HOUR_MS)) == 0, 30, "the channel to be erased")
    wait_until(lambda: len(proof(stack, event)) == 2, 10, "the proof of the deletion")
    found, left = proof(stack, event)["found"], proof(stack, event)["left"]
    assert sum(found.values()) == 4
    assert found.keys() == left.keys()
    assert sum(left.values()) == 0


def proof(stack: Stack, event: str) -> dict[str, dict[str, int]]:
    """Return the running instance's stored proof of a deletion, by stage."""
    with contextlib.closing(sqlite3.connect(stack.var / "twitchly.sqlite3")) as database:
        rows = database.execute("SELECT stage, rows FROM audit_deletion WHERE event = ?", [event]).fetchall()
    return {stage: json.loads(counts) for stage, counts in rows}


def test_live_windows_are_stored_every_ten_seconds() -> None:
    assert is_stored(window("7", "live", MIDNIGHT + 10_000, 30_000))
    assert not is_stored(window("7", "live", MIDNIGHT + 11_000, 30_000))
    assert is_stored(window("7", "minute", MIDNIGHT + 60_000, 60_000))
