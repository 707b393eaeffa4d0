"""Progress of the simulated past, and the channels that it adds to those on the list."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from apps.channels.models import Channel
from apps.metrics.chart_ranges import RANGES, named_range, past_range
from apps.metrics.past_progress import new_fill, read_progress, recorded_since_ms
from apps.metrics.simulated_past import add_channels
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from simulator.history import History

# A Wednesday, 12:20 UTC.
UNTIL_MS = 1_795_609_200_000


def test_a_fill_covers_whole_days_and_today_so_far(tmp_path: Path) -> None:
    progress = new_fill(UNTIL_MS, 2)
    assert progress.from_ms % DAY_MS == 0
    assert progress.total == 2 * 24 + 13
    assert (progress.percent, progress.is_complete) == (0, False)
    assert read_progress(tmp_path) is None
    progress.save(tmp_path)
    assert read_progress(tmp_path) == progress


def test_ranges_that_begin_in_the_simulated_past_have_minutes(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR, settings.TWITCH_IS_SIMULATED = tmp_path, True
    now = UNTIL_MS + 30 * MINUTE_MS
    assert recorded_since_ms() == 0
    assert named_range("1h", now) == RANGES["1h"]
    new_fill(UNTIL_MS, 2).save(tmp_path)
    assert named_range("10m", now) == RANGES["10m"]
    assert (named_range("1h", now).grain, named_range("1h", now).has_live) == ("minute", False)
    assert named_range("7d", now) == RANGES["7d"]
    assert past_range(UNTIL_MS, now, now).grain == "live"
    assert past_range(UNTIL_MS - 10_000, now, now).grain == "minute"
    assert named_range("1h", now + HOUR_MS) == RANGES["1h"]
    settings.TWITCH_IS_SIMULATED = False
    assert named_range("1h", now) == RANGES["1h"]


@pytest.mark.django_db
def test_channels_that_are_off_air_are_added_as_last_seen_at_the_end_of_their_broadcast() -> None:
    history, progress = History(channels=60, rate=20.0, seed=7), new_fill(UNTIL_MS, 2)
    off_air = {
        channel.id: spans[-1]
        for index, channel in enumerate(history.channels)
        if (spans := history.broadcasts(index, progress.from_ms, UNTIL_MS))[-1][1] < UNTIL_MS
    }
    known, hidden, *_ = sorted(off_air)
    Channel.objects.create(id=known, login="known", name="Known", is_wanted=True)
    add_channels(history, progress, {hidden})
    rows = {channel.id: channel for channel in Channel.objects.all()}
    assert rows.keys() == off_air.keys() - {hidden}
    assert rows.pop(known).login == "known"
    for channel_id, row in rows.items():
        assert row.started_at is not None
        assert row.last_seen_at == row.ended_at == row.reported_end
        assert row.last_seen_at is not None
        assert (row.started_at.timestamp() * 1000, row.last_seen_at.timestamp() * 1000) == off_air[channel_id]
        assert not row.is_wanted
