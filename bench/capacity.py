"""`python -m bench.capacity`: 5,000 channels on two producers at rising message rates.

The simulated Twitch runs on the same machine. Each step shows the target rate, the messages sent, heard and lost, and
the CPU use by process. At the end, the ledger shows whether any loss went unnoticed.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise

from bench.command import exit_code, instance, options
from bench.machine import save, table
from drills.stack import Stack, wait_until

PRODUCERS = 2
BASE_RATE = 1_000
RATES = (5_000, 10_000, 15_000, 20_000)
SETTLE_S, SMOKE_SETTLE_S = 10.0, 2.0
DRAIN_S = 120.0
END_MS = 9_999_999_999_999.0
OTHERS = ("twitch", "kafka")
# The simulated Twitch must have sent at least this share of the target rate.
MIN_SENT_SHARE = 0.9
CONFIRMED = 'twitchly_irc_channels{state="confirmed"}'
BUFFERED = "twitchly_records_buffered"

Figures = dict[str, float]


def main() -> int:
    """Print a row per step; return 1 if a loss went unnoticed or a limit of Twitch was exceeded."""
    parser = options(__doc__)
    parser.add_argument("--channels", type=int, default=5_000)
    parser.add_argument("--rates", type=int, nargs="*", default=RATES)
    parser.add_argument("--seconds", type=float, default=40.0, help="how long each rate is measured")
    args = parser.parse_args()
    if args.smoke:
        args.rates, args.seconds = [BASE_RATE + 50], 2.0

    def start(stack: Stack) -> None:
        # Some channels are always offline; an eighth more channels ensures that enough are live.
        audience = ("--channels", str(args.channels * 9 // 8), "--rate", str(BASE_RATE), "--seed", "1")
        stack.start("--ingest-only", "--producers", str(PRODUCERS), *audience)

    with instance(args.on, start, CHANNELS_WANTED=str(args.channels)) as stack:
        channels = len(stack.listed_channels()) if args.on else args.channels
        joined_s = wait_until(lambda: metric_sum(stack, CONFIRMED) >= channels, 600, "all channels to be joined", 0.5)
        settle_s = SMOKE_SETTLE_S if args.smoke else SETTLE_S
        steps = [step(stack, rate, args.seconds, channels, settle_s) for rate in args.rates]
        drained_s = wait_until(lambda: metric_sum(stack, BUFFERED) < channels, DRAIN_S, "the buffers to empty")
        irc = stack.simulator()["irc"]
        figures = stack.check_ledger(periods(steps), "--listening")
    add_counts(steps, figures.pop("faults")[1::2], args.seconds)
    show(steps)
    violations = irc["violations"]
    print(f"all joined {joined_s:.0f} s after the start, buffers empty after {drained_s:.0f} s")
    print(f"limits exceeded: {violations}")
    print(json.dumps(figures))
    if not args.smoke:
        save("capacity", {"channels": args.channels, "steps": steps, "ledger": figures, "irc": irc})
    errors = [f"{figures['differences']:,} differences"] if figures["differences"] else []
    return exit_code([*errors, *(f"limit exceeded: {name}" for name, times in violations.items() if times)])


def step(stack: Stack, rate: int, seconds: float, channels: int, settle_s: float) -> Figures:
    """Set the message rate, let it settle, and measure the CPU use for `seconds`."""
    stack.fault("flood", rate=rate - BASE_RATE, channels=channels, seconds=seconds + settle_s + 2)
    time.sleep(settle_s)
    before, from_ms = cpu_s(stack), time.time_ns() // 1_000_000
    time.sleep(seconds)
    after, until_ms = cpu_s(stack), time.time_ns() // 1_000_000
    stack.end_faults()
    print(f"  {rate:,}/s done", flush=True)
    cores = {name: round((after[name] - before[name]) * 1000 / (until_ms - from_ms), 2) for name in before}
    times = {"from_ms": from_ms, "until_ms": until_ms}
    return {"target": rate, **times, **cores, "buffered": metric_sum(stack, BUFFERED), "peak_mb": peak_mb(stack)}


def cpu_s(stack: Stack) -> Figures:
    """Return the CPU time of each process in seconds."""
    return {name: stack.cpu_s(name) for name in (*producers(stack), *OTHERS)}


def producers(stack: Stack) -> list[str]:
    """Return the names of the running producers: "producer", "producer-2" and so on."""
    return sorted(name for name in stack.processes() if name.startswith("producer"))


def periods(steps: list[Figures]) -> list[tuple[float, float]]:
    """Return the run as consecutive periods for the ledger's figures: the steps and the times around them."""
    edges = [0.0, *(edge for step in steps for edge in (step["from_ms"], step["until_ms"] + 1)), END_MS]
    return [(begin, end - 1) for begin, end in pairwise(edges)]


def add_counts(steps: list[Figures], counts: list[dict[str, int]], seconds: float) -> None:
    """Add the ledger's counts to each step, as rates per second."""
    for row, count in zip(steps, counts, strict=True):
        row |= {
            "sent": round(count["sent"] / seconds),
            "heard": round(count["in_chat"] / seconds),
            "lost": round((count["in_gaps"] + count["dropped"]) / seconds),
            "unnoticed": count["differences"],
        }


def metric_sum(stack: Stack, name: str) -> float:
    """Return the sum of a metric over all producers and labels."""
    pages: list[dict[str, float]] = [stack.metrics(number) for number in range(1, len(producers(stack)) + 1)]
    return float(
        sum(value for page in pages for key, value in page.items() if key.partition("{")[0] == name or key == name)
    )


def peak_mb(stack: Stack) -> float:
    """Return the memory of the largest producer."""
    return round(max(stack.memory(name) for name in producers(stack)) / 2**20, 1)


def show(steps: list[Figures]) -> None:
    """Print the steps with the cores used by each process."""
    processes = [name for name in steps[0] if name.startswith("producer") or name in OTHERS]
    head = [
        "target/s",
        "sent/s",
        "heard/s",
        "lost/s",
        "unnoticed",
        *(f"{name} cores" for name in processes),
        "buffered",
        "MB",
        "sustained",
    ]
    rows = [
        [
            *(int(step[name]) for name in ("target", "sent", "heard", "lost", "unnoticed")),
            *(step[name] for name in processes),
            int(step["buffered"]),
            step["peak_mb"],
            "yes" if step["sent"] >= MIN_SENT_SHARE * step["target"] and step["heard"] == step["sent"] else "no",
        ]
        for step in steps
    ]
    print(table([head, *rows]))


if __name__ == "__main__":
    sys.exit(main())
