"""`make drill-soak`: all faults of the simulated Twitch at random from a seed, and whether memory stays flat.

The ledger judges at the end; a gap is excused within a fault and its recovery alone.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from typing import Any

import psutil
import redis

from drills.stack import Stack, wait_until
from drills.trend import Trend, trend
from drills.watching import look

SAMPLE_S = 10.0
RECOVERY_MS = 120_000
BEFORE_MS = 5_000
CALM_S = 60.0
# What a process may grow by and still be flat, beside a tenth.
MEMORY_SLACK = 15e6
DESCRIPTOR_SLACK = 8.0
NAMES = ("producer", "producer-2", "twitch", "worker")
KINDS: dict[str, dict[str, tuple[float, float]]] = {
    "reconnect": {"seconds": (20, 40), "connections": (1, 2)},
    "reset": {"connections": (1, 3)},
    "half_open": {"seconds": (30, 90), "connections": (1, 1)},
    "freeze": {"seconds": (3, 15)},
    "flood": {"seconds": (5, 15), "rate": (500, 1_500), "channels": (1, 5)},
    "slow": {"seconds": (10, 30)},
    "bad_bytes": {"seconds": (5, 20), "connections": (0, 2)},
    "join_refused": {"seconds": (10, 40), "channels": (1, 5)},
    "suspended": {"seconds": (10, 40), "channels": (1, 3)},
    "duplicates": {"seconds": (5, 20), "connections": (0, 2)},
    "token_revoked": {"seconds": (30, 90)},
    "rate_limited": {"seconds": (30, 90)},
    "server_error": {"seconds": (30, 90)},
    "hang": {"seconds": (30, 90)},
    "bad_paging": {"seconds": (30, 90)},
    "malformed": {"seconds": (30, 90)},
}

Samples = dict[str, list[tuple[float, float]]]


def main() -> int:
    """Print the trends and the ledger's figures; return 1 when a message differs or memory grows."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=30.0)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    print(f"{given.minutes:g} minutes, seed {given.seed}", flush=True)
    stack = Stack()
    try:
        stack.start(
            *("--listening", "--producers", "2", "--channels", "100", "--rate", "300", "--seed", str(given.seed)),
        )
        memory, descriptors, faults = soaked(stack, given.minutes * 60, random.Random(given.seed))
        figures = stack.check_ledger(faults, "--listening")
        violations = stack.simulator()["irc"]["violations"]
    finally:
        stack.remove()
    figures.pop("faults")
    flat = told("memory, MB", memory, 1e6, MEMORY_SLACK) & told("descriptors", descriptors, 1, DESCRIPTOR_SLACK)
    print(json.dumps({**figures, "faults": len(faults), "limits": violations}))
    return int(not flat or figures["differences"] != 0 or any(violations.values()))


def soaked(stack: Stack, seconds: float, draw: random.Random) -> tuple[Samples, Samples, list[tuple[float, float]]]:
    """Ask for faults for so long, then wait until all is well; return the samples and the faults' times in ms."""
    streams = redis.Redis(port=stack.port + 5, db=3, socket_timeout=5)
    wait_until(lambda: look(stack, (1, 2), streams).is_well, 180, "all channels to be heard")
    memory: Samples = {name: [] for name in NAMES}
    descriptors: Samples = {name: [] for name in NAMES}
    done = threading.Event()
    sampler = threading.Thread(target=sample, args=(stack, memory, descriptors, done), daemon=True)
    sampler.start()
    faults, until_s = [], time.monotonic() + seconds
    while time.monotonic() < until_s - CALM_S:
        wish = drawn(draw)
        answer = stack.fault(str(wish.pop("kind")), **wish)
        faults.append((answer["from_ms"] - BEFORE_MS, answer["until_ms"] + RECOVERY_MS))
        print(f"  {answer['kind']} {wish}", flush=True)
        time.sleep(draw.uniform(3, 25))
    stack.end_faults()
    wait_until(lambda: look(stack, (1, 2), streams).is_well, 240, "all channels to be heard again")
    done.set()
    sampler.join(SAMPLE_S)
    return memory, descriptors, faults


def drawn(draw: random.Random) -> dict[str, Any]:
    """Return a fault to ask for: its kind and its options."""
    kind = draw.choice(sorted(KINDS))
    return {"kind": kind, **{name: draw.randint(int(low), int(high)) for name, (low, high) in KINDS[kind].items()}}


def sample(stack: Stack, memory: Samples, descriptors: Samples, done: threading.Event) -> None:
    """Note memory and descriptors of each process until `done`."""
    while not done.wait(SAMPLE_S):
        for name, pid in stack.processes().items():
            if name in memory:
                process = psutil.Process(pid)
                memory[name].append((time.monotonic(), float(process.memory_info().rss)))
                descriptors[name].append((time.monotonic(), float(process.num_fds())))


def told(what: str, samples: Samples, unit: float, slack: float) -> bool:
    """Print the trend of each process and return whether all are flat."""
    print(f"{what:<16}{'first third':>12}{'last third':>12}{'by hour':>12}")
    trends: dict[str, Trend] = {name: trend(values) for name, values in samples.items() if values}
    for name, one in trends.items():
        mark = "" if one.is_flat(slack) else "  grows"
        print(f"{name:<16}{one.first / unit:>12.1f}{one.last / unit:>12.1f}{one.slope_per_h / unit:>+12.1f}{mark}")
    return all(one.is_flat(slack) for one in trends.values())


if __name__ == "__main__":
    sys.exit(main())
