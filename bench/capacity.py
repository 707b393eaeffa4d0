"""`python -m bench.capacity`: 5,000 channels with two producers, the simulated Twitch beside them, at rising rates.

Says what was asked for, sent, heard and lost at each step, and where the CPU went; the ledger says at the end
whether anything was lost unnoticed.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise

from bench.command import exit_code, instance, options
from bench.machine import keep, table
from drills.stack import Stack, wait_until

PRODUCERS = 2
BASE_RATE = 1_000
RATES = (5_000, 10_000, 15_000, 20_000)
SETTLE_S, SMOKE_SETTLE_S = 10.0, 2.0
DRAIN_S = 120.0
END_MS = 9_999_999_999_999.0
OTHERS = ("twitch", "kafka")
# The least share of what was asked for that the simulated Twitch must have sent.
SENT = 0.9
CONFIRMED = 'twitchly_irc_channels{state="confirmed"}'
BUFFERED = "twitchly_records_buffered"

Figures = dict[str, float]


def main() -> int:
    """Print a row a step; return 1 when something was lost unnoticed or a limit of Twitch was overrun."""
    parser = options(__doc__)
    parser.add_argument("--channels", type=int, default=5_000)
    parser.add_argument("--rates", type=int, nargs="*", default=RATES)
    parser.add_argument("--seconds", type=float, default=40.0, help="how long each rate is measured")
    given = parser.parse_args()
    if given.smoke:
        given.rates, given.seconds = [BASE_RATE + 50], 2.0

    def start(stack: Stack) -> None:
        # Some channels are offline at any time: of an eighth more, enough are live.
        audience = ("--channels", str(given.channels * 9 // 8), "--rate", str(BASE_RATE), "--seed", "1")
        stack.start("--listening", "--producers", str(PRODUCERS), *audience)

    with instance(given.on, start, CHANNELS_WANTED=str(given.channels)) as stack:
        channels = len(stack.listed_channels()) if given.on else given.channels
        joined_s = wait_until(lambda: everywhere(stack, CONFIRMED) >= channels, 600, "all channels", 0.5)
        settle_s = SMOKE_SETTLE_S if given.smoke else SETTLE_S
        steps = [step(stack, rate, given.seconds, channels, settle_s) for rate in given.rates]
        drained_s = wait_until(lambda: everywhere(stack, BUFFERED) < channels, DRAIN_S, "the buffers to empty")
        told = stack.simulator()["irc"]
        figures = stack.check_ledger(whole_time(steps), "--listening")
    judged(steps, figures.pop("faults")[1::2], given.seconds)
    show(steps)
    print(f"joined after {joined_s:.0f} s more, buffers empty after {drained_s:.0f} s, limits: {told['violations']}")
    print(json.dumps(figures))
    if not given.smoke:
        keep("capacity", {"channels": given.channels, "steps": steps, "ledger": figures, "irc": told})
    wrong = [f"{figures['differences']:,} differences"] if figures["differences"] else []
    return exit_code([*wrong, *(f"limit overrun: {name}" for name, times in told["violations"].items() if times)])


def step(stack: Stack, rate: int, seconds: float, channels: int, settle_s: float) -> Figures:
    """Ask for a rate in the joined channels, let it settle, and measure the CPU for some seconds."""
    stack.fault("flood", rate=rate - BASE_RATE, channels=channels, seconds=seconds + settle_s + 2)
    time.sleep(settle_s)
    before, from_ms = cpu_s(stack), time.time_ns() // 1_000_000
    time.sleep(seconds)
    after, until_ms = cpu_s(stack), time.time_ns() // 1_000_000
    stack.end_faults()
    print(f"  {rate:,}/s done", flush=True)
    cores = {name: round((after[name] - before[name]) * 1000 / (until_ms - from_ms), 2) for name in before}
    times = {"from_ms": from_ms, "until_ms": until_ms}
    return {"asked": rate, **times, **cores, "buffered": everywhere(stack, BUFFERED), "peak_mb": peak_mb(stack)}


def cpu_s(stack: Stack) -> Figures:
    """Return the CPU-seconds of each process so far."""
    return {name: stack.cpu_s(name) for name in (*producers(stack), *OTHERS)}


def producers(stack: Stack) -> list[str]:
    """Return the names of the producers that run: "producer", "producer-2" and so on."""
    return sorted(name for name in stack.processes() if name.startswith("producer"))


def whole_time(steps: list[Figures]) -> list[tuple[float, float]]:
    """Return all time in pieces, every second one a step: the ledger tells the figures of each."""
    edges = [0.0, *(edge for one in steps for edge in (one["from_ms"], one["until_ms"] + 1)), END_MS]
    return [(begin, end - 1) for begin, end in pairwise(edges)]


def judged(steps: list[Figures], counts: list[dict[str, int]], seconds: float) -> None:
    """Add to each step what the ledger says of its time, by second."""
    for one, count in zip(steps, counts, strict=True):
        one |= {
            "sent": round(count["sent"] / seconds),
            "heard": round(count["in_chat"] / seconds),
            "lost": round((count["in_gaps"] + count["dropped"]) / seconds),
            "unnoticed": count["differences"],
        }


def everywhere(stack: Stack, name: str) -> float:
    """Return the sum of a measure over all producers, whatever its other labels."""
    pages: list[dict[str, float]] = [stack.metrics(number) for number in range(1, len(producers(stack)) + 1)]
    return float(
        sum(value for page in pages for key, value in page.items() if key.partition("{")[0] == name or key == name)
    )


def peak_mb(stack: Stack) -> float:
    """Return the memory of the larger producer."""
    return round(max(stack.memory(name) for name in producers(stack)) / 2**20, 1)


def show(steps: list[Figures]) -> None:
    """Print the steps, with the cores that each process used."""
    processes = [name for name in steps[0] if name.startswith("producer") or name in OTHERS]
    head = [
        "asked/s",
        "sent/s",
        "heard/s",
        "lost/s",
        "unnoticed",
        *(f"{name} cores" for name in processes),
        "buffered",
        "MB",
        "held",
    ]
    rows = [
        [
            *(int(one[name]) for name in ("asked", "sent", "heard", "lost", "unnoticed")),
            *(one[name] for name in processes),
            int(one["buffered"]),
            one["peak_mb"],
            "yes" if one["sent"] >= SENT * one["asked"] and one["heard"] == one["sent"] else "no",
        ]
        for one in steps
    ]
    print(table([head, *rows]))


if __name__ == "__main__":
    sys.exit(main())
