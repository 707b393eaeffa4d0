"""`make drill-soak`: inject random faults of the simulated Twitch and check that memory stays flat.

At the end, the counts are checked against the ledger. A fault excuses only gaps of the channels that it affected, from
its start to the end of its recovery. Faults overlap in bursts with quiet periods between them. The printed excused
share is the share of all channels' time in which gaps are excused.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

from core.proof.comparison import Fault
from drills.excuses import DISCONNECTING, excuse, excused_share, fault_time
from drills.recovery import take_sample, watch
from drills.stack import Stack, now_ms, wait_until
from drills.trend import Trend, trend

START_S = 20.0
SAMPLE_S = 10.0
CALM_S = 60.0
# The maximum number of faults per burst, and the ranges in seconds of the pauses between faults and after the last one.
BURST = 3
BETWEEN_S = (3.0, 25.0)
AFTER_BURST_S = (20.0, 60.0)
# A figure counts as flat if it grows by at most a tenth plus this slack: bytes of memory, or a number of descriptors.
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
    "short_pages": {"seconds": (30, 90)},
    "cursor_refused": {"seconds": (30, 90)},
    "bad_starts": {"seconds": (30, 90), "channels": (1, 5)},
    "absent": {"seconds": (30, 90), "channels": (1, 5)},
    "old_answers": {"seconds": (30, 90), "channels": (1, 5)},
    "old_texts": {"seconds": (30, 90), "channels": (1, 5)},
}

Samples = dict[str, list[tuple[float, float]]]


def main() -> int:
    """Print the trends and the ledger's figures; return 1 if a message differs or memory grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"{options.minutes:g} minutes, seed {options.seed}", flush=True)
    stack = Stack()
    try:
        stack.start(
            *("--ingest-only", "--producers", "2", "--channels", "100", "--rate", "300", "--seed", str(options.seed)),
        )
        memory, descriptors, faults, excused = soak(stack, options.minutes * 60, random.Random(options.seed))
        figures = stack.check_ledger(list(map(fault_time, faults)), "--listening")
        violations = stack.simulator()["irc"]["violations"]
    finally:
        stack.remove()
    figures.pop("faults")
    flat = report("memory, MB", memory, 1e6, MEMORY_SLACK) & report("descriptors", descriptors, 1, DESCRIPTOR_SLACK)
    print(f"{'excused':<16}{excused:>11.0%} of the time of all channels")
    print(json.dumps({**figures, "faults": len(faults) - 1, "excused": round(excused, 3), "limits": violations}))
    return int(not flat or figures["differences"] != 0 or any(violations.values()))


def soak(stack: Stack, seconds: float, rng: random.Random) -> tuple[Samples, Samples, list[Fault], float]:
    """Inject faults for `seconds`, then wait for recovery.

    Return the samples of memory and descriptors, the faults (start-up first), and the share of time that they excuse.
    """
    # Watch for START_S: one producer alone looks healthy until the second takes over its share a few seconds later.
    _, in_time = watch(lambda: take_sample(stack, (1, 2)), time.monotonic(), START_S, 240)
    assert in_time, "waited 240 s for all channels to be heard"
    memory: Samples = {name: [] for name in NAMES}
    descriptors: Samples = {name: [] for name in NAMES}
    done = threading.Event()
    sampler = threading.Thread(target=sample, args=(stack, memory, descriptors, done), daemon=True)
    sampler.start()
    began_ms, until_s = now_ms(), time.monotonic() + seconds
    faults = [Fault(0, began_ms)]
    while time.monotonic() < until_s - CALM_S:
        faults += inject_burst(stack, random_burst(rng))
    share = excused_share(faults, stack.listed_channels(), began_ms, now_ms())
    # Ending the run excuses no gaps, because the ledger is checked while the instance is still listening.
    stack.end_faults()
    wait_until(lambda: take_sample(stack, (1, 2)).is_healthy, 240, "all channels to be heard again")
    done.set()
    sampler.join(SAMPLE_S)
    return memory, descriptors, faults, share


def inject_burst(
    stack: Stack, requests: list[tuple[dict[str, Any], float]], sleep: Callable[[float], None] = time.sleep
) -> list[Fault]:
    """Inject one fault after another; return the gaps that each excuses."""
    faults: list[Fault] = []
    disconnected: list[Fault] = []
    for request, pause_s in requests:
        kind, options = request["kind"], {name: value for name, value in request.items() if name != "kind"}
        response = stack.fault(kind, **options)
        faults.append(excuse(response, all_connections=options.get("connections") == 0, disconnected=disconnected))
        if kind in DISCONNECTING:
            disconnected.append(faults[-1])
        print(f"  {kind} {options}", flush=True)
        sleep(pause_s)
    return faults


def random_burst(rng: random.Random) -> list[tuple[dict[str, Any], float]]:
    """Return fault requests, each with the seconds to pause after it; the last pause is long."""
    count = rng.randint(1, BURST)
    pauses = [BETWEEN_S] * (count - 1) + [AFTER_BURST_S]
    return [(random_fault(rng), rng.uniform(*pause)) for pause in pauses]


def random_fault(rng: random.Random) -> dict[str, Any]:
    """Return a fault request: its kind and its options."""
    kind = rng.choice(sorted(KINDS))
    return {"kind": kind, **{name: rng.randint(int(low), int(high)) for name, (low, high) in KINDS[kind].items()}}


def sample(stack: Stack, memory: Samples, descriptors: Samples, done: threading.Event) -> None:
    """Sample memory and descriptors of each process until `done` is set."""
    while not done.wait(SAMPLE_S):
        for name, pid in stack.processes().items():
            if name in memory:
                process = psutil.Process(pid)
                memory[name].append((time.monotonic(), float(process.memory_info().rss)))
                descriptors[name].append((time.monotonic(), float(process.num_fds())))


def report(label: str, samples: Samples, unit: float, slack: float) -> bool:
    """Print the trend of each process; return whether all are flat."""
    print(f"{label:<16}{'first third':>12}{'last third':>12}{'per hour':>12}")
    trends: dict[str, Trend] = {name: trend(values) for name, values in samples.items() if values}
    for name, growth in trends.items():
        mark = "" if growth.is_flat(slack) else "  grows"
        figures = f"{growth.first / unit:>12.1f}{growth.last / unit:>12.1f}{growth.slope_per_h / unit:>+12.1f}"
        print(f"{name:<16}{figures}{mark}")
    return all(growth.is_flat(slack) for growth in trends.values())


if __name__ == "__main__":
    sys.exit(main())
