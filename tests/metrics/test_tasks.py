"""The Celery task and the command that roll up days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.channels.models import Channel
from apps.metrics import tasks
from apps.metrics.management.commands import rebuild_days
from core.errors import ServiceUnavailable
from core.times import DAY_MS, HOUR_MS

pytestmark = pytest.mark.django_db

MIDNIGHT = 1_795_392_000_000
NOW_MS = MIDNIGHT + HOUR_MS

Call = tuple[list[str], int, bool]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """The calls to `roll_up`: channel ids, start, and whether only missing rows are computed."""
    recorded: list[Call] = []

    def roll_up(channel_ids: Iterable[str], start_ms: int, _now_ms: int, *, only_missing: bool = False) -> int:
        recorded.append((list(channel_ids), start_ms, only_missing))
        return 2

    for module in (tasks, rebuild_days):
        monkeypatch.setattr(module, "roll_up", roll_up)
        monkeypatch.setattr(module, "now_ms", lambda: NOW_MS)
    return recorded


def channel(channel_id: str, days_ago: int, **fields: bool) -> None:
    seen_at = dt.datetime.fromtimestamp((NOW_MS - days_ago * DAY_MS) / 1000, dt.UTC)
    Channel.objects.create(id=channel_id, login=f"c{channel_id}", name="C", last_seen_at=seen_at, **fields)


@pytest.fixture
def scheduled(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The arguments of scheduled runs."""
    recorded: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks.roll_up_days, "delay", lambda *args: recorded.append(args))
    return recorded


def run_all(scheduled: list[tuple[Any, ...]]) -> None:
    """Run the task, and all runs that it schedules."""
    tasks.roll_up_days()
    while scheduled:
        tasks.roll_up_days(*scheduled.pop())


def test_yesterday_is_recomputed_and_missing_earlier_days_are_computed(
    calls: list[Call], scheduled: list[tuple[Any, ...]]
) -> None:
    channel("1", 1)
    channel("2", 3)
    channel("3", 60)
    channel("4", 60, pinned=True)
    channel("5", 60, is_wanted=True)
    run_all(scheduled)
    assert calls[0] == (["1", "4", "5"], MIDNIGHT - DAY_MS, False)
    assert calls[1] == (["1", "4", "5"], MIDNIGHT - 2 * DAY_MS, True)
    assert calls[2] == (["1", "2", "4", "5"], MIDNIGHT - 3 * DAY_MS, True)
    assert len(calls) == tasks.DAYS


def test_other_tasks_run_between_parts_of_a_day(
    calls: list[Call], scheduled: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "BATCH_SIZE", 2)
    for number in range(5):
        channel(str(number), 1)
    run_all(scheduled)
    assert [ids for ids, start_ms, _ in calls if start_ms == MIDNIGHT - DAY_MS] == [["0", "1"], ["2", "3"], ["4"]]
    assert len(calls) == 3 * tasks.DAYS


def test_an_unavailable_cassandra_postpones_the_roll_up_until_the_next_run(
    scheduled: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def roll_up(*_args: object, **_options: object) -> int:
        raise ServiceUnavailable("Cassandra is not responding")

    monkeypatch.setattr(tasks, "roll_up", roll_up)
    tasks.roll_up_days()
    assert scheduled == []
    assert [record.message for record in caplog.records] == [
        "days not rolled up, trying again in an hour: Cassandra is not responding"
    ]


def test_the_command_computes_each_day_of_all_channels(calls: list[Call]) -> None:
    channel("1", 1)
    channel("2", 300)
    output = StringIO()
    call_command("rebuild_days", "--from", "2026-11-21", stdout=output)
    assert calls == [(["1", "2"], MIDNIGHT - n * DAY_MS, False) for n in (2, 1)]
    assert output.getvalue().splitlines() == [
        "2026-11-21: 2 of 2 channels corrected",
        "2026-11-22: 2 of 2 channels corrected",
        "4 rows corrected",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "2026-11-21", "--to", "2026-11-23"], "--to is a day that has not ended"),
        (["--from", "2026-11-22", "--to", "2026-11-21"], "--from is after --to"),
        (["--from", "yesterday"], "'yesterday' is not a day: use the form 2026-11-23"),
    ],
)
def test_invalid_days_are_rejected(calls: list[Call], words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("rebuild_days", *words)
    assert calls == []
