"""`python -m bench.hour`: growth over 75 minutes at 2,000 messages a second, including one complete clock hour.

Samples the memory of every process, the stream job's checkpoints, and the disk use of topics and tables. The instance's
clocks are set so that an hour starts shortly after all channels are heard. The ledger is checked at the end.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from pathlib import Path

import psutil

from apps.metrics.flink_cluster import FlinkCluster
from bench.command import exit_code, instance, options
from bench.machine import save, table
from bench.usage import Usage
from core.times import HOUR_MS
from drills.stack import Stack, now_ms, wait_until
from drills.trend import trend

SAMPLE_S, SMOKE_SAMPLE_S = 15.0, 1.0
SMOKE_MINUTES = 0.05
# The instance starts and joins its channels before the hour.
START_S = 240
# A JVM's memory grows up to its limit, so the last third may exceed the first by this much.
MEMORY_SLACK_MB = 40.0
MB = 2**20
# Comparing nine million messages takes a long time.
LEDGER_S = 2_400.0

# The samples of each figure: seconds since the first sample, and the value.
Series = dict[str, list[tuple[float, float]]]


def main() -> int:
    """Print the means of the first and last thirds; return 1 if a process grows or a window differs."""
    parser = options(__doc__)
    parser.add_argument("--minutes", type=float, default=75.0)
    parser.add_argument("--channels", default="600")
    parser.add_argument("--rate", default="2000")
    args = parser.parse_args()
    minutes = SMOKE_MINUTES if args.smoke else args.minutes
    # On the instance's clocks, an hour starts START_S from now.
    offset_ms = 0 if args.on else HOUR_MS - (now_ms() + START_S * 1000) % HOUR_MS

    def start(stack: Stack) -> None:
        stack.start("--channels", args.channels, "--rate", args.rate, "--seed", "5")

    with instance(args.on, start, CLOCK_OFFSET_MS=str(offset_ms)) as stack:
        wait_until(lambda: stack.listed_channels() <= stack.covered() != set(), 180, "all channels to be covered", 1)
        covered_ms, usage = now_ms() + offset_ms, Usage(stack)
        samples = collect(stack, minutes * 60, SMOKE_SAMPLE_S if args.smoke else SAMPLE_S, offset_ms)
        figures = {
            "minutes": minutes,
            "hour_at_s": -covered_ms % HOUR_MS / 1000,
            "cores": usage.cores(),
            "peak_mb": usage.peak_mb(),
            "samples": samples,
        }
        if not args.smoke:
            save("hour", figures)
        trends = {name: trend(values) for name, values in samples.items()}
        rows = [[name, growth.first, growth.last, growth.slope_per_h] for name, growth in trends.items()]
        print(table([["figure", "first third", "last third", "per hour"], *rows]), flush=True)
        # Joining at the start leaves gaps; no other gaps are excused.
        ledger = stack.check_ledger([(0, covered_ms)], timeout_s=LEDGER_S)
    print(json.dumps({name: value for name, value in ledger.items() if name != "faults"}))
    errors = [f"{ledger['differences']:,} differences"] if ledger["differences"] else []
    if args.smoke:
        return exit_code(errors)
    save("hour", {**figures, "ledger": ledger})
    growing = [name for name, growth in trends.items() if is_memory(name) and not growth.is_flat(MEMORY_SLACK_MB)]
    return exit_code([*errors, *(f"{name} grows" for name in growing)])


def collect(stack: Stack, seconds: float, every_s: float, offset_ms: int) -> Series:
    """Sample all figures every `every_s` for `seconds`."""
    series: Series = defaultdict(list)
    began_s = time.monotonic()
    while (at_s := time.monotonic() - began_s) < seconds:
        for name, value in {
            **memory(stack),
            **checkpoint(stack),
            **disk(stack.var),
            **boards(stack, offset_ms),
        }.items():
            series[name].append((round(at_s, 1), round(value, 3)))
        time.sleep(every_s - (time.monotonic() - began_s) % every_s)
    return dict(series)


def is_memory(name: str) -> bool:
    """Return whether a series is the memory of a process."""
    return name.startswith("memory MB ")


def memory(stack: Stack) -> dict[str, float]:
    """Return the resident memory of each process."""
    return {f"memory MB {name}": psutil.Process(pid).memory_info().rss / MB for name, pid in stack.processes().items()}


def checkpoint(stack: Stack) -> dict[str, float]:
    """Return the size and the duration of the newest checkpoint.

    Source: Flink, "REST API", /jobs/:jobid/checkpoints.
    """
    with stack.flink_client() as client:
        job = FlinkCluster(client, stack.flink).jobs("twitchly")[0]
        response = client.get(f"{stack.flink}/jobs/{job.id}/checkpoints")
    newest = response.raise_for_status().json()["latest"]["completed"]
    if newest is None:
        return {}
    return {"checkpoint MB": newest["state_size"] / MB, "checkpoint s": newest["end_to_end_duration"] / 1000}


def disk(var: Path) -> dict[str, float]:
    """Return the disk use of each topic, each table and the checkpoints."""
    sizes: dict[str, float] = defaultdict(float)
    for folder in (var / "kafka").glob("*-[0-9]*"):
        sizes[f"disk MB topic {folder.name.rpartition('-')[0]}"] += size(folder)
    for folder in (var / "cassandra" / "data" / "twitchly").iterdir():
        sizes[f"disk MB table {folder.name.partition('-')[0]}"] += size(folder)
    sizes["disk MB checkpoints"] = size(var / "flink" / "checkpoints")
    return sizes


def size(folder: Path) -> float:
    """Return the disk use of a folder in MB; files may be deleted during the count."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total / MB


def boards(stack: Stack, offset_ms: int) -> dict[str, float]:
    """Return the age of the newest window on the boards, by the instance's clocks."""
    return {"boards lag s": stack.board_lag_s() + offset_ms / 1000}


if __name__ == "__main__":
    sys.exit(main())
