"""`python -m bench.sockets`: 1,000 live pages on one web process, and 50 slow clients that read one byte per second.

Each page subscribes to a board and a channel. The product's board writer updates the boards of 500 channels every
second. The pages measure the delay from the tick to the frame. Afterwards, bench/bare_push.py sends the same
frames to the same number of sockets on the same server, which shows the server's share of the cost.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from channels_redis.pubsub import RedisPubSubChannelLayer

from apps.ingest import channel_list
from apps.metrics.boards import BoardWriter
from bench import bare_push
from bench.command import exit_code, options
from bench.machine import ROOT, peak_mb, save, table
from bench.sinks import windows
from bench.web import READY_S, Web
from core.channels.stream import Stream
from core.contracts import group
from core.metrics.formulas import RankingThresholds
from core.times import SECOND_MS
from deploy.local.layout import read_layout
from deploy.local.ports import free_block
from deploy.local.programs import Simulation, app_programs
from drills.trend import trend

CHANNELS = 500
# Windows of distinct counts end every 5 s.
DISTINCT_EVERY = 5
OPENED_S, SMOKE_OPENED_S = 20, 3
BARE_S = 60
SAMPLE_S = 5
TARGET_PER_CPU_S = 10_000
TARGET_P99_MS = 150
# Share of the bare loop's deliveries per CPU-second.
TARGET_PERCENT = 60
TARGET_GROWTH = 0.05


def main() -> int:
    """Print the figures; return 1 if a page was closed or missed a push."""
    parser = options(__doc__)
    parser.add_argument("--pages", type=int, default=1_000)
    parser.add_argument("--slow", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=600)
    args = parser.parse_args()
    if args.smoke:
        args.pages, args.slow, args.seconds = 25, 1, 3
    web = Web()
    try:
        opened_s = SMOKE_OPENED_S if args.smoke else OPENED_S
        figures = measure(web, args.pages, args.slow, args.seconds, opened_s)
    finally:
        web.remove()
    bare = measure_bare(figures.pop("samples"), args.pages, min(args.seconds, BARE_S), opened_s)
    figures |= {
        "bare loop, deliveries/CPU-s": bare,
        "% of the bare loop": round(100 * figures["deliveries/CPU-s"] / bare),
    }
    rows = [[name, value] for name, value in figures.items() if not isinstance(value, list)]
    print(table([["live pages", "figure"], *rows]))
    # Two subscriptions per page with one push a second each, minus one second for pushes in transit. In a smoke run
    # other tests share the machine, and pages get fewer pushes when frames take longer than a second.
    least = 2 * args.pages * (1 if args.smoke else args.seconds - 1)
    errors = [f"{figures['deliveries']:,} pushes: expected {least:,}"] if figures["deliveries"] < least else []
    errors += [f"{figures['pages closed']} pages were closed"] if figures["pages closed"] else []
    if args.smoke:
        return exit_code(errors)
    save("sockets", figures)
    missed = {
        f"{figures['deliveries/CPU-s']:,} deliveries per CPU-second": figures["deliveries/CPU-s"] < TARGET_PER_CPU_S,
        f"{figures['% of the bare loop']}% of the bare loop": figures["% of the bare loop"] < TARGET_PERCENT,
        f"p99 {figures['p99 ms']} ms": figures["p99 ms"] > TARGET_P99_MS,
        f"memory growth {figures['memory growth']}": figures["memory growth"] > TARGET_GROWTH,
    }
    return exit_code(errors, [name for name, is_missed in missed.items() if is_missed])


def measure(web: Web, pages: int, slow: int, seconds: int, opened_s: int) -> dict[str, Any]:
    """Update the boards while the pages read; return the figures for the time when all pages were open."""
    feeder, readers = Feeder(web), Readers(web.url, web.cookies(pages + slow), pages, slow)
    process = psutil.Process(web.pid)
    try:
        feeder.feed(opened_s)
        pushes, cpu_s = readers.pushes(), sum(process.cpu_times()[:2])
        first_ms, memory = feeder.newest_ms, feeder.feed(seconds, process)
        pushes, cpu_s = readers.pushes() - pushes, sum(process.cpu_times()[:2]) - cpu_s
    finally:
        results = readers.close()
        feeder.close()
    delays = tick_delays(results["delays"], feeder.ticked_ms, first_ms)
    growth = trend(memory)
    return {
        "pages": pages,
        "slow clients": slow,
        "seconds": seconds,
        "deliveries": pushes,
        "deliveries/CPU-s": round(pushes / cpu_s),
        "CPU µs per delivery": round(cpu_s / pushes * 1e6, 1),
        "cores": round(cpu_s / seconds, 3),
        "bytes per frame": round(results["bytes"] / sum(sum(counts.values()) for counts in results["delays"].values())),
        "p50 ms": round(statistics.median(delays)),
        "p99 ms": round(statistics.quantiles(delays, n=100)[98]),
        "worst ms": round(max(delays)),
        "memory MB, first third": round(growth.first, 1),
        "memory MB, last third": round(growth.last, 1),
        "memory growth": round(growth.last / growth.first - 1, 3),
        "peak MB": round(peak_mb(web.pid)),
        "pages closed": results["closed"],
        "slow clients closed": results["slow_closed"],
        "memory": memory,
        "samples": list(results["samples"].values()),
    }


def measure_bare(frames: Sequence[str], pages: int, seconds: int, opened_s: int) -> int:
    """Return the deliveries per CPU-second of an application that only writes these frames once a second."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        samples = Path(folder) / "frames.json"
        samples.write_text(json.dumps(frames))
        env = {
            **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")},
            "TWITCHLY_VAR": folder,
            "TWITCHLY_PORT": str(free_block()),
            "SECRET_KEY": "only for this benchmark, fifty meaningless characters",
            bare_push.FRAMES: str(samples),
        }
        layout = read_layout(env)
        web = next(program.command for program in app_programs(layout, Simulation()) if program.name == "web")
        command = ["bench.bare_push:application" if part.endswith(":application") else part for part in web]
        command += ["--log-level", "warning"]
        with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL) as server:
            try:
                wait_for_port(layout.ports.web, server)
                process = psutil.Process(server.pid)
                readers = Readers(f"http://127.0.0.1:{layout.ports.web}", [""] * pages, pages, 0)
                time.sleep(opened_s)
                pushes, cpu_s = readers.pushes(), sum(process.cpu_times()[:2])
                time.sleep(seconds)
                pushes, cpu_s = readers.pushes() - pushes, sum(process.cpu_times()[:2]) - cpu_s
                readers.close()
            finally:
                server.terminate()
    # In a smoke run, the CPU time may be below the resolution of its clock.
    return round(pushes / max(cpu_s, 0.01))


