"""Past spans in the script: zooming, panning, midnight, and the same rules as in Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from apps.dashboard.choices import Choice
from apps.dashboard.queries import range_json
from apps.live.board import Board
from apps.metrics.chart_ranges import RANGES
from apps.metrics.spans import Span, field_value, iso, quick_picks, read_span
from core.metrics.grains import SPAN_MAX_MS
from core.pipeline.records import EPOCH_MS
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.dashboard.page_script import run_program
from twitchly.clock import now_ms

NOW = 1_795_400_000_000
MIDNIGHT = 1_795_392_000_000
LIMITS = {"earliest_ms": EPOCH_MS, "span_ms": SPAN_MAX_MS}

PICKS = """
import { chosen, quickPicks } from "./span.js";
import { fieldValue } from "./times.js";
print(given.map((nowMs) => quickPicks(nowMs).map((span) => [chosen(span), fieldValue(span.fromMs)])));
"""


def test_page_and_script_have_the_same_quick_picks(tmp_path: Path) -> None:
    days = [MIDNIGHT + day * DAY_MS + day % 3 * 43_199_999 for day in range(730)]
    output = run_program(tmp_path, PICKS, days)
    assert output == [
        [[written(span), field_value(span.from_ms)] for _, span in quick_picks(now_ms)] for now_ms in days
    ]


def written(span: Span) -> dict[str, str]:
    return {"from": iso(span.from_ms), "until": iso(span.until_ms)}


FIELDS = """
import { writtenFields } from "./span.js";
print(given.map(([from, until]) => writtenFields(from, until, null)));
"""


def test_date_fields_are_sent_as_written_and_empty_ones_as_empty(tmp_path: Path) -> None:
    fields = [["", ""], [field_value(NOW - HOUR_MS), ""], [field_value(MIDNIGHT), field_value(NOW)]]
    minute = NOW // MINUTE_MS * MINUTE_MS
    assert run_program(tmp_path, FIELDS, fields) == [
        {"from": "", "until": ""},
        {"from": iso(minute - HOUR_MS), "until": ""},
        {"from": iso(MIDNIGHT), "until": iso(minute)},
    ]


def test_page_and_chart_reject_dates_for_the_same_reasons(signed_in: Client) -> None:
    now = now_ms()
    assert signed_in.get(f"/span.json?from={iso(now - HOUR_MS)}&until={iso(now)}").json() == {"reason": ""}
    for span in ("from=2026-11-20T00:00:00Z&until=", "from=2026-11-20T00:00:00Z&until=2026-11-20T00:00:00Z"):
        refused = signed_in.get(f"/channels/1/series?{span}")
        assert refused.status_code == 400
        assert signed_in.get(f"/span.json?{span}").json() == refused.json()
    assert Client().get("/span.json").status_code == 401


ADDRESS = """
globalThis.location = { pathname: "/" };
const { hrefOf } = await import("./address.js");
print(given.map(hrefOf));
"""


def test_page_and_script_build_the_same_query_strings(tmp_path: Path) -> None:
    span = Span(MIDNIGHT, NOW)
    choices = [
        Choice(channel="3"),
        Choice(Board("messages"), "3", "1h", "coverage", span),
        Choice(channel="1", span=span),
        Choice(Board("spam", window="5m"), window="5m"),
    ]
    assert run_program(tmp_path, ADDRESS, [c.parameters() for c in choices]) == [c.query() for c in choices]


MOVES = """
import { fitted, moved } from "./span.js";
const { nowMs, limits, span } = given;
const sent = ({ fromMs, untilMs }) => [fromMs - span.fromMs, untilMs - span.fromMs];
let far = span;
for (let i = 0; i < 40; i += 1) far = moved(far, "out", nowMs, limits);
let near = span;
for (let i = 0; i < 40; i += 1) near = moved(near, "in", nowMs, limits);
print({
  moves: ["in", "out", "earlier", "later"].map((move) => sent(moved(span, move, nowMs, limits))),
  far, near,
  atEdge: moved({ fromMs: nowMs - 600_000, untilMs: nowMs }, "later", nowMs, limits),
  first: moved({ fromMs: limits.earliest_ms, untilMs: limits.earliest_ms + 600_000 }, "earlier", nowMs, limits),
  odd: fitted({ fromMs: span.fromMs + 0.4, untilMs: span.fromMs + 90_000.7 }, nowMs, limits),
});
"""


def test_zooming_and_panning_stay_within_the_allowed_range(tmp_path: Path) -> None:
    span = {"fromMs": NOW - 4 * HOUR_MS, "untilMs": NOW - 2 * HOUR_MS}
    output = run_program(tmp_path, MOVES, {"nowMs": NOW, "limits": LIMITS, "span": span})
    half = HOUR_MS // 2
    assert output["moves"] == [
        [half, 3 * half],
        [-HOUR_MS, 3 * HOUR_MS],
        [-HOUR_MS, HOUR_MS],
        [HOUR_MS, 3 * HOUR_MS],
    ]
    for span in (output["far"], output["near"], output["atEdge"], output["first"], output["odd"]):
        assert read_span(iso(span["fromMs"]), iso(span["untilMs"]), NOW)
        assert span["fromMs"] % 1000 == span["untilMs"] % 1000 == 0
    assert output["far"]["untilMs"] - output["far"]["fromMs"] == SPAN_MAX_MS
    assert output["near"]["untilMs"] - output["near"]["fromMs"] == MINUTE_MS
    assert output["atEdge"] == {"fromMs": NOW - 600_000, "untilMs": NOW}


OTHER_METRIC = """
import { Series } from "./series.js";
const history = (values) => ({
  range: given.range, end_ms: [10_000, 20_000], coverage: [1, 1], values, gaps: [], marks: [], raw_from_ms: 0,
});
const series = new Series(given.range);
series.add({ end_ms: 30_000, coverage: 1, values: { messages: 3, spam: 4 } });
const known = [series.knows("messages")];
series.merge(history({ messages: [1, 2] }));
known.push(series.knows("messages"), series.knows("spam"));
series.merge(history({ spam: [5, null] }));
known.push(series.knows("messages"), series.knows("spam"));
print({ known, messages: series.columns(["messages"])[1], spam: series.columns(["spam"])[1] });
"""


def test_loading_another_metric_keeps_loaded_data(tmp_path: Path) -> None:
    output = run_program(tmp_path, OTHER_METRIC, {"range": range_json(RANGES["10m"])})
    assert output["known"] == [False, True, False, True, True]
    assert (output["messages"], output["spam"]) == ([1, 2, 3], [5, None, 4])


OVER_MIDNIGHT = """
import { when, day } from "./times.js";
import { timeTicks, writeTimes } from "./chart-axes.js";
import { Series } from "./series.js";
const { midnight, range } = given;
const series = new Series(range);
const ends = Array.from({ length: 1201 }, (_, i) => midnight + (i - 600) * 1000);
for (const end_ms of ends) series.add({ end_ms, coverage: 1, values: { messages: 3 } });
const history = ends.filter((end) => end % range.step_ms === 0);
series.merge({
  range, end_ms: history, coverage: history.map(() => 1), values: { messages: history.map(() => 3) },
  gaps: [], marks: [], raw_from_ms: 0,
});
const times = series.columns(["messages"])[0];
const { fromMs, untilMs } = series.span();
print({
  from: fromMs - midnight, until: untilMs - midnight,
  ascending: times.every((at, i) => i === 0 || at > times[i - 1]),
  holes: series.columns(["messages"])[1].filter((value) => value === null).length,
  bands: series.bands().length,
  ticks: writeTimes(null, timeTicks(fromMs, untilMs, 900)),
  rows: [midnight - 1000, midnight, midnight + 1000].map((at) => when(at, midnight + 1000)),
});
"""


@pytest.mark.parametrize("key", ["10m", "24h", "7d"])
def test_an_open_page_continues_past_midnight(tmp_path: Path, key: str) -> None:
    displayed = range_json(RANGES[key])
    output = run_program(tmp_path, OVER_MIDNIGHT, {"midnight": MIDNIGHT, "range": displayed})
    assert output["until"] == 600_000
    assert output["from"] == 600_000 - displayed["span_ms"]
    assert (output["ascending"], output["holes"], output["bands"]) == (True, 0, 0)
    assert key != "10m" or "23 Nov" in output["ticks"]
    assert output["rows"] == ["22 Nov, 23:59:59", "00:00:00", "00:00:01"]
