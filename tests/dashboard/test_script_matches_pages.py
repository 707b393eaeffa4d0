"""Texts that the script formats itself equal those of the pages: points of charts, ages, times and axes."""

from __future__ import annotations

from pathlib import Path

from apps.dashboard.queries import range_json
from apps.dashboard.templatetags.figures import unit, when
from apps.metrics.queries import RANGES, Point, value_of
from core.metrics.display import age, duration, figure
from core.metrics.table import METRIC, METRICS
from tests.dashboard.page_script import run_program

MIDNIGHT_MS = 1_795_392_000_000

FIGURES = """
import { figure } from "./figures.js";
import { valueOf } from "./series.js";
print(given.map(([metric, value, coverage]) => [
  figure(metric, value, coverage),
  valueOf({ coverage, values: { [metric]: value } }, metric),
]));
"""


def test_points_of_a_chart_are_formatted_as_on_the_page(tmp_path: Path) -> None:
    values = (0.0, -0.04, -1.25, 0.5, 2.5, 999.96, 1_234_567.0, -123_456.0, None)
    cases = [(metric.key, value, coverage) for metric in METRICS for value in values for coverage in (0.0, 0.5, 1.0)]
    assert run_program(tmp_path, FIGURES, cases) == [
        [
            figure(*item),
            value_of(Point(0, item[2], {} if item[1] is None else {item[0]: item[1]}), item[0]),
        ]
        for item in cases
    ]


AGES = """
import { age, duration } from "./figures.js";
print(given.map((ms) => [age(0, ms), duration(ms)]));
"""


def test_ages_and_durations_are_formatted_as_on_the_page(tmp_path: Path) -> None:
    spans = [-5, 0, 400, 1_000, 59_999, 60_000, 999_999, 1_000_000, 3_599_999, 3_600_000, 90_000_000]
    assert run_program(tmp_path, AGES, spans) == [[age(0, ms), duration(ms)] for ms in spans]


UNITS = """
import { unitOf } from "./metrics.js";
import { Series, valueOf } from "./series.js";
print(given.ranges.map((range) => {
  const series = new Series(range);
  series.add({ end_ms: 1000, distinct_end_ms: 1000, coverage: 1, values: { chatters: 7, messages: 9 } });
  const [point] = series.points;
  return [given.keys.map((key) => unitOf(key, range)), valueOf(point, "chatters"), valueOf(point, "messages")];
}));
"""


def test_units_name_their_window_length(tmp_path: Path) -> None:
    ranges = list(RANGES.values())
    output = run_program(tmp_path, UNITS, {"keys": list(METRIC), "ranges": [range_json(item) for item in ranges]})
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
import { timeTicks, writeTimes } from "./chart-axes.js";
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
