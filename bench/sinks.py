"""`python -m bench.sinks`: windows a second into Cassandra, and how long all boards take for 5,000 channels."""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

import django
import psutil
import redis

from apps.metrics.boards import BoardWriter
from apps.metrics.store import WindowStore
from bench.machine import keep, table
from core.columns import columns_of
from core.formulas import Floors
from core.records import Grain, WindowRecord
from drills.stack import Stack

CHANNELS = 5_000
TICKS = 30
WINDOWS = 60_000
BATCH = 1_000
AIM_PER_S = 3_000
AIM_TICK_MS = 200


def main() -> int:
    """Print the figures; return how many aims are missed."""
    stack = Stack()
    try:
        stack.servers()
        stack.manage("sync_cassandra")
        os.environ.update(stack.env, DJANGO_SETTINGS_MODULE="twitchly.settings")
        django.setup()
        figures = {**boards(stack), **history(stack)}
    finally:
        stack.remove()
    print(table([["sinks", "figure"], *([name.replace("_", " "), value] for name, value in figures.items())]))
    keep("sinks", figures)
    return int(figures["windows_per_s"] < AIM_PER_S) + int(figures["tick_ms_median"] > AIM_TICK_MS)


def windows(grain: Grain, count: int, end_ms: int, span_ms: int, dice: random.Random) -> list[WindowRecord]:
    """Return a window of each of so many channels, with all columns of the grain."""
    names = [column.name for column in columns_of(grain)]
    return [
        WindowRecord(
            str(10_000 + number), grain, end_ms - span_ms, end_ms, {name: dice.randrange(1, 90_000) for name in names}
        )
        for number in range(count)
    ]


def boards(stack: Stack) -> dict[str, Any]:
    """Put a second of all channels on all boards, again and again."""
    client = redis.Redis(port=stack.port + 5, db=0)
    writer, dice, took_ms = BoardWriter(client, Floors()), random.Random(1), []
    start_ms = int(time.time()) * 1000
    for tick in range(TICKS):
        ends: list[tuple[Grain, Sequence[WindowRecord]]] = [
            ("live", windows("live", CHANNELS, start_ms + tick * 1000, 30_000, dice))
        ]
        if tick % 5 == 0:
            ends.append(("live_distinct", windows("live_distinct", CHANNELS, start_ms + tick * 1000, 30_000, dice)))
        began_s = time.perf_counter()
        for grain, some in ends:
            writer.apply(grain, some)
        took_ms.append((time.perf_counter() - began_s) * 1000)
    return {
        "channels": CHANNELS,
        "tick_ms_median": round(statistics.median(took_ms), 1),
        "tick_ms_worst": round(max(took_ms), 1),
    }


def history(stack: Stack) -> dict[str, Any]:
    """Write windows into Cassandra as the history sink does, in its batches."""
    store, dice, process = WindowStore(), random.Random(2), psutil.Process()
    end_ms = int(time.time()) // 60 * 60_000
    made = [
        window
        for number in range(WINDOWS // CHANNELS)
        for window in windows("minute", CHANNELS, end_ms + number * 60_000, 60_000, dice)
    ]
    cpu_s, began_s = sum(process.cpu_times()[:2]), time.perf_counter()
    for start in range(0, len(made), BATCH):
        store.write(made[start : start + BATCH], [])
    spent_s, cpu_s = time.perf_counter() - began_s, sum(process.cpu_times()[:2]) - cpu_s
    return {
        "windows": len(made),
        "windows_per_s": round(len(made) / spent_s),
        "cpu_seconds_per_million_windows": round(cpu_s / len(made) * 1e6),
        "cassandra_mb": round(stack.memory("cassandra") / 2**20),
    }


if __name__ == "__main__":
    sys.exit(main())
