"""Templates and scripts produce the same texts."""

from __future__ import annotations

from dataclasses import asdict, astuple, replace
from pathlib import Path

import pytest

from apps.dashboard.queries import range_json
from apps.dashboard.summary import now_note
from apps.dashboard.templatetags.boards import move, place, spark_path, state_words
from apps.dashboard.templatetags.figures import unit, when
from apps.dashboard.views import metric_json
from apps.live.directory import Profile
from apps.live.readings import ChannelNow, Row
from apps.metrics.queries import RANGES, Point, value_of
from core.metrics.display import at_least, figure
from core.metrics.table import BOARDS, METRIC, METRICS
from tests.dashboard.page_script import run_program

TABLE = {metric.key: metric_json(metric) for metric in METRICS}
MIDNIGHT_MS = 1_795_392_000_000
NOW = ChannelNow(Profile("1", "alpha", "Alpha"), MIDNIGHT_MS, 1.0, {}, {}, {})
VALUED = replace(NOW, values={metric.key: 0.0 for metric in METRICS})
BELOW = {metric.key: "needs 10 messages in 30 s" for metric in BOARDS}
OFFLINE = Profile("1", "alpha", "Alpha", is_offline=True)


FIGURES = """
import { atLeast, figure } from "./figures.js";
import { useMetrics } from "./metrics.js";
import { valueOf } from "./series.js";
useMetrics(given.table);
print(given.asked.map(([metric, value, coverage]) => [
  figure(metric, value, coverage),
  atLeast(metric, value, coverage < 1),
  valueOf({ coverage, values: { [metric]: value } }, metric),
]));
"""


def test_page_and_script_format_values_alike(tmp_path: Path) -> None:
    values = (0.0, -0.04, -1.25, 0.5, 2.5, 999.96, 1_234_567.0, -123_456.0)
    cases = [(metric.key, value, coverage) for metric in METRICS for value in values for coverage in (0.0, 0.5, 1.0)]
    output = run_program(tmp_path, FIGURES, {"table": TABLE, "asked": cases})
    assert output == [
        [
            figure(*item),
            at_least(item[0], item[1], item[2] < 1),
            value_of(Point(0, item[2], {item[0]: item[1]}), item[0]),
        ]
        for item in cases
    ]


UNITS = """
import { unitOf, useMetrics } from "./metrics.js";
import { Series, valueOf } from "./series.js";
useMetrics(given.table);
print(given.ranges.map((range) => {
  const series = new Series(range);
  series.add({ end_ms: 1000, distinct_end_ms: 1000, coverage: 1, values: { chatters: 7, messages: 9 } });
  const [point] = series.points;
  return [given.keys.map((key) => unitOf(key, range)), valueOf(point, "chatters"), valueOf(point, "messages")];
}));
"""


def test_units_name_their_window_length(tmp_path: Path) -> None:
    ranges = list(RANGES.values())
    given = {"table": TABLE, "keys": list(METRIC), "ranges": [range_json(item) for item in ranges]}
    output = run_program(tmp_path, UNITS, given)
    for displayed, (units, chatters, messages) in zip(ranges, output, strict=True):
        assert units == [unit(metric, displayed) for metric in METRICS]
        assert messages == 9
        assert chatters == (7 if displayed.grain == "live" else None)
    assert unit(METRIC["chatters"], RANGES["90d"]) == "chatters / h"
    assert unit(METRIC["messages"], RANGES["90d"]) == "msg / 30 s"


TIMES = """
import { when } from "./times.js";
print(given.map(([atMs, nowMs]) => when(atMs, nowMs)));
"""


def test_page_and_script_format_dates_alike(tmp_path: Path) -> None:
    midnight_ms = MIDNIGHT_MS
    times = [midnight_ms - 86_400_000 * 90, midnight_ms - 1, midnight_ms, midnight_ms + 86_399_999]
    cases = [[at_ms, now_ms] for at_ms in times for now_ms in times]
    output = run_program(tmp_path, TIMES, cases)
    assert output == [when(*item) for item in cases]
    assert when(midnight_ms - 1, midnight_ms) == "22 Nov, 23:59:59"
    assert when(midnight_ms, midnight_ms + 86_399_999) == "00:00:00"


TICKS = """
import { timeTicks, writeTimes } from "./chart-marks.js";
print(given.map(([min, max]) => writeTimes(null, timeTicks(min, max, 800))));
"""


