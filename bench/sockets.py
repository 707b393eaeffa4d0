"""`python -m bench.sockets`: 1,000 live pages on one web process, and 50 more that read one byte a second.

Each page watches a board and a channel. Boards of 500 channels are written each second by the product's own writer;
the delay is from the tick to the frame, as the pages see it.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import psutil
from channels_redis.pubsub import RedisPubSubChannelLayer

from apps.ingest import channel_list
from apps.metrics.boards import BoardWriter
from bench.command import exit_code, options
from bench.machine import ROOT, keep, peak_mb, table
from bench.sinks import windows
from bench.web import Web
from core.channels.stream import Stream
from core.contracts import group
from core.metrics.formulas import RankingThresholds
from core.times import SECOND_MS
from drills.trend import trend

CHANNELS = 500
# Distinct windows end every 5 s.
DISTINCT_EVERY = 5
OPENED_S, SMOKE_OPENED_S = 20, 3
SAMPLE_S = 5
AIM_PER_CPU_S = 10_000
AIM_P99_MS = 300
AIM_GROWTH = 0.05


def main() -> int:
    """Print the figures; return 1 when a page was closed or missed a push."""
    parser = options(__doc__)
    parser.add_argument("--pages", type=int, default=1_000)
    parser.add_argument("--slow", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=600)
    given = parser.parse_args()
    if given.smoke:
        given.pages, given.slow, given.seconds = 25, 1, 3
    web = Web()
    try:
        opened_s = SMOKE_OPENED_S if given.smoke else OPENED_S
        figures = measured(web, given.pages, given.slow, given.seconds, opened_s)
    finally:
        web.remove()
    told = {name: value for name, value in figures.items() if not isinstance(value, list)}
    print(table([["live pages", "figure"], *map(list, told.items())]))
    # Two subscriptions a page, a push a second each; those of a second are under way at either end.
    least = 2 * given.pages * (given.seconds - 1)
    wrong = [f"{figures['deliveries']:,} pushes: expected {least:,}"] if figures["deliveries"] < least else []
    wrong += [f"{figures['pages closed']} pages were closed"] if figures["pages closed"] else []
    if given.smoke:
        return exit_code(wrong)
    keep("sockets", figures)
    missed = {
        f"{figures['deliveries/CPU-s']:,} deliveries a CPU-second": figures["deliveries/CPU-s"] < AIM_PER_CPU_S,
        f"p99 {figures['p99 ms']} ms": figures["p99 ms"] > AIM_P99_MS,
        f"memory growth {figures['memory growth']}": figures["memory growth"] > AIM_GROWTH,
    }
    return exit_code(wrong, [name for name, is_missed in missed.items() if is_missed])


def measured(web: Web, pages: int, slow: int, seconds: int, opened_s: int) -> dict[str, Any]:
    """Feed the boards while the pages read, and return the figures from when all were open."""
    feeder, readers = Feeder(web), Readers(web, pages, slow)
    process = psutil.Process(web.pid)
    try:
        feeder.feed(opened_s)
        heard, cpu_s = readers.heard(), sum(process.cpu_times()[:2])
        first_ms, memory = feeder.newest_ms, feeder.feed(seconds, process)
        heard, cpu_s = readers.heard() - heard, sum(process.cpu_times()[:2]) - cpu_s
    finally:
        found = readers.end()
        feeder.close()
    delays = of_ticks(found["delays"], feeder.ticked_ms, first_ms)
    trended = trend(memory)
    return {
        "pages": pages,
        "slow readers": slow,
        "seconds": seconds,
        "deliveries": heard,
        "deliveries/CPU-s": round(heard / cpu_s),
        "CPU µs a delivery": round(cpu_s / heard * 1e6, 1),
        "cores": round(cpu_s / seconds, 3),
        "bytes a frame": round(found["bytes"] / sum(sum(one.values()) for one in found["delays"].values())),
        "p50 ms": round(statistics.median(delays)),
        "p99 ms": round(statistics.quantiles(delays, n=100)[98]),
        "worst ms": round(max(delays)),
        "memory MB, first third": round(trended.first, 1),
        "memory MB, last third": round(trended.last, 1),
        "memory growth": round(trended.last / trended.first - 1, 3),
        "peak MB": round(peak_mb(web.pid)),
        "pages closed": found["closed"],
        "slow readers closed": found["slow_closed"],
        "memory": memory,
    }


def of_ticks(delays: Mapping[str, Mapping[str, int]], ticked_ms: Mapping[int, float], first_ms: int) -> list[float]:
    """Return how long after its tick each frame came, of those after `first_ms`."""
    found: list[float] = []
    for end, counter in delays.items():
        if int(end) <= first_ms:
            continue
        late_ms = ticked_ms[int(end)] - int(end)
        for delay, count in counter.items():
            found += [int(delay) - late_ms] * count
    return found


class Feeder:
    """Writes all boards each second and ticks, as run_sink boards does; `ticked_ms` is when, by window end."""

    def __init__(self, web: Web) -> None:
        self.ticked_ms: dict[int, float] = {}
        self.newest_ms = 0
        self._writer, self._dice = BoardWriter(web.client(0), RankingThresholds()), random.Random(1)
        self._layer: Any = RedisPubSubChannelLayer(hosts=[f"redis://127.0.0.1:{web.redis_port}/2"], prefix="twitchly")
        self._runner = asyncio.Runner()
        channel_list.write(web.client(3), map(stream, range(CHANNELS)), int(time.time() * 1000))

    def feed(self, seconds: int, process: psutil.Process | None = None) -> list[tuple[float, float]]:
        """Feed for so long; return the memory of a process in MB, by seconds."""
        memory, began = [], time.monotonic()
        for second in range(seconds):
            time.sleep(max(0.0, began + second - time.monotonic()))
            self._tick(second)
            if process is not None and second % SAMPLE_S == 0:
                memory.append((float(second), process.memory_info().rss / 2**20))
        return memory

    def close(self) -> None:
        """Close the loop that the ticks were sent from."""
        self._runner.close()

    def _tick(self, second: int) -> None:
        self.newest_ms = end_ms = int(time.time()) * SECOND_MS
        self._writer.apply("live", windows("live", CHANNELS, end_ms, self._dice))
        if second % DISTINCT_EVERY == 0:
            self._writer.apply("live_distinct", windows("live_distinct", CHANNELS, end_ms, self._dice))
        self._writer.write_history()
        self.ticked_ms[end_ms] = time.time() * 1000
        self._runner.run(self._layer.group_send(group.NAME, group.Tick({"live": end_ms}).to_message()))


def stream(number: int) -> Stream:
    """Return one of the channels, as Helix would tell of it."""
    login, title = f"channel_{number}", "Any% attempts until it works"
    return Stream(str(10_000 + number), login, login.title(), 1, f"Category {number % 40}", "en", title, "")


class Readers:
    """The pages, in a process of their own."""

    def __init__(self, web: Web, pages: int, slow: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.pages"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        url = web.url.replace("http", "ws") + "/live"
        cookies = web.cookies(pages + slow)
        self._say({"url": url, "origin": web.url, "cookies": cookies, "pages": pages, "slow": slow})

    def heard(self) -> int:
        """Return how many pushes have come."""
        self._say({})
        return int(self._told()["heard"])

    def end(self) -> dict[str, Any]:
        """Close all pages and return what they heard."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        told = self._told()
        self._process.wait(30)
        return told

    def _say(self, what: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        print(json.dumps(what), file=self._process.stdin, flush=True)

    def _told(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told


if __name__ == "__main__":
    sys.exit(main())
