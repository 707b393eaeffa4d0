"""`make drill-soak`: all faults of the simulated Twitch at random from a seed, and whether memory stays flat.

The ledger judges at the end; a gap is excused of the channels that a fault touched, within it and its recovery
alone. Faults come in bursts in which they overlap, with calm stretches between: what is printed as excused is the
share of all channels' time in which no gap can be wrong.
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
from drills.excuses import CUTTING_OFF, excuse, excused_share, fault_time
from drills.stack import Stack, now_ms, wait_until
from drills.trend import Trend, trend
from drills.watching import look, watch

START_S = 20.0
SAMPLE_S = 10.0
CALM_S = 60.0
# A burst has at most so many faults; between them, and after the last of them, it is so many seconds.
BURST = 3
BETWEEN_S = (3.0, 25.0)
AFTER_BURST_S = (20.0, 60.0)
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
    "short_pages": {"seconds": (30, 90)},
    "cursor_refused": {"seconds": (30, 90)},
    "bad_starts": {"seconds": (30, 90), "channels": (1, 5)},
    "absent": {"seconds": (30, 90), "channels": (1, 5)},
    "old_answers": {"seconds": (30, 90), "channels": (1, 5)},
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
            *("--ingest-only", "--producers", "2", "--channels", "100", "--rate", "300", "--seed", str(given.seed)),
        )
        memory, descriptors, faults, excused = soaked(stack, given.minutes * 60, random.Random(given.seed))
        figures = stack.check_ledger(list(map(fault_time, faults)), "--listening")
        violations = stack.simulator()["irc"]["violations"]
    finally:
        stack.remove()
    figures.pop("faults")
    flat = told("memory, MB", memory, 1e6, MEMORY_SLACK) & told("descriptors", descriptors, 1, DESCRIPTOR_SLACK)
    print(f"{'excused':<16}{excused:>11.0%} of the time of all channels")
    print(json.dumps({**figures, "faults": len(faults) - 1, "excused": round(excused, 3), "limits": violations}))
    return int(not flat or figures["differences"] != 0 or any(violations.values()))


def soaked(stack: Stack, seconds: float, draw: random.Random) -> tuple[Samples, Samples, list[Fault], float]:
    """Ask for faults for so long, then wait until all is well.

    Return the samples, the faults with the start as the first, and which share of the time between they excuse.
    """
    # All is well for a moment too while one producer is alone: the other takes its share some seconds later.
    _, is_well = watch(lambda: look(stack, (1, 2)), time.monotonic(), START_S, 240)
    assert is_well, "waited 240 s for all channels to be heard"
    memory: Samples = {name: [] for name in NAMES}
    descriptors: Samples = {name: [] for name in NAMES}
    done = threading.Event()
    sampler = threading.Thread(target=sample, args=(stack, memory, descriptors, done), daemon=True)
    sampler.start()
    began_ms, until_s = now_ms(), time.monotonic() + seconds
    faults = [Fault(0, began_ms)]
    while time.monotonic() < until_s - CALM_S:
        faults += let_burst(stack, burst(draw))
    share = excused_share(faults, stack.wanted(), began_ms, now_ms())
    # The end excuses nothing: the ledger is judged while the copy still listens.
    stack.end_faults()
    wait_until(lambda: look(stack, (1, 2)).is_well, 240, "all channels to be heard again")
    done.set()
    sampler.join(SAMPLE_S)
    return memory, descriptors, faults, share


def let_burst(
    stack: Stack, wishes: list[tuple[dict[str, Any], float]], sleep: Callable[[float], None] = time.sleep
) -> list[Fault]:
    """Ask for one fault after the other, and return what each excuses."""
    faults: list[Fault] = []
    cut_off: list[Fault] = []
    for wish, pause_s in wishes:
        kind, options = wish["kind"], {name: value for name, value in wish.items() if name != "kind"}
        answer = stack.fault(kind, **options)
        faults.append(excuse(answer, all_connections=options.get("connections") == 0, cut_off=cut_off))
        if kind in CUTTING_OFF:
            cut_off.append(faults[-1])
        print(f"  {kind} {options}", flush=True)
        sleep(pause_s)
    return faults


def burst(draw: random.Random) -> list[tuple[dict[str, Any], float]]:
    """Return faults to ask for, each with the seconds of pause after it: a calm stretch after the last."""
    count = draw.randint(1, BURST)
    pauses = [BETWEEN_S] * (count - 1) + [AFTER_BURST_S]
    return [(drawn(draw), draw.uniform(*pause)) for pause in pauses]


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
