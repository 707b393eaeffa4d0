"""The script formats chart points, ages, times and axes as the pages do."""

from __future__ import annotations

import itertools
from pathlib import Path

from apps.dashboard.queries import range_json, summary_json
from apps.dashboard.summary import summarize, with_live_value
from apps.dashboard.templatetags.figures import unit, when
from apps.live.directory import Profile
from apps.live.readings import ChannelNow
from apps.metrics.chart_ranges import RANGES
from apps.metrics.queries import Point, Series, value_of
from core.metrics.display import age, at_least, duration, figure
from core.metrics.ranges import PeakValue, RangeSummary
from core.metrics.table import METRIC, METRICS
from tests.dashboard.page_script import run_program

MIDNIGHT_MS = 1_795_392_000_000
COVERAGES = (0.0, 0.5, 0.9994, 0.9995, 1.0)

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
    cases = [(metric.key, value, coverage) for metric in METRICS for value in values for coverage in COVERAGES]
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


def test_units_include_their_window_length(tmp_path: Path) -> None:
    ranges = list(RANGES.values())
    output = run_program(tmp_path, UNITS, {"keys": list(METRIC), "ranges": [range_json(item) for item in ranges]})
    for displayed, (units, chatters, messages) in zip(ranges, output, strict=True):
        assert units == [unit(metric, displayed) for metric in METRICS]
        assert messages == 9
        assert chatters == (7 if displayed.grain == "live" else None)
    assert unit(METRIC["chatters"], RANGES["90d"]) == "chatters / h"
    assert unit(METRIC["messages"], RANGES["90d"]) == "msg / 30 s"


PEAKS = """
import { LivePeaks } from "./peaks.js";
print(given.cases.map(([metric, summary, channel]) => {
  const { peak, peak_ms, is_lower_bound } = new LivePeaks().raise(summary, metric, channel, given.fromMs);
  return [peak, peak_ms, is_lower_bound];
}));
"""


def test_page_and_script_raise_peaks_alike(tmp_path: Path) -> None:
    chart_range, now_ms = RANGES["10m"], MIDNIGHT_MS
    cases, expected = [], []
    for metric, value, coverage, end_ms, peak in itertools.product(
        (METRIC["viewers"], METRIC["messages"], METRIC["coverage"]),
        (5.0, 9.0),
        COVERAGES,
        (now_ms, now_ms - chart_range.span_ms),
        (None, 7.0),
    ):
        channel = ChannelNow(Profile("1", "alpha", "Alpha"), end_ms, coverage, {metric.key: value}, {}, {})
        peaks = {} if peak is None else {metric.key: PeakValue(peak, 60_000)}
        series = Series(chart_range, [], [], [], summary=RangeSummary(0, 60_000, peaks=peaks, heard_ms=60_000))
        summary = summarize(series, metric.key)
        raised = with_live_value(summary, metric, chart_range, channel, now_ms)
        cases.append([metric.key, summary_json(summary, metric, chart_range), channel.as_json()])
        text = at_least(metric.key, raised.peak, raised.lower_bound)
        expected.append([text, raised.peak_ms, raised.lower_bound])
    output = run_program(tmp_path, PEAKS, {"cases": cases, "fromMs": now_ms - chart_range.span_ms})
    assert output == expected
    assert len({peak for peak, _, _ in expected}) > 3


HIGHEST = """
import { LivePeaks } from "./peaks.js";
const peaks = new LivePeaks();
print(given.values.map((value, second) => {
  const channel = { end_ms: second * 1000 + 1, coverage: 1, values: { viewers: value } };
  return peaks.raise(given.summary, "viewers", channel, second * 1000 - given.spanMs).peak;
}));
"""


def test_the_script_keeps_the_highest_live_value_of_the_range(tmp_path: Path) -> None:
    series = Series(RANGES["10m"], [], [], [], summary=RangeSummary(0, 1, peaks={"viewers": PeakValue(5, 0)}))
    summary = summary_json(summarize(series, "viewers"), METRIC["viewers"], RANGES["10m"])
    given = {"values": [4, 9, 6, 6, 6], "summary": summary, "spanMs": 2_000}
    assert run_program(tmp_path, HIGHEST, given) == ["5", "9", "9", "9", "6"]


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