def wait_for_port(port: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server accepts connections."""
    until = time.monotonic() + READY_S
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise TimeoutError(f"the bare loop did not start within {READY_S:.0f} s")


def tick_delays(delays: Mapping[str, Mapping[str, int]], ticked_ms: Mapping[int, float], first_ms: int) -> list[float]:
    """Return the delay of each frame after its tick, for windows that end after `first_ms`."""
    tick_to_frame_ms: list[float] = []
    for end, counter in delays.items():
        if int(end) <= first_ms:
            continue
        late_ms = ticked_ms[int(end)] - int(end)
        for delay, count in counter.items():
            tick_to_frame_ms += [int(delay) - late_ms] * count
    return tick_to_frame_ms


class Feeder:
    """Writes all boards and sends a tick every second, like run_sink boards.

    `ticked_ms` maps window ends to the times of their ticks.
    """

    def __init__(self, web: Web) -> None:
        self.ticked_ms: dict[int, float] = {}
        self.newest_ms = 0
        self._writer, self._rng = BoardWriter(web.client(0), RankingThresholds()), random.Random(1)
        self._layer: Any = RedisPubSubChannelLayer(hosts=[f"redis://127.0.0.1:{web.redis_port}/2"], prefix="twitchly")
        self._runner = asyncio.Runner()
        channel_list.write(web.client(3), map(stream, range(CHANNELS)), int(time.time() * 1000))

    def feed(self, seconds: int, process: psutil.Process | None = None) -> list[tuple[float, float]]:
        """Write for `seconds`; return samples of a process's memory in MB."""
        memory, began = [], time.monotonic()
        for second in range(seconds):
            time.sleep(max(0.0, began + second - time.monotonic()))
            self._tick(second)
            if process is not None and second % SAMPLE_S == 0:
                memory.append((float(second), process.memory_info().rss / 2**20))
        return memory

    def close(self) -> None:
        """Close the event loop that sends the ticks."""
        self._runner.close()

    def _tick(self, second: int) -> None:
        self.newest_ms = end_ms = int(time.time()) * SECOND_MS
        self._writer.apply("live", windows("live", CHANNELS, end_ms, self._rng))
        if second % DISTINCT_EVERY == 0:
            self._writer.apply("live_distinct", windows("live_distinct", CHANNELS, end_ms, self._rng))
        self._writer.write_history()
        self.ticked_ms[end_ms] = time.time() * 1000
        self._runner.run(self._layer.group_send(group.NAME, group.Tick({"live": end_ms}).to_message()))


def stream(number: int) -> Stream:
    """Return one of the channels, with the fields that Helix would return."""
    login, title = f"channel_{number}", "Any% attempts until it works"
    return Stream(str(10_000 + number), login, login.title(), 1, f"Category {number % 40}", "en", title, "")


class Readers:
    """The pages, in a separate process."""

    def __init__(self, url: str, cookies: Sequence[str], pages: int, slow: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.pages"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        socket_url = url.replace("http", "ws") + "/live"
        self._send({"url": socket_url, "origin": url, "cookies": cookies, "pages": pages, "slow": slow})

    def pushes(self) -> int:
        """Return how many pushes the pages have received."""
        self._send({})
        return int(self._read()["received"])

    def close(self) -> dict[str, Any]:
        """Close all pages and return their results."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        results = self._read()
        self._process.wait(30)
        return results

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        reply: dict[str, Any] = json.loads(self._process.stdout.readline())
        return reply


if __name__ == "__main__":
    sys.exit(main())
