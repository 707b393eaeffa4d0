"""`make drill-kill`: kill each process in turn with SIGKILL and say how long the boards stood still.

Starts a copy of its own, bounded in time, and ends with `check_ledger` over everything.
"""

from __future__ import annotations

import json
import sys
import time

import httpx

from drills.stack import Stack, wait_until

CHANNELS = 200
LIMIT_S = 180
# Gaps are excused from shortly before the kill, when the last clock was written, until all channels are joined again.
BEFORE_MS = 5_000
RECOVERY_MS = 75_000
CALM_S = 25
FRESH_S = 5
NAMES = (
    "twitch",
    "producer",
    "flink-taskmanager",
    "flink-jobmanager",
    "flink-job",
    "kafka",
    "cassandra",
    "valkey",
    "sink-history",
    "sink-boards",
    "web",
    "worker",
    "beat",
)


def main() -> int:
    """Print one line a fault and the final check; return 1 when a window or a message differs."""
    stack = Stack()
    try:
        stack.start("--channels", str(CHANNELS), "--rate", "300", "--seed", "11")
        wait_until(lambda: stack.wanted() <= stack.covered() != set(), 120, "all channels to be covered")
        print(f"{'killed':<18} {'started again':>14} {'boards live':>12} {'all covered':>12} {'oldest':>12}")
        faults = []
        for name in NAMES:
            began_ms = time.time() * 1000 - BEFORE_MS
            print(drill(stack, name), flush=True)
            faults.append((began_ms, began_ms + RECOVERY_MS))
        figures = stack.check_ledger(faults)
    finally:
        stack.remove()
    print(json.dumps(figures))
    return int(figures["differences"] != 0)


def drill(stack: Stack, name: str) -> str:
    """Kill one process and watch until all has been well for CALM_S; return its line.

    Seconds from the kill until it was started again, until boards and pages were fresh for the last time
    after not being so, until all channels that were covered were again; and the greatest age a board's figures had.
    """
    before = stack.processes()[name]
    began = time.monotonic()
    heard = stack.covered()
    stack.kill(name)
    again = live = whole = worst = 0.0
    while time.monotonic() - began < max(again, live, whole) + CALM_S:
        assert time.monotonic() - began < LIMIT_S, f"{name}: not well again within {LIMIT_S} s"
        now = time.monotonic() - began
        lag_s = stack.board_lag_s()
        worst = max(worst, lag_s if lag_s < LIMIT_S else 0.0)
        if stack.processes().get(name, before) == before:
            again = now
        if lag_s > FRESH_S or not web_answers(stack):
            live = now
        if not heard & stack.wanted() <= stack.covered():
            whole = now
        time.sleep(0.1)
    return f"{name:<18} {again:>12.1f} s {live:>10.1f} s {whole:>10.1f} s {worst:>10.1f} s"


def web_answers(stack: Stack) -> bool:
    """Say whether the web process serves pages."""
    try:
        return httpx.get(f"{stack.url}/healthz", timeout=2).is_success
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    sys.exit(main())
