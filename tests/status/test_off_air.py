"""Charts mark time off air and explain why they are empty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from apps.dashboard.queries import range_json
from apps.metrics.chart_ranges import RANGES, past_range
from core.times import HOUR_MS, MINUTE_MS
from tests.dashboard.page_script import run_program

T = 1_795_392_000_000

SERIES = """
import { Series } from "./series.js";
import { historyNote } from "./history-note.js";
print(given.map(({ range, ends, marks, gaps, frames, now_ms: nowMs, is_offline: isOffline, metric }) => {
  const series = new Series(range);
  const notes = [historyNote(series, { isLive: frames.length > 0, nowMs })];
  if (ends) series.merge({
    range, end_ms: ends, coverage: ends.map(() => 1), values: { messages: ends.map(() => 5) },
    gaps: gaps ?? [], marks, raw_from_ms: 0,
  });
  for (const frame of frames) series.add(frame);
  notes.push(historyNote(series, { isLive: frames.length > 0, nowMs }));
  const { untilMs } = series.span(nowMs);
  return {
    off: series.offAir(untilMs, isOffline), bands: series.bands(isOffline ? untilMs : null), until: untilMs,
    edge: series.edgeMs("messages", nowMs), known: series.knows("messages"), notes,
  };
}));
"""


def mark(kind: str, at_ms: int) -> dict[str, Any]:
    return {"id": f"{kind}@{at_ms}", "at_ms": at_ms, "until_ms": None, "kind": kind, "count": None, "label": kind}


def frame(end_ms: int) -> dict[str, Any]:
    ends = {"end_ms": end_ms, "distinct_end_ms": end_ms}
    return ends | {"coverage": 1, "distinct_coverage": 1, "values": {"messages": 5}}


def draw(tmp_path: Path, **case: Any) -> dict[str, Any]:
    given = {"range": range_json(RANGES["1h"]), "ends": None, "marks": [], "frames": [], "is_offline": False} | case
    (chart,) = run_program(tmp_path, SERIES, [given])
    return dict(chart)


def test_time_after_a_broadcast_is_marked_off_air(tmp_path: Path) -> None:
    ends = [T + n * 10_000 for n in range(90)]
    chart = draw(tmp_path, ends=ends, marks=[mark("stream_end", T + 5 * MINUTE_MS)], now_ms=T + 40 * MINUTE_MS)
    assert chart["off"] == [{"from_ms": T + 5 * MINUTE_MS, "until_ms": T + 40 * MINUTE_MS}]
    assert chart["until"] == T + 40 * MINUTE_MS, "the chart extends to now, not only to the last window"
    assert chart["edge"] is None, "no old window is shown as current"


def test_the_next_broadcast_ends_off_air_time_without_a_gap(tmp_path: Path) -> None:
    ends = [*(T + n * 10_000 for n in range(30)), *(T + 30 * MINUTE_MS + n * 10_000 for n in range(30))]
    marks = [mark("stream_end", T + 4 * MINUTE_MS), mark("stream_start", T + 29 * MINUTE_MS)]
    now_ms = ends[-1] + 1_000
    chart = draw(tmp_path, ends=ends, marks=marks, now_ms=now_ms)
    assert chart["off"] == [{"from_ms": T + 4 * MINUTE_MS, "until_ms": T + 29 * MINUTE_MS}]
    # The server lists missed time as gaps; other time without windows was not tracked.
    assert chart["bands"] == []
    assert chart["edge"] == ends[-1]


def test_only_listed_gaps_and_missing_live_windows_are_hatched(tmp_path: Path) -> None:
    ends = [*(T + n * 10_000 for n in range(30)), *(T + 10 * MINUTE_MS + n * 10_000 for n in range(30))]
    assert draw(tmp_path, ends=ends, now_ms=ends[-1])["bands"] == []
    gap = {"from_ms": T + 6 * MINUTE_MS, "until_ms": T + 7 * MINUTE_MS}
    assert draw(tmp_path, ends=ends, gaps=[gap], now_ms=ends[-1])["bands"] == [gap]
    live_ms = ends[-1] + 2 * MINUTE_MS
    open_gap = {"from_ms": ends[-1], "until_ms": live_ms}
    assert draw(tmp_path, ends=ends, frames=[frame(live_ms)], now_ms=live_ms)["bands"] == [open_gap]


def test_a_channel_that_was_never_on_air_is_marked_off_air_throughout(tmp_path: Path) -> None:
    chart = draw(tmp_path, ends=[], now_ms=T, is_offline=True)
    assert chart["off"] == [{"from_ms": T - HOUR_MS, "until_ms": T}]
    assert draw(tmp_path, ends=[], now_ms=T)["off"] == []


def test_no_loading_note_is_shown_after_history_is_loaded(tmp_path: Path) -> None:
    # The chart has only live points until the first hour has ended.
    at_ms = T + 31 * MINUTE_MS
    case = {"range": range_json(RANGES["90d"]), "frames": [frame(at_ms)], "now_ms": at_ms}
    chart = draw(tmp_path, ends=[], **case)
    assert chart["known"]
    assert chart["notes"] == ["", "No history yet. The first hour appears shortly after 01:00 UTC."]
    assert not draw(tmp_path, **case)["known"]
    minutes = case | {"range": range_json(RANGES["7d"]) | {"step_ms": MINUTE_MS}}
    assert (
        draw(tmp_path, ends=[], **minutes)["notes"][1]
        == "No history yet. The first minute appears shortly after 00:31 UTC."
    )
    stored = draw(tmp_path, ends=[T], **case)
    assert stored["notes"][1] == ""


def test_the_note_says_that_a_range_has_no_history(tmp_path: Path) -> None:
    assert draw(tmp_path, ends=[], now_ms=T)["notes"][1] == "No history for this channel in this range."
    past = range_json(past_range(T - HOUR_MS, T, T))
    assert draw(tmp_path, range=past, ends=[], now_ms=T)["notes"][1] == "No history for this channel in this range."
