"""The simulated past in Cassandra: hours and days match their minutes, and writing it again changes nothing."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from apps.metrics import past_windows
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.cassandra import open_session
from apps.metrics.chart_ranges import named_range
from apps.metrics.day_store import DayStore
from apps.metrics.days import compute_day
from apps.metrics.past_progress import Progress, new_fill
from apps.metrics.queries import series
from apps.metrics.simulated_past import Fill, recorded_from
from apps.metrics.store import WindowStore
from core.pipeline.records import WindowRecord
from core.times import DAY_MS, HOUR_MS, MINUTE_MS, day_of
from simulator.history import History
from twitchly.clock import now_ms

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("cassandra")]

CHANNELS, LARGEST, DAYS = 6, 3, 2


def new_history(channels: int) -> History:
    """Return a history of channels with unique ids."""
    history = History(channels=channels, rate=10.0 * channels, seed=7)
    history.channels = [replace(channel, id=str(uuid.uuid4().int)[:18]) for channel in history.channels]
    return history


def new_progress(days: int) -> Progress:
    """Return the progress of a new fill whose last minute ended 20 minutes ago, usually in the middle of an hour."""
    return new_fill(now_ms() // MINUTE_MS * MINUTE_MS - 20 * MINUTE_MS, days)


@pytest.fixture(autouse=True)
def few_channels_with_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_windows, "LARGEST", LARGEST)


@pytest.fixture(scope="module")
def filled(cassandra: None) -> tuple[History, Progress]:
    """Return a history that has been written, and its progress."""
    history, began = new_history(CHANNELS), new_progress(DAYS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(past_windows, "LARGEST", LARGEST)
        return history, run(history, began)


def run(history: History, progress: Progress) -> Progress:
    *_, last = Fill(history, progress, frozenset()).run()
    return last


def ids_of(history: History) -> list[str]:
    return [channel.id for channel in history.channels]


def checksums(history: History, progress: Progress) -> list[tuple[int, ...]]:
    store = WindowStore()
    return [
        store.checksum(grain, channel_id, progress.from_ms, progress.until_ms)
        for channel_id in ids_of(history)
        for grain in ("minute", "hour")
    ]


def test_hours_and_days_match_their_minutes(filled: tuple[History, Progress]) -> None:
    history, progress = filled
    assert (progress.is_complete, progress.percent) == (True, 100)
    store, today_ms = WindowStore(), progress.until_ms // DAY_MS * DAY_MS
    whole_ms = progress.until_ms // HOUR_MS * HOUR_MS
    days = DayStore().read(ids_of(history), progress.from_ms, today_ms)
    for index, channel_id in enumerate(ids_of(history)):
        with_minutes_ms = progress.from_ms if index < LARGEST else whole_ms
        minutes = store.read_windows("minute", channel_id, progress.from_ms, progress.until_ms)
        expected = history.minutes(index, with_minutes_ms, progress.until_ms)
        assert {minute.end_ms - MINUTE_MS: minute.columns for minute in minutes} == expected
        hours = store.read_windows("hour", channel_id, progress.from_ms, progress.until_ms)
        assert len(hours) > 12 * DAYS
        assert all(hour.end_ms <= whole_ms for hour in hours)
        for hour in hours:
            start_ms = hour.end_ms - HOUR_MS
            parts = {at_ms: row for at_ms, row in expected.items() if start_ms <= at_ms < hour.end_ms}
            assert hour.columns == (history.hour_of(index, parts) if parts else history.hour(index, start_ms))
        for start_ms in range(progress.from_ms, today_ms, DAY_MS):
            assert days[channel_id][start_ms] == compute_day(store, channel_id, start_ms, progress.until_ms)


def test_hours_without_minutes_count_as_heard(filled: tuple[History, Progress]) -> None:
    history, progress = filled
    start_ms = progress.until_ms // DAY_MS * DAY_MS - DAY_MS
    for channel_id, days in DayStore().read(ids_of(history), start_ms, start_ms + DAY_MS).items():
        (day,) = days.values()
        assert day["missed_ms"] < 0.02 * day["on_air_ms"], channel_id


def test_an_interrupted_fill_continues_and_a_repeated_one_changes_nothing() -> None:
    history, began = new_history(2), new_progress(1)
    for progress in Fill(history, began, frozenset()).run():
        if progress.hours == 7:
            break
    assert not progress.is_complete
    assert progress.percent < 100
    assert run(history, progress).is_complete
    first = checksums(history, began)
    assert any(number for numbers in first for number in numbers)
    run(history, began)
    assert checksums(history, began) == first


def test_broadcasts_that_ended_have_summaries(filled: tuple[History, Progress]) -> None:
    history, progress = filled
    store = BroadcastStore(WindowStore())
    for index in range(LARGEST):
        ended = [
            span
            for span in history.broadcasts(index, progress.from_ms, progress.until_ms)
            if span[0] >= progress.from_ms and span[1] < progress.until_ms
        ]
        stored = store.read(history.channels[index].id, 500)
        assert [(b.started_ms, b.ended_ms) for b in reversed(stored)] == ended
        assert all(b == store.compute(b.channel_id, b.started_ms, b.ended_ms) for b in stored)


def test_a_channel_that_opted_out_has_no_simulated_past() -> None:
    history, began = new_history(2), new_progress(1)
    hidden, shown = ids_of(history)
    for _ in Fill(history, began, {hidden}).run():
        pass
    assert sum(WindowStore().count(hidden, now_ms()).values()) == 0
    assert sum(WindowStore().count(shown, now_ms()).values()) > 0


def test_rows_expire_as_if_they_had_been_written_in_the_past(filled: tuple[History, Progress]) -> None:
    history, progress = filled
    query = "SELECT end_ms, TTL(messages) AS ttl_s FROM minute_window WHERE channel_id = %s AND day = %s"
    rows = list(open_session().execute(query, (history.channels[0].id, day_of(progress.from_ms))))
    assert rows
    for row in rows:
        retention_s = row["ttl_s"] + (now_ms() - row["end_ms"]) // 1000
        assert retention_s == pytest.approx(90 * 86_400, abs=120)


def test_recorded_history_is_not_overwritten() -> None:
    channel_id, now = str(uuid.uuid4().int)[:18], now_ms()
    assert recorded_from([channel_id], now) is None
    end_ms = now // 10_000 * 10_000 - 50_000
    WindowStore().write([WindowRecord(channel_id, "live", end_ms - 30_000, end_ms, {"messages": 3})], ())
    assert recorded_from([channel_id], now) == (end_ms - 10_000) // MINUTE_MS * MINUTE_MS
    start_ms = now // HOUR_MS * HOUR_MS - 400 * DAY_MS
    WindowStore().write([WindowRecord(channel_id, "hour", start_ms, start_ms + HOUR_MS, {"messages": 9})], ())
    assert recorded_from([channel_id], now) == start_ms


def test_charts_use_minutes_if_live_windows_do_not_cover_their_range(
    filled: tuple[History, Progress], tmp_path: Path, settings: Settings
) -> None:
    history, progress = filled
    channel_id, now = history.channels[0].id, now_ms()
    live = [
        WindowRecord(channel_id, "live", end_ms - 30_000, end_ms, {"messages": 3, "observed_ms": 30_000})
        for end_ms in range(progress.until_ms + 30_000, now, 10_000)
    ]
    WindowStore().write(live, ())
    settings.VAR_DIR, settings.TWITCH_IS_SIMULATED = tmp_path, True
    progress.save(tmp_path)
    hour = named_range("1h", now)
    assert (hour.grain, hour.has_live) == ("minute", False)
    points = series(channel_id, hour, now).points
    assert points[0].end_ms <= now - HOUR_MS + 2 * MINUTE_MS
    assert points[0].values["viewers"] > 0
