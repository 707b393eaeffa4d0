"""Frame pacing of a board: at most one frame every two seconds, none while sorting is paused."""

from __future__ import annotations

from pathlib import Path

from tests.dashboard.page_script import run_program

PACE = """
import { Pace } from "./pace.js";
const timers = [];
globalThis.setTimeout = (work, ms) => timers.push({ work, at: now + ms }) && timers.length;
globalThis.clearTimeout = (id) => { if (id) timers[id - 1] = null; };
let now = 0;
const shown = [];
const pace = new Pace({ everyMs: 2_000, show: (frame) => shown.push([now, frame]), clock: () => now });
for (const [at, method, value] of given) {
  for (let due = next(at); due; due = next(at)) {
    now = due.at;
    timers[timers.indexOf(due)] = null;
    due.work();
  }
  now = at;
  pace[method](value);
}
function next(until) {
  return timers.filter((timer) => timer && timer.at <= until).sort((a, b) => a.at - b.at)[0];
}
print(shown);
"""


def test_frames_within_two_seconds_are_skipped(tmp_path: Path) -> None:
    frames = [[at, "push", at] for at in (0, 1_010, 1_990, 3_000, 4_020, 5_000)]
    assert run_program(tmp_path, PACE, frames) == [[0, 0], [1_990, 1_990], [4_020, 4_020]]


def test_the_last_frame_is_shown_even_if_none_follows(tmp_path: Path) -> None:
    assert run_program(tmp_path, PACE, [[0, "push", 0], [1_000, "push", 1], [9_000, "pause", False]]) == [
        [0, 0],
        [2_500, 1],
    ]


def test_updates_are_paused_and_resume_with_the_newest_frame(tmp_path: Path) -> None:
    frames = [[at, "push", at] for at in range(1_000, 8_000, 1_000)]
    events = [[0, "push", 0], [500, "pause", True], *frames, [8_500, "pause", False]]
    assert run_program(tmp_path, PACE, events) == [[0, 0], [8_500, 7_000]]


def test_another_board_is_shown_at_once(tmp_path: Path) -> None:
    events = [
        [0, "push", "old"],
        [500, "push", "older"],
        [600, "reset", None],
        [700, "push", "new"],
        [9_000, "pause", False],
    ]
    assert run_program(tmp_path, PACE, events) == [[0, "old"], [700, "new"]]
