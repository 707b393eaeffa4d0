"""When something is wrong, and when it becomes an incident and ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.ops.health import RULES, SILENT_MS, UNWATCHED, Look, Sign, findings, follow, incidents, verdict
from core.ops.telemetry import MEASURES

T0 = 1_795_400_000_000
STREAM = Sign("stream", "twitchly", T0, {"runs": True, "checkpoint_ms": T0 - 9_000})
HISTORY = Sign("history", "1", T0, {"waits": False, "halted": "", "lag_s": 0.0})
PRODUCER = Sign("producer", "producer-1", T0, {"wanted": 60, "confirmed": 60})
WELL = Look(T0, T0 - 900, 1.0, 60, T0 - 40_000, 0, (STREAM, HISTORY, PRODUCER))


def told(sign: Sign, **facts: float | str | bool) -> Look:
    """Return the look with other facts in one sign."""
    changed = replace(sign, facts={**sign.facts, **facts})
    return replace(WELL, signs=tuple(changed if one == sign else one for one in WELL.signs))


def silent(sign: Sign) -> Look:
    late = replace(sign, at_ms=T0 - SILENT_MS - 1)
    return replace(WELL, signs=tuple(late if one == sign else one for one in WELL.signs))


def test_nothing_is_wrong_with_what_works_or_has_not_begun() -> None:
    assert findings(WELL) == findings(Look(T0)) == {}
    assert (verdict(WELL, [], 1.0), verdict(Look(T0), [], None)) == ("trusted", "starting")


@pytest.mark.parametrize(
    ("look", "rule"),
    [
        (replace(WELL, boards_end_ms=T0 - 30_001), "boards"),
        (replace(WELL, coverage=0.9499), "coverage"),
        (replace(WELL, listed_ms=T0 - 180_001), "list"),
        (replace(WELL, store_away=True), "store"),
        (silent(PRODUCER), "listening"),
        (silent(STREAM), "stream"),
        (told(STREAM, runs=False), "stream"),
        (told(STREAM, checkpoint_ms=T0 - 60_001), "checkpoint"),
        (silent(HISTORY), "history"),
        (told(HISTORY, halted="too many"), "history"),
        (told(HISTORY, waits=True), "history"),
        (told(HISTORY, lag_s=120.1), "history"),
    ],
)
def test_each_rule_finds_its_own_trouble_and_no_other(look: Look, rule: str) -> None:
    (found,) = findings(look).items()
    assert found[0] == rule
    assert found[1].since_ms <= T0
    assert found[1].cause.endswith(".")


@pytest.mark.parametrize(
    "look",
    [
        replace(WELL, boards_end_ms=T0 - 30_000),
        replace(WELL, coverage=0.95),
        replace(WELL, listed_ms=T0 - 180_000),
        told(STREAM, checkpoint_ms=T0 - 60_000),
        told(HISTORY, lag_s=120.0),
    ],
)
def test_a_limit_itself_is_still_right(look: Look) -> None:
    assert findings(look) == {}


def test_one_listener_that_lives_is_enough() -> None:
    other = replace(PRODUCER, name="producer-2", at_ms=T0 - SILENT_MS - 1)
    assert findings(replace(WELL, signs=(*WELL.signs, other))) == {}


def test_trouble_is_an_incident_once_it_has_lasted_and_keeps_its_begin() -> None:
    found = findings(replace(WELL, coverage=0.5))
    known, ended = follow({}, found, T0, 0)
    assert (known["coverage"].is_sure, known["coverage"].since_ms, ended) == (False, T0, [])
    for later_ms, is_sure in ((299_999, False), (300_000, True)):
        known, ended = follow(known, found, T0 + later_ms, 0)
        assert (known["coverage"].is_sure, known["coverage"].since_ms, ended) == (is_sure, T0, [])
    now, ended = follow(known, {}, T0 + 310_000, 0)
    assert now == {}
    assert [(one.rule, one.is_sure) for one in ended] == [("coverage", True)]


def test_what_stands_still_is_an_incident_at_once_since_its_last_sign() -> None:
    still = replace(WELL, boards_end_ms=T0 - 45_000)
    (found,) = incidents(still, {})
    assert (found.rule, found.since_ms, found.is_sure) == ("boards", T0 - 45_000, True)
    assert verdict(still, [found.rule], 1.0) == "untrusted"


def test_nothing_begins_before_somebody_watched() -> None:
    known, _ = follow({}, findings(replace(WELL, boards_end_ms=T0 - 3_600_000)), T0, T0)
    assert known["boards"].since_ms == T0


def test_history_and_viewers_leave_live_figures_with_a_limit() -> None:
    assert [verdict(WELL, [rule], 1.0) for rule in ("history", "list", "checkpoint")] == ["partial"] * 3
    assert verdict(WELL, ["history", "stream"], 1.0) == "untrusted"


def test_what_is_not_wholly_heard_is_said_before_it_is_an_incident() -> None:
    assert verdict(replace(WELL, coverage=0.94), [], 1.0) == "partial"


@pytest.mark.parametrize(
    ("hour", "said"), [(0.62, "partial"), (0.9499, "partial"), (0.95, "trusted"), (None, "trusted")]
)
def test_the_past_hour_counts_as_well_as_the_past_seconds(hour: float | None, said: str) -> None:
    assert verdict(WELL, [], hour) == said


def test_causes_fit_where_they_are_kept() -> None:
    assert all(len(rule.key) <= 20 for rule in RULES)
    assert len(UNWATCHED.cause) <= 200


def test_every_measure_says_what_it_means_and_no_label_can_name_anybody() -> None:
    assert all(measure.text for measure in MEASURES)
    assert {label for measure in MEASURES for label in measure.labels} <= {
        *("state", "connection", "reason", "kind", "result", "rule", "grain", "topic", "route", "status", "code")
    }
