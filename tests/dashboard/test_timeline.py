"""The timeline of a channel, in Python and JavaScript."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest

from apps.dashboard.timeline import (
    GROUP_LABELS,
    GROUPS,
    SHAPES,
    Line,
    effects_of,
    lines_of,
    marks_by_point,
    marks_json,
    noted,
)
from apps.metrics.chart_ranges import RANGES, Range
from apps.metrics.event_marks import EventMark
from apps.metrics.many_channels import RECENT_MS
from apps.metrics.queries import Point, Series
from core.inputs.timestamps import iso_utc
from core.irc.channel_events import LABELS, SUMMED, label
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.dashboard.page_script import run_program

T = 1_795_392_000_000
STEP_MS = 300_000


def mark(kind: str, at_s: int, count: int | None = None, text: str = "") -> EventMark:
    return EventMark(f"{kind}-{at_s}-{count}", T + at_s * 1000, None, kind, count, label(kind, count, text))


def point(at_s: int) -> Point:
    return Point(T + at_s * 1000, 1.0, {})


def test_the_timeline_is_newest_first_with_merged_sums() -> None:
    marks = [mark("bans", 10, 2), mark("raid", 100, 318), mark("timeouts", 20, 5), mark("bans", 200, 1)]
    assert lines_of(marks, STEP_MS, {}) == [
        Line(T + 100_000, None, "raid", "Raid: 318 viewers", "raids"),
        Line(T, T + STEP_MS, "summed", "Bans: 3 · Timeouts: 5", "moderation"),
    ]


def test_subscriptions_and_moderation_are_separate_lines() -> None:
    marks = [mark("bans", 10, 2), mark("cheers", 20, 300), mark("subscriptions", 30, 4)]
    assert [(line.label, line.group) for line in lines_of(marks, STEP_MS, {})] == [
        ("Bans: 2", "moderation"),
        ("Cheers: 300 bits · Subscriptions: 4", "support"),
    ]


def test_every_listed_kind_has_a_group_with_a_label() -> None:
    assert GROUPS.keys() == {*LABELS.keys() - {"gap", "opt_out"}, "note"}
    assert set(GROUPS.values()) == {group for group, _ in GROUP_LABELS}


def minutes(messages: Sequence[float], viewers: Sequence[float]) -> list[Point]:
    """Return a point for each minute from T."""
    pairs = enumerate(zip(messages, viewers, strict=True), 1)
    return [Point(T + n * MINUTE_MS, 1.0, {"messages": chat, "viewers": seen}) for n, (chat, seen) in pairs]


def test_events_state_how_chat_and_viewers_changed() -> None:
    points = minutes([10] * 10 + [28] * 20, [500] * 10 + [900] * 10 + [530] * 10)
    raid, bans, late = mark("raid", 600, 400), mark("bans", 600, 3), mark("title", 1_740, text="Hi")
    hour = Range("", "", HOUR_MS, STEP_MS, "minute", has_live=False)
    assert effects_of(Series(hour, points, [], [raid, bans, late])) == {raid.id: "chat × 2.8, viewers +6%"}
    (line,) = lines_of([raid], STEP_MS, {raid.id: "chat × 2.8, viewers +6%"})
    assert line.effect == "chat × 2.8, viewers +6%"


def test_effects_are_computed_only_from_minutes_with_known_values() -> None:
    points = minutes([10] * 10 + [28] * 20, [500] * 30)
    raid = mark("raid", 600, 400)
    week = Range("", "", 7 * DAY_MS, STEP_MS, "hour", has_live=False)
    assert effects_of(Series(week, points, [], [raid])) == {}
    hour = Range("", "", HOUR_MS, STEP_MS, "minute", has_live=False)
    for coverage in (0.0, 0.5):
        unheard = [Point(point.end_ms, coverage, {"messages": 5, "viewers": 500}) for point in points]
        assert effects_of(Series(hour, unheard, [], [raid])) == {raid.id: "viewers 0%"}
    assert effects_of(Series(hour, points[8:], [], [raid])) == {}


def test_an_interval_with_events_of_one_kind_keeps_their_icon() -> None:
    assert [line.kind for line in lines_of([mark("cheers", 10, 500)], STEP_MS, {})] == ["cheers"]


def test_charts_mark_events_and_notable_sums() -> None:
    typical = [mark("subscriptions", at_s, 20) for at_s in range(0, 3_000, 300)]
    marks = [*typical, mark("subscriptions", 3_000, 59), mark("subscriptions", 3_300, 60), mark("bans", 60, 900)]
    assert [result.count for result in noted([*marks, mark("title", 5, text="Hi")], STEP_MS)] == [None, 60]


def test_fewer_than_1000_bits_are_not_notable_in_a_quiet_chat() -> None:
    assert noted([mark("cheers", 10, 999)], STEP_MS) == []
    assert len(noted([mark("cheers", 10, 1_000)], STEP_MS)) == 1


@pytest.mark.parametrize("kind", ["announcements", "bits_badges", "milestones"])
def test_frequent_kinds_are_listed_but_never_marked(kind: str) -> None:
    marks = [mark(kind, at_s, 10 * at_s) for at_s in (10, 20, 9_000)]
    assert noted(marks, STEP_MS) == []
    assert [(line.kind, line.label) for line in lines_of(marks, STEP_MS, {})] == [
        (kind, label(kind, 90_000, "")),
        (kind, label(kind, 300, "")),
    ]


def test_each_mark_is_in_exactly_one_table_row() -> None:
    points = [point(300), point(200), point(100)]
    marks = [mark("raid", at_s) for at_s in (50, 100, 101, 200, 250, 400)]
    rows = [[m.at_ms // 1000 - T // 1000 for m in result] for _, result in marks_by_point(points, marks)]
    assert rows == [[250, 400], [101, 200], [50, 100]]
    assert marks_by_point([], marks) == []


def test_recent_marks_are_sent_to_the_browser_unmerged() -> None:
    now_ms = T + 10_000_000
    old, new = mark("bans", 0, 2), mark("bans", 9_990, 3)
    sent = marks_json(Series(RANGES["1h"], [], [], [old, new]), now_ms)
    assert sent["raw_from_ms"] == now_ms - RECENT_MS
    assert [m["id"] for m in sent["marks"]] == [f"bans@{T}", new.id]


def test_every_kind_has_an_icon() -> None:
    assert set(SHAPES) == {*LABELS.keys() - {"gap", "opt_out"}, "note", "summed"}
    assert len(set(SHAPES.values())) == len(SHAPES)


PROGRAM = """
import { linesOf, marksByPoint, merged, noted } from "./timeline.js";
import { Series } from "./series.js";
const { marks, points, range, history, pushed, effects } = given;
const series = new Series(range);
series.addMarks(pushed);
series.merge(history);
series.addMarks(pushed);
const whole = merged(marks, range.merge_ms);
const rows = marksByPoint(points, noted(whole)).map((found) => found.map(({ label }) => label));
const live = linesOf(merged(series.marks, range.merge_ms), effects);
print({ lines: linesOf(whole, effects), noted: noted(whole).map(({ id }) => id), rows, live });
"""


@pytest.mark.parametrize("seed", range(3))
def test_page_and_script_have_the_same_timeline_with_live_marks(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    kinds = [*sorted(SUMMED), "raid", "gift_bomb", "chat_mode"]
    marks = [mark(rng.choice(kinds), at_s, rng.randrange(2_000), "on") for at_s in range(0, 3_600, 7)]
    points = [point(at_s) for at_s in range(3_600, 0, -300)]
    effects = {m.id: f"viewers +{number}%" for number, m in enumerate(marks) if m.kind == "raid"}
    series, read_ms = Series(RANGES["1h"], [], [], marks), T + 3_400_000
    until_then = Series(RANGES["1h"], [], [], [m for m in marks if m.at_ms <= read_ms])
    # Some marks were pushed before the history was read, so its sums include them.
    later = [m for m in marks if m.at_ms >= read_ms - RECENT_MS - 120_000]
    history = {"end_ms": [], "coverage": [], "values": {}, "gaps": [], **marks_json(until_then, read_ms)}
    output = run_program(
        tmp_path,
        PROGRAM,
        {
            "marks": [asdict(m) for m in marks],
            "points": [{"end_ms": p.end_ms} for p in points],
            "range": {"span_ms": 3_600_000, "step_ms": 10_000, "merge_ms": STEP_MS},
            "history": history,
            "effects": effects,
            "pushed": [asdict(m) for m in later],
        },
    )
    lines = [asdict(line) for line in lines_of(series.marks, STEP_MS, effects)]
    displayed = noted(series.marks, STEP_MS)
    assert output["lines"] == lines
    assert output["noted"] == [m.id for m in displayed]
    assert output["rows"] == [[m.label for m in result] for _, result in marks_by_point(points, displayed)]
    assert output["live"] == lines


MOVED = """
import { Series } from "./series.js";
const { range, frames, profiles } = given;
const series = new Series(range);
print(frames.map((marks, i) => {
  const isNew = series.addMarks(marks);
  const isGone = series.dropEnd(profiles[i]);
  return [isNew || isGone, series.marks.map(({ id, at_ms }) => [id, at_ms])];
}));
"""


def test_an_open_page_updates_the_end_of_a_resumed_broadcast(tmp_path: Path) -> None:
    end_id, raid = f"7-stream_end-{T}", {"id": "r", "kind": "raid", "at_ms": T + 1}
    first, second = ({"id": end_id, "kind": "stream_end", "at_ms": at_ms} for at_ms in (T + 60_000, T + 300_000))
    live, offline = {"id": "7", "started_at": iso_utc(T)}, {"id": "7", "started_at": ""}
    frames = [[raid], [raid, first], [raid], [raid], [second]]
    profiles = [live, offline, live, live, offline]
    given = {"range": {"span_ms": 3_600_000, "step_ms": 10_000}, "frames": frames, "profiles": profiles}
    assert run_program(tmp_path, MOVED, given) == [
        [True, [["r", T + 1]]],
        [True, [["r", T + 1], [end_id, T + 60_000]]],
        [True, [["r", T + 1]]],
        [False, [["r", T + 1]]],
        [True, [["r", T + 1], [end_id, T + 300_000]]],
    ]
    frames, profiles = [[first], [second], [second]], [offline, offline, offline]
    assert run_program(tmp_path, MOVED, given | {"frames": frames, "profiles": profiles}) == [
        [True, [[end_id, T + 60_000]]],
        [True, [[end_id, T + 300_000]]],
        [False, [[end_id, T + 300_000]]],
    ]
