"""The status page, its data, and the health check endpoints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.dashboard.templatetags.status import day_label
from apps.metrics.many_channels import merge_across_channels
from apps.status.models import Incident, StatusDay, StatusMinute
from apps.status.queries import read_status, status_cache
from apps.status.readiness import Readiness
from apps.status.services import record_sample
from apps.status.snapshot import take_snapshot
from apps.status.stages import Stage, joined_channels, stages
from core.contracts import redis_keys
from core.contracts.heartbeats import (
    BoardsHeartbeat,
    Heartbeat,
    ProducerHeartbeat,
    StreamHeartbeat,
    UnreadableHeartbeat,
    WebHeartbeat,
)
from core.ops.health import HEARTBEAT_TIMEOUT_MS, HealthSnapshot
from core.pipeline.records import EventRecord
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.dashboard.conftest import Boards
from tests.pages import read_page
from tests.valkey import Valkey
from twitchly import heartbeats
from twitchly.clock import now_ms

pytestmark = pytest.mark.django_db
T0 = 1_795_392_000_000 // DAY_MS * DAY_MS + 10 * HOUR_MS


@pytest.fixture(autouse=True)
def clear_status_cache() -> Iterator[None]:
    status_cache.clear()
    yield
    status_cache.clear()


@pytest.fixture
def status_redis(valkey: Valkey, settings: Settings) -> Valkey:
    settings.REDIS_STATUS_URL = f"{valkey.url}/5"
    return valkey


def producer(at_ms: int, name: str = "producer-1", **facts: Any) -> ProducerHeartbeat:
    usual = ProducerHeartbeat(
        name=name,
        at_ms=at_ms,
        wanted=3,
        confirmed=2,
        connections=1,
        quiet_s=0.5,
        heard_per_s=7.25,
        acked_per_s=9.0,
        waiting=0,
        lost=0,
        is_held=False,
    )
    return replace(usual, **facts)


def web_process(at_ms: int) -> WebHeartbeat:
    return WebHeartbeat(
        name="web-1",
        at_ms=at_ms,
        sockets=0,
        requests_per_s=0.0,
        frames_per_s=0.0,
        errors=0,
        slow_closed=0,
        tick_age_s=None,
    )


def boards_sink(at_ms: int) -> BoardsHeartbeat:
    return BoardsHeartbeat(
        name="1", at_ms=at_ms, rows_per_s=1.0, lag=0, lag_s=0.0, newest_ms=at_ms, dead_letters=0, waits=False, halted=""
    )


def healthy(at_ms: int, coverage: float | None = 1.0) -> HealthSnapshot:
    return HealthSnapshot(at_ms, at_ms - 1_000, coverage, 60)


def stalled(at_ms: int, since_ms: int) -> HealthSnapshot:
    return HealthSnapshot(at_ms, since_ms, 1.0, 60)


def test_samples_are_summed_by_minute_and_day() -> None:
    for second in range(0, 120, 10):
        record_sample(healthy(T0 + second * 1000, 1.0 if second < 60 else 0.5))
    assert [(m.samples, m.coverage_sum) for m in StatusMinute.objects.all()] == [(6, 6.0), (6, 3.0)]
    day = StatusDay.objects.get()
    assert (day.start_ms, day.samples, day.coverage_samples, day.coverage_sum) == (T0 // DAY_MS * DAY_MS, 12, 12, 9.0)


def test_snapshots_of_the_same_moment_are_recorded_once() -> None:
    for _ in range(2):
        record_sample(healthy(T0))
    assert StatusDay.objects.get().samples == 1


def test_an_incident_opens_closes_and_is_counted() -> None:
    record_sample(healthy(T0))
    assert record_sample(stalled(T0 + 40_000, T0)) == {"boards"}
    assert record_sample(stalled(T0 + 50_000, T0)) == {"boards"}
    assert record_sample(healthy(T0 + 60_000)) == frozenset()
    (incident,) = Incident.objects.all()
    assert (incident.rule, incident.began_ms, incident.ended_ms) == ("boards", T0, T0 + 60_000)
    assert StatusDay.objects.get().degraded_samples == 2


def test_a_short_problem_is_not_an_incident() -> None:
    record_sample(healthy(T0))
    record_sample(healthy(T0 + 10_000, 0.2))
    assert [row.is_confirmed for row in Incident.objects.all()] == [False]
    record_sample(healthy(T0 + 20_000))
    assert not Incident.objects.exists()


def test_unmonitored_time_is_a_separate_incident() -> None:
    record_sample(healthy(T0))
    record_sample(stalled(T0 + HOUR_MS, T0))
    result = {row.rule: (row.began_ms, row.ended_ms) for row in Incident.objects.all()}
    assert result == {"unwatched": (T0, T0 + HOUR_MS), "boards": (T0 + HOUR_MS, None)}


def test_no_incident_begins_before_the_first_sample_of_a_new_instance() -> None:
    record_sample(HealthSnapshot(T0))
    record_sample(stalled(T0 + 10_000, T0 - HOUR_MS))
    assert Incident.objects.get().began_ms == T0


def test_expired_minutes_and_days_are_deleted_and_90_days_are_kept() -> None:
    for back in (500, 399, 89, 0):
        StatusDay.objects.create(
            start_ms=T0 // DAY_MS * DAY_MS - back * DAY_MS, samples=1, coverage_samples=1, coverage_sum=1
        )
        Incident.objects.create(
            rule="boards", began_ms=T0 - back * DAY_MS, ended_ms=T0 - back * DAY_MS + 1, cause="x", is_confirmed=True
        )
    StatusMinute.objects.create(start_ms=T0 - DAY_MS - MINUTE_MS, samples=1)
    record_sample(healthy(T0))
    assert StatusMinute.objects.count() == 1
    assert (StatusDay.objects.count(), Incident.objects.filter(rule="boards").count()) == (3, 3)


def test_history_has_one_bar_per_day_and_one_per_minute(status_redis: Valkey) -> None:
    today = T0 // DAY_MS * DAY_MS
    StatusDay.objects.create(start_ms=today - DAY_MS, samples=8_640, coverage_samples=8_640, coverage_sum=8_640)
    StatusDay.objects.create(start_ms=today - 2 * DAY_MS, samples=8_640, coverage_samples=8_640, coverage_sum=8_600)
    StatusDay.objects.create(
        start_ms=today - 3 * DAY_MS, samples=8_640, coverage_samples=8_640, coverage_sum=8_640, degraded_samples=90
    )
    for second in range(0, 60, 10):
        record_sample(healthy(T0 + second * 1000, 0.97))
    result = read_status(T0 + 59_000)
    assert len(result.days) == 90
    assert [bar.state for bar in result.days[-5:]] == ["none", "bad", "partial", "whole", "partial"]
    assert result.days[-4].degraded_ms == 900_000
    assert len(result.hour) == 60
    assert [bar.state for bar in result.hour[-2:]] == ["none", "partial"]
    assert result.hour_coverage == pytest.approx(0.97)
    assert result.since_ms == today - 3 * DAY_MS


def test_a_snapshot_includes_the_boards_the_channel_list_and_the_heartbeats(
    status_redis: Valkey, boards: Boards
) -> None:
    heartbeats.write_heartbeat(producer(boards.end_ms))
    snapshot = take_snapshot(now_ms())
    assert (snapshot.boards_end_ms, snapshot.listed_ms) == (boards.end_ms, boards.end_ms)
    assert (snapshot.coverage, snapshot.channels) == (1.0, 3)
    assert snapshot.heartbeats == (producer(boards.end_ms),)
    status_redis.kill()
    assert take_snapshot(now_ms()).is_redis_down


def test_a_new_instance_has_no_status_yet(client: Client, status_redis: Valkey) -> None:
    page = read_page(client.get("/status"))
    assert "Twitchly is starting" in page
    assert "No measurements yet" in page
    assert 'id="no-incidents"' in page
    assert page.count("Unknown") == 7


def test_only_staff_see_the_details(client: Client, signed_in: Client, status_redis: Valkey, boards: Boards) -> None:
    at_ms = now_ms()
    heartbeats.write_heartbeat(producer(at_ms))
    public = read_page(Client().get("/status"))
    assert "All systems operational" in public
    assert "of 3" in public
    assert "Simulated" in public
    for hidden in ("lines / s", "Lowest coverage, past hour", "records lost"):
        assert hidden not in public
        assert hidden not in read_page(signed_in.get("/status"))
    User.objects.update(is_staff=True)
    staff = read_page(signed_in.get("/status"))
    assert "7.3 lines / s" in staff
    assert "Lowest coverage, past hour" in staff
    assert "2 of 3 channels joined" in staff


def test_the_live_part_is_served_separately(client: Client, status_redis: Valkey, boards: Boards) -> None:
    part = read_page(client.get("/status/now"))
    assert part.lstrip().startswith("<div")
    assert 'data-verdict="trusted"' in part


def test_the_page_reports_that_redis_is_down(client: Client, status_redis: Valkey) -> None:
    status_redis.kill()
    response = client.get("/status")
    assert response.status_code == 200
    assert "Redis is not responding" in read_page(response)


def test_an_incident_is_shown_with_its_cause_during_and_after_it(client: Client, status_redis: Valkey) -> None:
    at_ms = now_ms()
    record_sample(healthy(at_ms - 60_000))
    record_sample(stalled(at_ms - 20_000, at_ms - 60_000))
    page = read_page(client.get("/status"))
    assert "Boards are not updating" not in page, "the boards in this Redis are empty, so none is stale"
    record_sample(healthy(at_ms - 10_000))
    status_cache.clear()
    page = read_page(client.get("/status"))
    assert "Boards are not updating" in page
    assert "data-lasts" not in page


def test_overlapping_gaps_with_the_same_reason_are_merged() -> None:
    gaps = [
        EventRecord("a", "gap", "1", 1_000, 5_000, "disconnected", None, ""),
        EventRecord("b", "gap", "2", 2_000, 6_000, "disconnected", None, ""),
        EventRecord("c", "gap", "1", 5_500, 9_000, "disconnected", None, ""),
        EventRecord("d", "gap", "3", 5_500, 9_000, "joining", None, ""),
        EventRecord("e", "gap", "3", 9_500, 9_600, "disconnected", None, ""),
    ]
    result = [(gap.from_ms, gap.until_ms, gap.channels) for gap in merge_across_channels(gaps)]
    assert result == [(9_500, 9_600, 1), (5_500, 9_000, 1), (1_000, 9_000, 2)]


def test_a_process_is_ready_when_all_checks_succeed_in_time() -> None:
    never: Future[bool] = Future()
    calls: list[str] = []

    def hangs() -> bool:
        calls.append("hangs")
        return never.result(timeout=60)

    ready = Readiness({"database": lambda: True, "redis": lambda: False, "cassandra": hangs})
    assert ready.read() == ["redis", "cassandra"]
    assert not never.done()
    ready.clear()
    assert ready.read() == ["redis", "cassandra"]
    assert calls == ["hangs"], "a hanging check is not started a second time"
    never.set_result(True)


@pytest.mark.django_db(transaction=True)
def test_readyz_names_the_failed_checks(client: Client, status_redis: Valkey) -> None:
    from apps.status.readiness import readiness

    readiness.clear()
    response = client.get("/readyz")
    assert (response.status_code, json.loads(response.content)) == (200, {"ready": True, "missing": []})
    status_redis.kill()
    readiness.clear()
    response = client.get("/readyz")
    assert (response.status_code, json.loads(response.content)) == (503, {"ready": False, "missing": ["redis"]})


def test_the_verdict_also_depends_on_the_past_hour(client: Client, status_redis: Valkey, boards: Boards) -> None:
    at_ms = now_ms()
    for back_s in range(600, 0, -10):
        record_sample(healthy(at_ms - back_s * 1000, 0.5 if back_s > 300 else 0.75))
    page = read_page(client.get("/status"))
    assert 'data-verdict="partial"' in page
    assert "All systems operational" not in page
    assert "62.5% in the past 10 min, since monitoring began" in page
    assert "in the past hour" not in page
    assert "62.5% of the chat was heard during 10 min of measurements" in page


def test_coverage_is_reported_for_the_measured_time_only(status_redis: Valkey) -> None:
    for second in range(0, 3_600, 10):
        record_sample(healthy(T0 + second * 1000, 0.8 if second < 1_800 else 1.0))
    result = read_status(T0 + HOUR_MS)
    assert (result.since_ms, result.days_measured_ms) == (T0, HOUR_MS)
    assert result.days_coverage == pytest.approx(0.9)
    today = result.days[-1]
    assert (today.measured_ms, today.monitored) == (HOUR_MS, 1.0), "time before the first measurement is not missing"
    assert "measured for 1 h 0 min" in day_label(today)


def test_the_page_shows_when_measurements_began(client: Client, status_redis: Valkey, boards: Boards) -> None:
    at_ms = now_ms()
    for back_s in range(60, 0, -10):
        record_sample(healthy(at_ms - back_s * 1000))
    page = read_page(client.get("/status"))
    assert "Measured since" in page
    assert "100.0% of the chat was heard during 1 min of measurements" in page


def stages_of(at_ms: int, *latest: Heartbeat | UnreadableHeartbeat, coverage: float = 1.0) -> dict[str, Stage]:
    snapshot = HealthSnapshot(at_ms, at_ms, coverage, 3, heartbeats=latest)
    return {stage.key: stage for stage in stages(snapshot, [])}


def test_a_process_without_heartbeats_is_not_shown_as_working() -> None:
    silent_ms = T0 - HEARTBEAT_TIMEOUT_MS - 1
    all_alive = stages_of(T0, producer(T0), boards_sink(T0), web_process(T0))
    assert {all_alive[key].state for key in ("listening", "kafka", "boards", "web")} == {"works"}
    assert all_alive["history"].state == "unknown"
    assert stages_of(T0, producer(T0), web_process(silent_ms))["web"].state == "wrong"
    assert stages_of(T0, producer(T0, is_held=True))["kafka"].state == "wrong"
    assert stages_of(T0, producer(T0), coverage=0.62)["listening"].state == "partial"
    gone = stages_of(T0, producer(silent_ms))
    assert (gone["listening"].state, gone["kafka"].state) == ("wrong", "unknown")


def test_the_figures_of_an_unreadable_heartbeat_are_unknown_and_its_problem_is_shown() -> None:
    other = UnreadableHeartbeat("producer", "producer-2", T0, "version 1, expected 2")
    alone = stages_of(T0, other)["listening"]
    assert (alone.state, alone.last_ms, alone.lag) == ("unknown", None, "")
    assert alone.errors == "heartbeat of producer-2 not readable: version 1, expected 2"
    both = stages_of(T0, producer(T0), other)["listening"]
    assert (both.state, both.lag) == ("works", "2 of 3 channels joined")
    assert both.errors == f"0 records lost; {alone.errors}"
    ended = stages_of(T0, producer(T0), replace(other, at_ms=T0 - HEARTBEAT_TIMEOUT_MS - 1))["listening"]
    assert ended.errors == "0 records lost"


def test_the_number_of_joined_channels_is_unknown_if_it_is_unknown_for_one_producer() -> None:
    other = UnreadableHeartbeat("producer", "producer-2", T0, "version 1, expected 2")
    two = (producer(T0), producer(T0, "producer-2"))
    assert joined_channels(HealthSnapshot(T0, heartbeats=two)) == (6, 4)
    assert joined_channels(HealthSnapshot(T0, heartbeats=(producer(T0), other))) is None
    assert joined_channels(HealthSnapshot(T0)) is None


def test_unknown_figures_are_not_shown_as_zero() -> None:
    stream = StreamHeartbeat(
        name="twitchly",
        at_ms=T0,
        answers=True,
        runs=True,
        restarts=0,
        waiting=None,
        read_per_s=None,
        late_dropped=0,
        failed=None,
        checkpoint_ms=None,
        checkpoint_bytes=None,
        checkpoint_s=None,
    )
    shown = stages_of(T0, stream, web_process(T0), producer(T0, quiet_s=None))
    assert shown["stream"].lag == "– records to read; no checkpoint yet"
    assert (shown["stream"].rate, shown["stream"].errors.split(", ")[-1]) == ("– records / s", "– failed checkpoints")
    assert shown["web"].lag == "last tick – s ago, 0 sockets"
    assert shown["listening"].last_ms is None


def test_damaged_heartbeats_and_those_of_other_versions_do_not_break_the_page(
    client: Client, status_redis: Valkey, boards: Boards
) -> None:
    with status_redis.client(5) as redis:
        for kind in ("producer", "history", "boards", "stream", "worker", "web"):
            before = json.dumps({"at_ms": now_ms(), "facts": {"wanted": 3, "confirmed": 2}})
            for name, value in (("a", before), ("b", "{"), ("c", ""), ("d", json.dumps({"v": 9, "at_ms": now_ms()}))):
                redis.set(redis_keys.heartbeat(kind, name), value)
        redis.set(redis_keys.heartbeat("later", "1"), before)
    page = read_page(client.get("/status"))
    assert page.count("Unknown") == 7
    assert 'data-verdict="trusted"' in page
