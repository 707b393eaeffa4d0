"""Health rules, and when a problem becomes an incident and ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.ops.health import (
    HEARTBEAT_TIMEOUT_MS,
    RULES,
    UNWATCHED,
    HealthSnapshot,
    Heartbeat,
    confirmed_incidents,
    find_problems,
    track_incidents,
    verdict,
)
from core.ops.telemetry import MEASURES

T0 = 1_795_400_000_000
STREAM = Heartbeat("stream", "twitchly", T0, {"runs": True, "checkpoint_ms": T0 - 9_000})
HISTORY = Heartbeat("history", "1", T0, {"waits": False, "halted": "", "lag_s": 0.0})
PRODUCER = Heartbeat("producer", "producer-1", T0, {"wanted": 60, "confirmed": 60})
HEALTHY = HealthSnapshot(T0, T0 - 900, 1.0, 60, T0 - 40_000, 0, (STREAM, HISTORY, PRODUCER))


def with_gauges(heartbeat: Heartbeat, **gauges: float | str | bool) -> HealthSnapshot:
    """Return the healthy snapshot with changed gauges in one heartbeat."""
    changed = replace(heartbeat, gauges={**heartbeat.gauges, **gauges})
    return replace(HEALTHY, heartbeats=tuple(changed if other == heartbeat else other for other in HEALTHY.heartbeats))


def silent(heartbeat: Heartbeat) -> HealthSnapshot:
    late = replace(heartbeat, at_ms=T0 - HEARTBEAT_TIMEOUT_MS - 1)
    return replace(HEALTHY, heartbeats=tuple(late if other == heartbeat else other for other in HEALTHY.heartbeats))


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
        (with_gauges(STREAM, runs=False), "stream"),
        (with_gauges(STREAM, checkpoint_ms=T0 - 60_001), "checkpoint"),
        (silent(HISTORY), "history"),
        (with_gauges(HISTORY, halted="too many"), "history"),
        (with_gauges(HISTORY, waits=True), "history"),
        (with_gauges(HISTORY, lag_s=120.1), "history"),
    ],
)
def test_each_rule_finds_its_own_problem_and_no_other(snapshot: HealthSnapshot, rule: str) -> None:
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
        with_gauges(STREAM, checkpoint_ms=T0 - 60_000),
        with_gauges(HISTORY, lag_s=120.0),
    ],
)
def test_values_at_the_limit_are_no_problem(snapshot: HealthSnapshot) -> None:
    assert find_problems(snapshot) == {}


def test_one_live_producer_is_enough() -> None:
    other = replace(PRODUCER, name="producer-2", at_ms=T0 - HEARTBEAT_TIMEOUT_MS - 1)
    assert find_problems(replace(HEALTHY, heartbeats=(*HEALTHY.heartbeats, other))) == {}


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


def test_stale_boards_are_an_incident_at_once_since_their_last_window() -> None:
    stalled = replace(HEALTHY, boards_end_ms=T0 - 45_000)
    (problem,) = confirmed_incidents(stalled, {})
    assert (problem.rule, problem.since_ms, problem.is_confirmed) == ("boards", T0 - 45_000, True)
    assert verdict(stalled, [problem.rule], 1.0) == "untrusted"


def test_no_incident_begins_before_monitoring_began() -> None:
    open_incidents, _ = track_incidents({}, find_problems(replace(HEALTHY, boards_end_ms=T0 - 3_600_000)), T0, T0)
    assert open_incidents["boards"].since_ms == T0


def test_incidents_of_history_and_viewers_make_the_verdict_partial() -> None:
    assert [verdict(HEALTHY, [rule], 1.0) for rule in ("history", "list", "checkpoint")] == ["partial"] * 3
    assert verdict(HEALTHY, ["history", "stream"], 1.0) == "untrusted"


def test_low_coverage_makes_the_verdict_partial_before_it_is_an_incident() -> None:
    assert verdict(replace(HEALTHY, coverage=0.94), [], 1.0) == "partial"


@pytest.mark.parametrize(
    ("hour", "expected"), [(0.62, "partial"), (0.9499, "partial"), (0.95, "trusted"), (None, "trusted")]
)
def test_the_verdict_depends_on_the_past_hour_too(hour: float | None, expected: str) -> None:
    assert verdict(HEALTHY, [], hour) == expected


def test_keys_and_causes_fit_their_columns() -> None:
    assert all(len(rule.key) <= 20 for rule in RULES)
    assert len(UNWATCHED.cause) <= 200


def test_every_measure_has_a_description_and_no_label_is_personal() -> None:
    assert all(measure.text for measure in MEASURES)
    assert {label for measure in MEASURES for label in measure.labels} <= {
        *("state", "connection", "reason", "kind", "result", "rule", "grain", "topic", "route", "status", "code")
    }
