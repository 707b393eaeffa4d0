"""Daylight saving changes in local time: axes, date fields and whole days."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.dashboard.page_script import run_program

IN_ZONE = """
process.env.TZ = given.zone;
globalThis.document = { documentElement: { dataset: { times: "local" } } };
const times = await import("./times.js");
const { timeTicks, writeTimes } = await import("./chart-axes.js");
const { quickPicks, spanFields } = await import("./span.js");
"""
AXES = """
print(given.axes.map(([min, max]) => {
  const at = timeTicks(min, max, 900);
  return [at, writeTimes(null, at)];
}));
"""
CHANGES = [
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("America/St_Johns", "2026-11-01T04:30:00Z"),  # UTC-3:30
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),  # back by half an hour
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("America/Havana", "2026-11-01T05:00:00Z"),  # midnight occurs twice
    ("Africa/Cairo", "2026-04-23T22:00:00Z"),  # midnight is skipped
    ("Asia/Kolkata", "2026-10-25T01:00:00Z"),  # never changes, UTC+5:30
    ("Asia/Kathmandu", "2026-10-25T01:00:00Z"),  # UTC+5:45
]
MINUTES = (2, 5, 10, 30, 60, 120, 360, 720, 1440, 4 * 1440, 30 * 1440, 90 * 1440)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def in_zone(folder: Path, zone: str, program: str, **given: object) -> Any:
    return run_program(folder, IN_ZONE + program, {"zone": zone, **given})


def test_an_axis_that_begins_in_the_repeated_hour_has_unique_ticks(tmp_path: Path) -> None:
    since = ms("2026-10-25T01:20:00Z")
    ((at, labels),) = in_zone(tmp_path, "Europe/Berlin", AXES, axes=[[since, since + 10 * MINUTE_MS]])
    assert at[0] == since
    assert at == sorted(set(at))
    assert at[-1] < since + 10 * MINUTE_MS
    assert labels[:2] == ["02:20 +01", "02:21 +01"]


def test_axis_labels_distinguish_the_repeated_hours(tmp_path: Path) -> None:
    since = ms("2026-10-24T23:00:00Z")
    ((_, labels),) = in_zone(tmp_path, "Europe/Berlin", AXES, axes=[[since, since + 5 * HOUR_MS]])
    assert labels[:7] == ["01:00", "01:30", "02:00 +02", "02:30 +02", "02:00 +01", "02:30 +01", "03:00"]


def test_axis_labels_omit_the_skipped_hour(tmp_path: Path) -> None:
    since = ms("2026-03-29T00:00:00Z")
    ((at, labels),) = in_zone(tmp_path, "Europe/Berlin", AXES, axes=[[since, since + 2 * HOUR_MS]])
    assert labels == ["01:00", "01:15", "01:30", "01:45", "03:00", "03:15", "03:30", "03:45"]
    assert [later - sooner for sooner, later in pairwise(at)] == [15 * MINUTE_MS] * (len(at) - 1)


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_ticks_are_unique_and_at_round_times(tmp_path: Path, zone: str, change: str) -> None:
    zone_info, changed = ZoneInfo(zone), ms(change)
    axes = [
        [changed + after * MINUTE_MS, changed + (after + length) * MINUTE_MS]
        for length in MINUTES
        for after in (-length - 7, -length, -length // 2, -40, 0, 20, 67)
    ]
    for (since, until), (at, labels) in zip(axes, in_zone(tmp_path, zone, AXES, axes=axes), strict=True):
        assert len(at) >= 2, (zone, since, until)
        assert at == sorted(set(at))
        assert since <= at[0]
        assert at[-1] < until
        steps = [later - sooner for sooner, later in pairwise(at)]
        median_step = sorted(steps)[len(steps) // 2]
        assert max(*steps, at[0] - since) <= median_step + 2 * HOUR_MS
        if until - since <= DAY_MS:
            assert len(set(labels)) == len(labels), labels
        for tick, label in zip(at, labels, strict=True):
            moment = datetime.fromtimestamp(tick / 1000, zone_info)
            before = datetime.fromtimestamp(tick / 1000 - 1, zone_info)
            if before.date() != moment.date():
                assert label == f"{moment.day} {moment:%b}"
            else:
                assert label.split(" ")[0] in (f"{moment:%H:%M}", f"{moment:%H:%M:%S}")
                assert moment.second % 15 == 0


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_an_unchanged_date_field_keeps_its_time(tmp_path: Path, zone: str, change: str) -> None:
    moments = [ms(change) + minute * MINUTE_MS + 1_234 for minute in range(-180, 181, 10)]
    program = """
    print(given.moments.map((at) => [
      times.fieldMs(times.fieldValue(at), at), times.fieldMs(times.fieldValueInSeconds(at), at),
    ]));
    """
    assert in_zone(tmp_path, zone, program, moments=moments) == [[at, at] for at in moments]


def test_a_time_typed_in_the_second_repeated_hour_stays_there(tmp_path: Path) -> None:
    displayed = ms("2026-10-25T01:20:00Z")
    program = """
    print([times.fieldMs("2026-10-25T02:40", given.displayed), times.fieldMs("2026-10-25T02:40"),
           times.fieldMs("2026-10-25T04:40", given.displayed), times.fieldMs("2026-03-29T02:30", given.displayed)]);
    """
    assert in_zone(tmp_path, "Europe/Berlin", program, displayed=displayed) == [
        ms("2026-10-25T01:40:00Z"),
        ms("2026-10-25T00:40:00Z"),
        ms("2026-10-25T03:40:00Z"),
        ms("2026-03-29T01:30:00Z"),
    ]


def test_a_typed_span_covers_both_occurrences_of_the_repeated_hour(tmp_path: Path) -> None:
    program = """
    const fields = ["2026-10-25T02:10", "2026-10-25T02:10"];
    print(spanFields(...fields, null));
    """
    assert in_zone(tmp_path, "Europe/Berlin", program) == {
        "fromMs": ms("2026-10-25T00:10:00Z"),
        "untilMs": ms("2026-10-25T01:10:00Z"),
    }


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_days_and_weeks_start_at_the_first_instant_of_the_local_day(tmp_path: Path, zone: str, change: str) -> None:
    zone_info = ZoneInfo(zone)
    days = [ms(change) + (12 + 24 * day) * HOUR_MS for day in range(-1, 9)]
    for now, picks in zip(days, in_zone(tmp_path, zone, "print(given.days.map(quickPicks));", days=days), strict=True):
        yesterday, day_before = picks[:2]
        assert day_before["untilMs"] == yesterday["fromMs"] < now
        for span in picks:
            for edge in span.values():
                first = datetime.fromtimestamp(edge / 1000, zone_info)
                assert datetime.fromtimestamp(edge / 1000 - 1, zone_info).date() < first.date()
