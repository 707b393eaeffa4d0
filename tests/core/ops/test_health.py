"""Health rules, and when incidents begin and end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.contracts.heartbeats import (
    Heartbeat,
    HistoryHeartbeat,
    ProducerHeartbeat,
    StreamHeartbeat,
    UnreadableHeartbeat,
)
from core.ops.health import (
    HEARTBEAT_TIMEOUT_MS,
    RULES,
    UNWATCHED,
    HealthSnapshot,
    confirmed_incidents,
    find_problems,
    track_incidents,
    verdict,
)
from core.ops.telemetry import MEASURES

T0 = 1_795_400_000_000
STREAM = StreamHeartbeat(
    name="twitchly",
    at_ms=T0,
    answers=True,
    runs=True,
    restarts=0,
    waiting=0,
    read_per_s=60.0,
    late_dropped=0,
    failed=0,
    checkpoint_ms=T0 - 9_000,
    checkpoint_bytes=81_920,
    checkpoint_s=0.1,
)
HISTORY = HistoryHeartbeat(
    name="1", at_ms=T0, rows_per_s=60.0, lag=0, lag_s=0.0, newest_ms=T0, dead_letters=0, waits=False, halted=""
)
PRODUCER = ProducerHeartbeat(
    name="producer-1",
    at_ms=T0,
    wanted=60,
    confirmed=60,
    connections=2,
    quiet_s=0.1,
    heard_per_s=60.0,
    acked_per_s=60.0,
    waiting=0,
    lost=0,
    is_held=False,
)
HEALTHY = HealthSnapshot(T0, T0 - 900, 1.0, 60, T0 - 40_000, 0, (STREAM, HISTORY, PRODUCER))


def with_values(heartbeat: Heartbeat, **values: Any) -> HealthSnapshot:
    """Return the healthy snapshot with some values in one heartbeat replaced."""
    return with_heartbeat(heartbeat, replace(heartbeat, **values))


def with_heartbeat(old: Heartbeat, *new: Heartbeat | UnreadableHeartbeat) -> HealthSnapshot:
    others = tuple(heartbeat for heartbeat in HEALTHY.heartbeats if heartbeat != old)
    return replace(HEALTHY, heartbeats=(*others, *new))


def silent(heartbeat: Heartbeat) -> HealthSnapshot:
    return with_heartbeat(heartbeat, replace(heartbeat, at_ms=T0 - HEARTBEAT_TIMEOUT_MS - 1))


def test_a_healthy_or_new_instance_has_no_problems() -> None:
    assert find_problems(HEALTHY) == find_problems(HealthSnapshot(T0)) == {}
    assert (verdict(HEALTHY, [], 1.0), verdict(HealthSnapshot(T0), [], None)) == ("trusted", "starting")


@pytest.mark.parametrize(
    ("snapshot", "rule"),
    [
        (replace(HEALTHY, boards_end_ms=T0 - 30_001), "boards"),
        (replace(HEALTHY, coverage=0.9499), "coverage"),
        (replace(HEALTHY, listed_ms=T0 - 180_001), "list"),
        (replace(HEALTHY, is_redis_down=True), "store"),
        (silent(PRODUCER), "listening"),
        (silent(STREAM), "stream"),
        (with_values(STREAM, runs=False), "stream"),
        (with_values(STREAM, checkpoint_ms=T0 - 60_001), "checkpoint"),
        (silent(HISTORY), "history"),
        (with_values(HISTORY, halted="too many"), "history"),
        (with_values(HISTORY, waits=True), "history"),
        (with_values(HISTORY, lag_s=120.1), "history"),
    ],
)
def test_each_rule_detects_only_its_own_problem(snapshot: HealthSnapshot, rule: str) -> None:
    (problem,) = find_problems(snapshot).items()
    assert problem[0] == rule
    assert problem[1].since_ms <= T0
    assert problem[1].cause.endswith(".")


@pytest.mark.parametrize(
    "snapshot",
    [
        replace(HEALTHY, boards_end_ms=T0 - 30_000),
        replace(HEALTHY, coverage=0.95),
        replace(HEALTHY, listed_ms=T0 - 180_000),
        with_values(STREAM, checkpoint_ms=T0 - 60_000),
        with_values(HISTORY, lag_s=120.0),
    ],
)
def test_values_at_the_limit_are_not_a_problem(snapshot: HealthSnapshot) -> None:
    assert find_problems(snapshot) == {}


def test_one_live_producer_is_enough() -> None:
    other = replace(PRODUCER, name="producer-2", at_ms=T0 - HEARTBEAT_TIMEOUT_MS - 1)
    assert find_problems(replace(HEALTHY, heartbeats=(*HEALTHY.heartbeats, other))) == {}


@pytest.mark.parametrize("heartbeat", [STREAM, HISTORY, PRODUCER], ids=lambda heartbeat: heartbeat.kind)
def test_a_process_of_another_version_is_alive_and_its_figures_are_unknown(heartbeat: Heartbeat) -> None:
    other = UnreadableHeartbeat(heartbeat.kind, heartbeat.name, T0, "version 1, expected 2")
    assert find_problems(with_heartbeat(heartbeat, other)) == {}
    late_ms = T0 - HEARTBEAT_TIMEOUT_MS - 1
    (problem,) = find_problems(with_heartbeat(heartbeat, replace(other, at_ms=late_ms))).values()
    assert problem.since_ms == late_ms


def test_a_heartbeat_without_a_time_does_not_count_as_alive() -> None:
    damaged, late = UnreadableHeartbeat("producer", "2", None, "not JSON"), replace(PRODUCER, at_ms=T0 - 31_000)
    assert find_problems(with_heartbeat(PRODUCER, damaged)) == {}
    assert find_problems(with_heartbeat(PRODUCER, late, damaged)).keys() == {"listening"}


def test_an_unknown_checkpoint_is_not_a_problem() -> None:
    assert find_problems(with_values(STREAM, checkpoint_ms=None)) == {}


def test_a_lasting_problem_becomes_an_incident_and_keeps_its_start() -> None:
    problem = find_problems(replace(HEALTHY, coverage=0.5))
    open_incidents, ended = track_incidents({}, problem, T0, 0)
    assert (open_incidents["coverage"].is_confirmed, open_incidents["coverage"].since_ms, ended) == (False, T0, [])
    for later_ms, is_confirmed in ((299_999, False), (300_000, True)):
        open_incidents, ended = track_incidents(open_incidents, problem, T0 + later_ms, 0)
        assert (open_incidents["coverage"].is_confirmed, open_incidents["coverage"].since_ms, ended) == (
            is_confirmed,
            T0,
            [],
        )
    remaining, ended = track_incidents(open_incidents, {}, T0 + 310_000, 0)
    assert remaining == {}
    assert [(incident.rule, incident.is_confirmed) for incident in ended] == [("coverage", True)]


def test_stale_boards_immediately_open_an_incident_dated_from_their_last_window() -> None:
    stalled = replace(HEALTHY, boards_end_ms=T0 - 45_000)
    (problem,) = confirmed_incidents(stalled, {})
    assert (problem.rule, problem.since_ms, problem.is_confirmed) == ("boards", T0 - 45_000, True)
    assert verdict(stalled, [problem.rule], 1.0) == "untrusted"


def test_no_incident_begins_before_monitoring_began() -> None:
    open_incidents, _ = track_incidents({}, find_problems(replace(HEALTHY, boards_end_ms=T0 - 3_600_000)), T0, T0)
    assert open_incidents["boards"].since_ms == T0


def test_incidents_that_do_not_affect_live_figures_make_the_verdict_partial() -> None:
    assert [verdict(HEALTHY, [rule], 1.0) for rule in ("history", "list", "checkpoint")] == ["partial"] * 3
    assert verdict(HEALTHY, ["history", "stream"], 1.0) == "untrusted"


def test_low_coverage_makes_the_verdict_partial_before_it_becomes_an_incident() -> None:
    assert verdict(replace(HEALTHY, coverage=0.94), [], 1.0) == "partial"


@pytest.mark.parametrize(
    ("hour", "expected"), [(0.62, "partial"), (0.9499, "partial"), (0.95, "trusted"), (None, "trusted")]
)
def test_the_verdict_depends_on_the_past_hour_too(hour: float | None, expected: str) -> None:
    assert verdict(HEALTHY, [], hour) == expected


def test_keys_and_causes_fit_their_columns() -> None:
    assert all(len(rule.key) <= 20 for rule in RULES)
    assert len(UNWATCHED.cause) <= 200


def test_every_metric_has_a_description_and_no_label_contains_personal_data() -> None:
    assert all(measure.text for measure in MEASURES)
    assert {label for measure in MEASURES for label in measure.labels} <= {
        *("state", "connection", "reason", "kind", "result", "rule", "grain", "topic", "route", "status", "code")
    }
