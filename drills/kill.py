"""`make drill-kill`: kill each process in turn with SIGKILL and say how long the boards stood still.

Starts a copy of its own, bounded in time, and ends with `check_ledger` over everything.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import httpx
import redis

from drills.stack import Stack, wait_until

LIMIT_S = 120
CALM_S = 20
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
        stack.start("--channels", "200", "--rate", "300", "--seed", "11")
        wait_until(lambda: covered(stack) == 200, 120, "all channels to be covered")
        print(f"{'killed':<18} {'started again':>14} {'boards live':>12} {'all covered':>12}")
        for name in NAMES:
            print(drill(stack, name), flush=True)
            time.sleep(CALM_S)
        figures = stack.check_ledger()
    finally:
        stack.remove()
    print(json.dumps(figures))
    return int(figures["differences"] != 0)


def drill(stack: Stack, name: str) -> str:
    """Kill one process; return its line: seconds until it ran, boards were fresh, and all channels covered."""
    before = stack.processes()[name]
    killed_ms, began = time.time() * 1000, time.monotonic()
    stack.kill(name)
    wait_until(lambda: stack.processes().get(name, before) != before, LIMIT_S, f"{name} to be started again", 0.1)
    again = time.monotonic() - began
    wait_until(lambda: fresh(stack, killed_ms), LIMIT_S, "fresh boards", 0.1)
    live = time.monotonic() - began
    wait_until(lambda: covered(stack) == 200, LIMIT_S, "all channels to be covered", 0.5)
    return f"{name:<18} {again:>12.1f} s {live:>10.1f} s {time.monotonic() - began:>10.1f} s"


def fresh(stack: Stack, killed_ms: float) -> bool:
    """Say whether the boards show a window that ended after the fault, and are as fresh as usual."""
    return stack.newest_end_ms() > killed_ms and stack.board_lag_s() < FRESH_S and web_answers(stack)


def web_answers(stack: Stack) -> bool:
    """Say whether the web process serves pages."""
    try:
        return httpx.get(f"{stack.url}/healthz", timeout=2).is_success
    except httpx.HTTPError:
        return False


def covered(stack: Stack) -> int:
    """Return how many channels were listened to in full in their newest window."""
    try:
        values: Any = stack.boards.hvals("values:live")
    except redis.RedisError:
        return 0
    newest = stack.newest_end_ms()
    live = [json.loads(value) for value in values]
    return sum(one["coverage"] == 1 and one["end_ms"] >= newest - 2_000 for one in live)


if __name__ == "__main__":
    sys.exit(main())
