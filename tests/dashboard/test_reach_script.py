"""static/js/reach.js in Node with a fake browser: whether the server can be reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.dashboard.page_script import run_program

BROWSER = """
const listeners = {};
const timers = [];
const requests = [];
const changes = [];
globalThis.addEventListener = (name, listener) => (listeners[name] = listener);
globalThis.setTimeout = (run) => timers.push(run);
globalThis.clearTimeout = (id) => id && (timers[id - 1] = null);
Object.defineProperty(globalThis, "navigator", { value: { onLine: true } });
globalThis.fetch = () => new Promise((resolve, reject) => requests.push({ resolve, reject }));
const settled = () => new Promise((resolve) => setImmediate(resolve));
const answer = async (ok) => {
  const { resolve, reject } = requests.shift();
  if (ok) resolve({ ok }); else reject(new TypeError("no network"));
  await settled();
};
const network = async (onLine) => {
  navigator.onLine = onLine;
  listeners[onLine ? "online" : "offline"]();
  await settled();
};
const wait = async () => { timers.splice(0).forEach((run) => run?.()); await settled(); };
const { reach } = await import("./reach.js");
reach.onChange((isAway) => changes.push(isAway));
reach.follow();
"""


def run_in_browser(tmp_path: Path, program: str) -> Any:
    return run_program(tmp_path, BROWSER + program, None)


def test_loss_and_recovery_of_the_network_are_detected(tmp_path: Path) -> None:
    program = "await network(false); await answer(false); await network(true); await answer(true); print(changes);"
    assert run_in_browser(tmp_path, program) == [True, False]


def test_a_request_that_still_succeeds_after_the_network_is_lost_is_repeated(tmp_path: Path) -> None:
    program = "await network(false); await answer(true); await wait(); await answer(false); print(changes);"
    assert run_in_browser(tmp_path, program) == [True]


def test_a_server_that_answers_without_a_network_counts_as_reachable(tmp_path: Path) -> None:
    program = "await network(false); await answer(true); await wait(); await answer(true); print(changes);"
    assert run_in_browser(tmp_path, program) == []


def test_recovery_of_the_network_during_a_request_is_detected_immediately(tmp_path: Path) -> None:
    program = """
    await network(false); await answer(false); await wait();
    await network(true); await answer(false); await answer(true);
    print(changes);
    """
    assert run_in_browser(tmp_path, program) == [True, False]


def test_no_request_follows_a_successful_one(tmp_path: Path) -> None:
    program = "await network(true); await answer(true); await wait(); print(requests.length);"
    assert run_in_browser(tmp_path, program) == 0