def test_axes_over_several_days_show_dates(tmp_path: Path) -> None:
    end_ms, day_ms = 1_795_392_000_000 + 3_600_000, 86_400_000
    hours, week, quarter = run_program(tmp_path, TICKS, [[end_ms - days * day_ms, end_ms] for days in (0.25, 7, 90)])
    assert "23 Nov" in hours
    assert set(hours) > {"20:00", "22:00"}
    assert week == ["17 Nov", "18 Nov", "19 Nov", "20 Nov", "21 Nov", "22 Nov"]
    assert len(quarter) == len(set(quarter)) >= 4
    assert all(" " in tick for tick in quarter)


NOTES = """
import { useMetrics } from "./metrics.js";
import { nowNote } from "./summary.js";
useMetrics(given.table);
print(given.channels.map((now) => given.keys.map((key) => nowNote(key, now))));
"""
CHANNELS = [
    NOW,
    VALUED,
    replace(VALUED, unranked=BELOW),
    replace(NOW, unranked=BELOW),
    replace(VALUED, profile=OFFLINE, unranked=BELOW),
    replace(NOW, profile=OFFLINE),
    replace(NOW, end_ms=None),
    *(replace(VALUED, end_ms=MIDNIGHT_MS + after_ms) for after_ms in (5_000, 25_000, 30_000)),
]


def test_page_and_script_explain_missing_values_alike(tmp_path: Path) -> None:
    channels = [channel.as_json() for channel in CHANNELS]
    output = run_program(tmp_path, NOTES, {"table": TABLE, "keys": list(METRIC), "channels": channels})
    assert output == [[now_note(key, channel) for key in METRIC] for channel in CHANNELS]


def test_channels_that_are_not_loaded_have_no_note(tmp_path: Path) -> None:
    assert run_program(tmp_path, NOTES, {"table": TABLE, "keys": ["spam"], "channels": [None]}) == [[""]]


@pytest.mark.parametrize(
    ("channel", "output"),
    [
        (NOW, "no messages"),
        (VALUED, ""),
        (replace(VALUED, unranked=BELOW), "not ranked: needs 10 messages in 30 s"),
        (replace(NOW, unranked=BELOW), "no messages"),
        (replace(NOW, profile=OFFLINE, unranked=BELOW), "the stream is offline"),
        (replace(NOW, end_ms=None), "no live window"),
        (replace(VALUED, end_ms=MIDNIGHT_MS + 5_000), ""),
    ],
)
def test_missing_values_are_explained_before_missing_ranks(channel: ChannelNow, output: str) -> None:
    assert now_note("spam", channel) == output


def test_distinct_counts_over_midnight_have_a_note() -> None:
    notes = {ms: now_note("chatters", replace(VALUED, end_ms=MIDNIGHT_MS + ms)) for ms in (0, 5_000, 25_000, 30_000)}
    assert {ms for ms, note in notes.items() if note.startswith("across midnight UTC")} == {5_000, 25_000}


def test_excitement_has_a_note_while_warming() -> None:
    assert now_note("excitement", NOW).startswith("warming: with fewer than 10 earlier windows")


ROWS = """
import { moveWords, placeOf, stateWords } from "./rows.js";
print(given.map((row) => [moveWords(row), stateWords(row, 1_000_000), placeOf(row)]));
"""
ROW = Row("1", "alpha", "Alpha", "Chess", "English", 7.0, 1.0, 980_000, "live", None, False, "", 1)
BOARD_ROWS = [
    ROW,
    *(replace(ROW, moved=places) for places in (0, 1, -1, 12, -12)),
    replace(ROW, is_new=True),
    *(replace(ROW, state=state) for state in ("quiet", "ended", "stale")),
    replace(ROW, language=""),
    replace(ROW, category="", language=""),
]


def test_page_and_script_show_rank_changes_and_states_alike(tmp_path: Path) -> None:
    output = run_program(tmp_path, ROWS, [asdict(row) for row in BOARD_ROWS])
    assert output == [[list(astuple(move(row))), state_words(row, 1_000_000), place(row)] for row in BOARD_ROWS]
    assert state_words(BOARD_ROWS[-3], 1_000_000) == "stale 20 s"


SPARKS = """
import { sparkPath } from "./spark.js";
print(given.map(sparkPath));
"""


def test_page_and_script_draw_sparklines_alike(tmp_path: Path) -> None:
    levels = ["", "0", "...", ".0.", "0z", "0.z", "0z..h0z", "..00", "z" * 31, "0h..z"]
    assert run_program(tmp_path, SPARKS, levels) == [spark_path(item) for item in levels]
    assert spark_path("0z.h") == "M0 36L2 1M6 19h0"
