"""Axes, labels, shaded areas, columns and PNG exports of the charts that the script draws."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from apps.dashboard.queries import range_json
from apps.metrics.chart_ranges import RANGES
from apps.metrics.gaps import GAP_REASONS, NO_DATA
from core.times import HOUR_MS, MINUTE_MS
from tests.dashboard.page_script import run_program

# Midnight UTC.
T = 1_795_392_000_000

SCALES = """
import { scaleOf } from "./chart-scales.js";
print(given.map(([columns, decimals, below]) => scaleOf(columns, decimals, below)));
"""


def test_axes_begin_at_zero_and_fit_all_values(tmp_path: Path) -> None:
    rng = random.Random(7)
    cases: list[tuple[list[list[float | None]], int]] = []
    for _ in range(300):
        size = 10 ** rng.uniform(-2, 6)
        lowest = -size if rng.random() < 0.3 else 0
        cases.append(([[rng.uniform(lowest, size), None, rng.uniform(lowest, size)]], rng.randrange(3)))
    for ((column,), decimals), scale in zip(cases, run_program(tmp_path, SCALES, cases), strict=True):
        values, ticks = [value for value in column if value is not None], scale["ticks"]
        assert scale["min"] <= min(0, *values) * (1 - 1e-9)
        assert max(values) <= scale["max"] * (1 + 1e-9)
        assert (ticks[0], ticks[-1]) == pytest.approx((scale["min"], scale["max"])), "both ends have a label"
        steps = {round(after - before, 9) for before, after in pairwise(ticks)}
        assert len(steps) == 1, "ticks are evenly spaced"
        (step,) = steps
        assert step * 10**decimals == pytest.approx(round(step * 10**decimals)), "no tick is finer than the values"
        assert any(abs(tick) < 1e-9 for tick in ticks)
        tallest = max(abs(value) for value in values)
        assert tallest >= 1.9 * step or step <= 10**-decimals + 1e-9, "the line uses the height of the chart"


@pytest.mark.parametrize(
    ("highest", "decimals", "ticks"),
    [
        (3, 0, [0, 1, 2, 3, 4]),
        (97, 0, [0, 25, 50, 75, 100]),
        (12_418, 0, [0, 4_000, 8_000, 12_000, 16_000]),
        (0.3, 1, [0, 0.1, 0.2, 0.3, 0.4]),
    ],
)
def test_ticks_are_round(tmp_path: Path, highest: float, decimals: int, ticks: list[float]) -> None:
    (scale,) = run_program(tmp_path, SCALES, [[[[highest]], decimals]])
    assert scale["ticks"] == pytest.approx(ticks)


def test_an_axis_without_values_has_no_ticks(tmp_path: Path) -> None:
    empty, zero = run_program(tmp_path, SCALES, [[[[None], []], 0], [[[0, 0]], 0]])
    assert empty["ticks"] == []
    assert zero["ticks"] == [0, 1, 2, 3, 4]


def test_ticks_of_the_left_and_right_axis_are_at_the_same_heights(tmp_path: Path) -> None:
    (left,) = run_program(tmp_path, SCALES, [[[[-3.5, 8]], 1]])
    (right,) = run_program(tmp_path, SCALES, [[[[12_418]], 0, left["below"]]])
    assert left["below"] == 2

    def heights(scale: dict[str, Any]) -> list[float]:
        return [(tick - scale["min"]) / (scale["max"] - scale["min"]) for tick in scale["ticks"]]

    assert heights(left)[2:] == pytest.approx(heights(right)), "there are no negative viewers"


NAMES = """
import { apart } from "./end-labels.js";
import { inRows } from "./picture.js";
print({ named: apart(given.ends, 14).map(({ name }) => name), rows: inRows(given.widths, 300, 10) });
"""


def test_names_at_the_ends_of_lines_do_not_overlap(tmp_path: Path) -> None:
    ends = [{"name": name, "y": y} for name, y in (("low", 100), ("top", 10), ("hidden", 20), ("middle", 24))]
    output = run_program(tmp_path, NAMES, {"ends": ends, "widths": [200, 90, 100, 400, 5]})
    assert output["named"] == ["top", "middle", "low"]
    assert output["rows"] == [
        {"x": 0, "row": 0},
        {"x": 210, "row": 0},
        {"x": 0, "row": 1},
        {"x": 0, "row": 2},
        {"x": 0, "row": 3},
    ]


SHADES = """
import { Series } from "./series.js";
import { marksWithData, shadesOf } from "./shades.js";
const series = new Series(given.range);
series.merge({
  end_ms: given.ends, coverage: given.ends.map(() => 1), values: { messages: given.ends.map(() => 5) },
  gaps: given.gaps, marks: given.marks, raw_from_ms: 0,
});
const marks = marksWithData(series.marks, series, given.from_ms).map(({ kind }) => kind);
print({ shades: shadesOf(series, [], given.from_ms), marks });
"""


def shaded(
    tmp_path: Path,
    first_ms: int,
    marks: list[tuple[str, int]],
    gap_ms: int | None = None,
    reason: str = GAP_REASONS["restart"],
) -> dict[str, Any]:
    ends = list(range(first_ms, T + 24 * HOUR_MS, MINUTE_MS))
    gaps = [] if gap_ms is None else [{"from_ms": gap_ms, "until_ms": first_ms, "reason": reason, "length": ""}]
    events = [{"id": kind, "at_ms": at_ms, "until_ms": None, "kind": kind, "label": kind} for kind, at_ms in marks]
    given = {"range": range_json(RANGES["24h"]) | {"step_ms": MINUTE_MS}, "ends": ends, "gaps": gaps, "marks": events}
    output: dict[str, Any] = run_program(tmp_path, SHADES, given | {"from_ms": T})
    return output


def test_a_chart_of_a_new_channel_says_when_recording_began(tmp_path: Path) -> None:
    first_ms = T + 17 * HOUR_MS + 12 * MINUTE_MS
    marks = [("stream_start", T + 9 * HOUR_MS), ("note", T + 10 * HOUR_MS), ("raid", T + 20 * HOUR_MS)]
    # The time on air before the channel was tracked is a gap.
    output = shaded(tmp_path, first_ms + MINUTE_MS, marks, T + 9 * HOUR_MS, NO_DATA)
    (shade,) = output["shades"]
    assert (shade["from_ms"], shade["until_ms"]) == (T, first_ms)
    assert shade["label"].startswith("recording since ")
    assert shade["label"].endswith("17:12")
    assert output["marks"] == ["note", "raid"], "events before the first data are listed, but not drawn"


def test_time_before_a_broadcast_is_marked_off_air_or_not_tracked(tmp_path: Path) -> None:
    started_ms = T + 9 * HOUR_MS
    output = shaded(tmp_path, started_ms + 3 * MINUTE_MS, [("stream_start", started_ms)])
    assert output["shades"] == [{"from_ms": T, "until_ms": started_ms, "label": "off air or not tracked"}]
    assert output["marks"] == ["stream_start"]


def test_a_chart_with_data_or_a_gap_from_its_start_has_no_band(tmp_path: Path) -> None:
    assert shaded(tmp_path, T + MINUTE_MS, [])["shades"] == []
    assert shaded(tmp_path, T + 9 * HOUR_MS, [], gap_ms=T)["shades"] == []
    (shade,) = shaded(tmp_path, T + 9 * HOUR_MS, [], gap_ms=T + HOUR_MS)["shades"]
    assert shade["until_ms"] == T + HOUR_MS, "a gap counts as recorded time"


COLUMNS = """
import { columnsOf } from "./compare-lines.js";
print(given.map(([lines, options]) => columnsOf(lines, "viewers", options)));
"""


def test_previous_period_lines_are_shifted_onto_the_range(tmp_path: Path) -> None:
    line = {
        "zero_ms": 0,
        "step_ms": 10,
        "end_ms": [1_010, 1_020, 1_100],
        "metrics": {"viewers": {"values": [4, 6, None], "average": 5}},
        "previous": {"zero_ms": -100, "end_ms": [910, 930], "values": {"viewers": [10, 5]}},
    }
    alone = line | {"previous": None, "end_ms": [1_010], "metrics": {"viewers": {"values": [8], "average": 4}}}
    clock = {"isStreamTime": False, "isIndex": False}
    values, index = run_program(tmp_path, COLUMNS, [[[line, alone], clock], [[line, alone], clock | {"isIndex": True}]])
    times, first, second, before = values
    drawn = {at: (first[i], second[i], before[i]) for i, at in enumerate(times)}
    assert {at: drawn[at][0] for at in (1_010, 1_020, 1_100)} == {1_010: 4, 1_020: 6, 1_100: None}
    assert [drawn[at][2] for at in (1_010, 1_030)] == [10, 5]
    assert drawn[1_010] == (4, 8, 10)
    assert index[1][:2] == [80, 120]
    assert index[2][0] == index[3][0] == 200, "100 on a previous-period line is the average of the range"


def test_streams_are_compared_from_their_starts(tmp_path: Path) -> None:
    line = {
        "zero_ms": 1_000,
        "step_ms": 10,
        "end_ms": [1_010],
        "metrics": {"viewers": {"values": [4], "average": 4}},
        "previous": {"zero_ms": 200, "end_ms": [210], "values": {"viewers": [7]}},
    }
    ((times, now, before),) = run_program(tmp_path, COLUMNS, [[[line], {"isStreamTime": True, "isIndex": False}]])
    assert (times, now, before) == ([10], [4], [7])
