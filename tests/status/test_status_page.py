"""The status page, what it is made of, and the addresses for machines."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.dashboard.templatetags.status import day_label
from apps.metrics.queries import together
from apps.status.models import Incident, StatusDay, StatusMinute
from apps.status.queries import kept, read_status
from apps.status.readiness import Readiness
from apps.status.services import write_down
from apps.status.snapshot import look
from apps.status.stages import stages
from core.ops.health import SILENT_MS, Look, Sign
from core.pipeline.records import EventRecord
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.dashboard.conftest import Boards
from tests.valkey import Valkey
from twitchly import heartbeats
from twitchly.clock import now_ms

pytestmark = pytest.mark.django_db
T0 = 1_795_392_000_000 // DAY_MS * DAY_MS + 10 * HOUR_MS


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    kept.forget()
    yield
    kept.forget()


@pytest.fixture
def signs(valkey: Valkey, settings: Settings) -> Valkey:
    settings.REDIS_STATUS_URL = f"{valkey.url}/5"
    return valkey


def well(at_ms: int, coverage: float | None = 1.0) -> Look:
    return Look(at_ms, at_ms - 1_000, coverage, 60)


def still(at_ms: int, since_ms: int) -> Look:
    return Look(at_ms, since_ms, 1.0, 60)


def test_looks_are_counted_by_minute_and_day() -> None:
    for second in range(0, 120, 10):
        write_down(well(T0 + second * 1000, 1.0 if second < 60 else 0.5))
    assert [(m.looks, m.coverage_sum) for m in StatusMinute.objects.all()] == [(6, 6.0), (6, 3.0)]
    day = StatusDay.objects.get()
    assert (day.start_ms, day.looks, day.covered, day.coverage_sum) == (T0 // DAY_MS * DAY_MS, 12, 12, 9.0)


def test_a_moment_counts_once() -> None:
    for _ in range(2):
        write_down(well(T0))
    assert StatusDay.objects.get().looks == 1


def test_an_incident_opens_closes_and_is_counted() -> None:
    write_down(well(T0))
    assert write_down(still(T0 + 40_000, T0)) == {"boards"}
    assert write_down(still(T0 + 50_000, T0)) == {"boards"}
    assert write_down(well(T0 + 60_000)) == frozenset()
    (incident,) = Incident.objects.all()
    assert (incident.rule, incident.began_ms, incident.ended_ms) == ("boards", T0, T0 + 60_000)
    assert StatusDay.objects.get().troubled == 2


def test_trouble_that_passes_is_no_incident() -> None:
    write_down(well(T0))
    write_down(well(T0 + 10_000, 0.2))
    assert [row.is_sure for row in Incident.objects.all()] == [False]
    write_down(well(T0 + 20_000))
    assert not Incident.objects.exists()


def test_what_nobody_watched_is_an_incident_of_its_own() -> None:
    write_down(well(T0))
    write_down(still(T0 + HOUR_MS, T0))
    found = {row.rule: (row.began_ms, row.ended_ms) for row in Incident.objects.all()}
    assert found == {"unwatched": (T0, T0 + HOUR_MS), "boards": (T0 + HOUR_MS, None)}


def test_on_a_new_copy_nothing_begins_before_the_first_look() -> None:
    write_down(Look(T0))
    write_down(still(T0 + 10_000, T0 - HOUR_MS))
    assert Incident.objects.get().began_ms == T0


def test_old_minutes_and_days_are_forgotten_and_90_days_are_not() -> None:
    for back in (500, 399, 89, 0):
        StatusDay.objects.create(start_ms=T0 // DAY_MS * DAY_MS - back * DAY_MS, looks=1, covered=1, coverage_sum=1)
        Incident.objects.create(
            rule="boards", began_ms=T0 - back * DAY_MS, ended_ms=T0 - back * DAY_MS + 1, cause="x", is_sure=True
        )
    StatusMinute.objects.create(start_ms=T0 - DAY_MS - MINUTE_MS, looks=1)
    write_down(well(T0))
    assert StatusMinute.objects.count() == 1
    assert (StatusDay.objects.count(), Incident.objects.filter(rule="boards").count()) == (3, 3)


def test_the_past_is_a_bar_a_day_and_a_bar_a_minute(signs: Valkey) -> None:
    today = T0 // DAY_MS * DAY_MS
    StatusDay.objects.create(start_ms=today - DAY_MS, looks=8_640, covered=8_640, coverage_sum=8_640)
    StatusDay.objects.create(start_ms=today - 2 * DAY_MS, looks=8_640, covered=8_640, coverage_sum=8_600)
    StatusDay.objects.create(start_ms=today - 3 * DAY_MS, looks=8_640, covered=8_640, coverage_sum=8_640, troubled=90)
    for second in range(0, 60, 10):
        write_down(well(T0 + second * 1000, 0.97))
    found = read_status(T0 + 59_000)
    assert len(found.days) == 90
    assert [bar.state for bar in found.days[-5:]] == ["none", "bad", "partial", "whole", "partial"]
    assert found.days[-4].troubled_ms == 900_000
    assert len(found.hour) == 60
    assert [bar.state for bar in found.hour[-2:]] == ["none", "partial"]
    assert found.hour_coverage == pytest.approx(0.97)
    assert found.since_ms == today - 3 * DAY_MS


def test_a_look_sees_the_boards_the_list_and_the_signs(signs: Valkey, boards: Boards) -> None:
    heartbeats.tell_once(Sign("producer", "producer-1", boards.end_ms, {"wanted": 3, "confirmed": 2}))
    seen = look(now_ms())
    assert (seen.boards_end_ms, seen.coverage, seen.channels, seen.listed_ms) == (boards.end_ms, 1.0, 3, boards.end_ms)
    assert [(sign.kind, sign.name, sign.number("confirmed")) for sign in seen.signs] == [("producer", "producer-1", 2)]
    signs.kill()
    assert look(now_ms()).store_away


def test_a_new_copy_says_that_nothing_is_known(client: Client, signs: Valkey) -> None:
    page = client.get("/status").content.decode()
    assert "Twitchly is starting" in page
    assert "Nothing has been recorded yet" in page
    assert 'id="no-incidents"' in page
    assert page.count("Not known yet") == 7


def test_everybody_reads_the_summary_and_staff_alone_the_detail(
    client: Client, signed_in: Client, signs: Valkey, boards: Boards
) -> None:
    at_ms = now_ms()
    heartbeats.tell_once(Sign("producer", "producer-1", at_ms, {"wanted": 3, "confirmed": 2, "heard_per_s": 7.25}))
    public = Client().get("/status").content.decode()
    assert "Everything works" in public
    assert "of 3" in public
    assert "Simulated" in public
    for hidden in ("lines / s", "Heard least", "records lost"):
        assert hidden not in public
        assert hidden not in signed_in.get("/status").content.decode()
    User.objects.update(is_staff=True)
    staff = signed_in.get("/status").content.decode()
    assert "7.3 lines / s" in staff
    assert "Heard least" in staff
    assert "2 of 3 channels joined" in staff


def test_the_moving_part_is_the_page_s_own(client: Client, signs: Valkey, boards: Boards) -> None:
    part = client.get("/status/now").content.decode()
    assert part.lstrip().startswith("<div")
    assert 'data-verdict="trusted"' in part


def test_a_redis_that_is_away_is_said(client: Client, signs: Valkey) -> None:
    signs.kill()
    response = client.get("/status")
    assert response.status_code == 200
    assert "(Redis) does not answer" in response.content.decode()


def test_an_incident_is_told_with_its_cause_while_it_lasts_and_afterwards(client: Client, signs: Valkey) -> None:
    at_ms = now_ms()
    write_down(well(at_ms - 60_000))
    write_down(still(at_ms - 20_000, at_ms - 60_000))
    page = client.get("/status").content.decode()
    assert "The boards stand still" not in page, "the boards of this Redis are empty: nothing stands still"
    write_down(well(at_ms - 10_000))
    kept.forget()
    page = client.get("/status").content.decode()
    assert "The boards stand still" in page
    assert "data-lasts" not in page


def test_gaps_of_one_reason_that_overlap_are_one() -> None:
    gaps = [
        EventRecord("a", "gap", "1", 1_000, 5_000, "disconnected", None, ""),
        EventRecord("b", "gap", "2", 2_000, 6_000, "disconnected", None, ""),
        EventRecord("c", "gap", "1", 5_500, 9_000, "disconnected", None, ""),
        EventRecord("d", "gap", "3", 5_500, 9_000, "joining", None, ""),
        EventRecord("e", "gap", "3", 9_500, 9_600, "disconnected", None, ""),
    ]
    found = [(gap.from_ms, gap.until_ms, gap.channels) for gap in together(gaps)]
    assert found == [(9_500, 9_600, 1), (5_500, 9_000, 1), (1_000, 9_000, 2)]


def test_a_process_is_ready_when_all_it_needs_answers_in_time() -> None:
    never: Future[bool] = Future()
    calls: list[str] = []

    def hangs() -> bool:
        calls.append("hangs")
        return never.result(timeout=20)

    ready = Readiness({"database": lambda: True, "redis": lambda: False, "cassandra": hangs})
    began_s = time.monotonic()
    assert ready.read() == ["redis", "cassandra"]
    assert time.monotonic() - began_s < 4
    ready.forget()
    assert ready.read() == ["redis", "cassandra"]
    assert calls == ["hangs"], "what hangs is not asked a second time"
    never.set_result(True)


@pytest.mark.django_db(transaction=True)
def test_readyz_names_what_is_missing(client: Client, signs: Valkey) -> None:
    from apps.status.readiness import readiness

    readiness.forget()
    response = client.get("/readyz")
    assert (response.status_code, json.loads(response.content)) == (200, {"ready": True, "missing": []})
    signs.kill()
    readiness.forget()
    response = client.get("/readyz")
    assert (response.status_code, json.loads(response.content)) == (503, {"ready": False, "missing": ["redis"]})


def test_the_headline_follows_from_the_past_hour_too(client: Client, signs: Valkey, boards: Boards) -> None:
    at_ms = now_ms()
    for back_s in range(600, 0, -10):
        write_down(well(at_ms - back_s * 1000, 0.5 if back_s > 300 else 0.75))
    page = client.get("/status").content.decode()
    assert 'data-verdict="partial"' in page
    assert "Everything works" not in page
    assert "62.5% in the past hour" in page
    assert "measured for 10 min" in page


def test_the_past_is_told_as_far_as_it_was_measured(signs: Valkey) -> None:
    for second in range(0, 3_600, 10):
        write_down(well(T0 + second * 1000, 0.8 if second < 1_800 else 1.0))
    found = read_status(T0 + HOUR_MS)
    assert (found.since_ms, found.days_measured_ms) == (T0, HOUR_MS)
    assert found.days_coverage == pytest.approx(0.9)
    today = found.days[-1]
    assert (today.measured_ms, today.watched) == (HOUR_MS, 1.0), "time before the first measurement is not missing"
    assert "measured for 1 h 0 min" in day_label(today)


def test_the_page_says_since_when_it_measures(client: Client, signs: Valkey, boards: Boards) -> None:
    at_ms = now_ms()
    for back_s in range(60, 0, -10):
        write_down(well(at_ms - back_s * 1000))
    page = client.get("/status").content.decode()
    assert "Measured since" in page
    assert "1 min 0 s in all" in page


def test_a_silent_process_does_not_work(signs: Valkey, boards: Boards) -> None:
    at_ms = now_ms()
    living = {kind: Sign(kind, f"{kind}-1", at_ms, {}) for kind in ("producer", "boards", "web")}
    silent = Sign("web", "web-1", at_ms - SILENT_MS - 1, {})
    held = Sign("producer", "producer-1", at_ms, {"is_held": True})

    def states(*signs_now: Sign, coverage: float = 1.0) -> dict[str, str]:
        seen = Look(at_ms, at_ms, coverage, 3, signs=signs_now)
        return {stage.key: stage.state for stage in stages(seen, [])}

    well_now = states(*living.values())
    assert {well_now[key] for key in ("listening", "kafka", "boards", "web")} == {"works"}
    assert well_now["history"] == "unknown"
    assert states(living["producer"], silent)["web"] == "wrong"
    assert states(held)["kafka"] == "wrong"
    assert states(living["producer"], coverage=0.62)["listening"] == "partial"
    gone = Sign("producer", "producer-1", at_ms - SILENT_MS - 1, {})
    assert (states(gone)["listening"], states(gone)["kafka"]) == ("wrong", "unknown")
