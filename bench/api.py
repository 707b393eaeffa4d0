"""`python -m bench.api`: response times of the partner API, on a complete instance with 500 channels.

Boards and live values are requested with keys and rate limits, first at a constant rate, then at rising rates until the
target is missed. Further figures: a day of history, 500 event streams served by one process, and the time until a
revoked key is refused under load.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from bench.command import exit_code, instance, options
from bench.events import Events, host_of
from bench.http_load import Connection, NextRequest, Responses, send_at_rate
from bench.machine import save, table
from bench.stored_history import write_history
from core.metrics.table import BOARDS
from core.times import DAY_MS, MINUTE_MS
from drills.keys import make_keys
from drills.stack import Stack, wait_until

TARGETS = {
    "300 requests/s, p95 ms": 50.0,
    "history of 24 h, median ms": 100.0,
    "revoked key refused after, s": 1.0,
    "event stream of a revoked key closed after, s": 1.0,
    "event streams with missing updates": 0.0,
}
RATE = 300
KEYS = 10
REVOKED_EVERY_S, REVOKED_LIMIT_S = 0.02, 20


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rates and durations of the requests; `recent_ms` is the length of a history of at least `points` windows.

    `warm_s` is a warm-up before the measurement, because a freshly started instance is slower.
    """

    warm_s: float = 60
    rate: int = RATE
    rate_s: float = 60
    faster: Sequence[int] = range(400, 2_001, 100)
    faster_s: float = 15
    histories: int = 30
    streams: int = 500
    streams_s: int = 60
    settled_s: float = 5
    revoked_s: float = 20
    recent_ms: int = DAY_MS
    points: int = 8_600


SMOKE = Sizes(0.2, 20, 1, [30], 1, 2, 5, 3, 2, 3, 30 * MINUTE_MS, 170)
# Higher than the total rate, so that the limits are checked, but no request exceeds them.
LIMITS = {"API_ADDRESS_PER_S": "5000"}
REVOKE = """
import time
from apps.api.keys.services import revoke_key
from apps.api.models import ApiKey
key = ApiKey.objects.get(name="{name}")
at_s = time.time()
revoke_key(key=key)
print(at_s)
"""


def main() -> int:
    """Print the figures; return 1 if a response had a status other than 200."""
    args = options(__doc__).parse_args()
    with instance(args.on, start, **LIMITS) as stack:
        figures, errors = measure(stack, SMOKE if args.smoke else Sizes())
    print(
        table([["API", "figure", "target"], *([name, value, TARGETS.get(name, "")] for name, value in figures.items())])
    )
    if args.smoke:
        return exit_code(errors)
    save("api", {"figures": figures, "aims": TARGETS})
    missed = [
        f"{name} {figures[name]}: expected {target}" for name, target in TARGETS.items() if figures[name] > target
    ]
    return exit_code(errors, missed)


def start(stack: Stack) -> None:
    """Start everything with 500 channels."""
    stack.start("--channels", "500", "--rate", "1000", "--seed", "3")


def measure(stack: Stack, sizes: Sizes) -> tuple[dict[str, Any], list[str]]:
    """Return all figures and errors."""
    keys = make_keys(stack, *map(str, range(KEYS)))
    channel_id = write_history(stack, sizes.recent_ms)
    wait_until(lambda: points(stack, keys[0], channel_id) > sizes.points, 300, "the windows to be stored", 0.5)
    next_request = mixed_requests(live_channels(stack, keys[0]), keys)
    figures, errors = constant_rate(stack, next_request, sizes)
    figures |= {
        **rising_rates(stack, next_request, sizes),
        **histories(stack, keys[0], channel_id, sizes.histories),
        **asyncio.run(streams(stack, keys, sizes)),
        **asyncio.run(revocation(stack, keys, next_request, sizes)),
    }
    return figures, errors


def points(stack: Stack, key: str, channel_id: str) -> int:
    """Return the number of windows stored for the last 24 hours."""
    response = get(stack, key, f"channels/{channel_id}/series?range=24h&grain=live")
    return len(response.json()["points"]["end"]) if response.is_success else 0


def live_channels(stack: Stack, key: str) -> list[str]:
    """Return the ids of the channels on the viewer board."""
    return [row["channel_id"] for row in get(stack, key, "boards/viewers?n=100").raise_for_status().json()["rows"]]


def get(stack: Stack, key: str, path: str) -> httpx.Response:
    """Send a single API request."""
    return httpx.get(f"{stack.url}/api/v1/{path}", headers={"Authorization": f"Bearer {key}"}, timeout=30)


def mixed_requests(channels: Sequence[str], keys: Sequence[str]) -> NextRequest:
    """Return a function that alternates between requests for boards of ten rows and for values of channels."""
    boards, channel_ids = (f"boards/{metric.key}" for metric in itertools.cycle(BOARDS)), itertools.cycle(channels)
    paths = (path for board in boards for path in (board, f"channels/{next(channel_ids)}/live"))
    key_cycle = itertools.cycle(keys)
    return lambda: (f"/api/v1/{next(paths)}", next(key_cycle))


def constant_rate(stack: Stack, next_request: NextRequest, sizes: Sizes) -> tuple[dict[str, Any], list[str]]:
    """Send requests at the target rate; every response must be 200."""
    apply_load(stack, sizes.rate, sizes.warm_s, next_request)
    responses, cpu_s = apply_load(stack, sizes.rate, sizes.rate_s, next_request)
    errors = [f"{count:,} responses were {status}" for status, count in responses.statuses.items() if status != 200]
    return {
        f"{sizes.rate} requests/s, median ms": round(responses.median_ms, 1),
        f"{sizes.rate} requests/s, p95 ms": round(responses.p95_ms, 1),
        "successful responses": f"{responses.statuses[200]:,} of {responses.statuses.total():,}",
        "bytes per response": round(responses.bytes / len(responses.durations_ms)),
        "CPU ms per request": round(cpu_s / len(responses.durations_ms) * 1000, 2),
    }, errors


def rising_rates(stack: Stack, next_request: NextRequest, sizes: Sizes) -> dict[str, Any]:
    """Raise the rate until the 95th percentile misses the target; return the last rate that met it."""
    sustained = {"highest sustained requests/s": sizes.rate, "p95 ms at that rate": 0.0}
    for rate in sizes.faster:
        responses, _ = apply_load(stack, rate, sizes.faster_s, next_request)
        meets_target = responses.p95_ms <= TARGETS[f"{RATE} requests/s, p95 ms"] and set(responses.statuses) == {200}
        print(f"{rate} requests/s: p95 {responses.p95_ms:.1f} ms, {dict(responses.statuses)}", flush=True)
        if not meets_target:
            break
        sustained = {"highest sustained requests/s": rate, "p95 ms at that rate": round(responses.p95_ms, 1)}
    return sustained


def apply_load(stack: Stack, rate: float, seconds: float, next_request: NextRequest) -> tuple[Responses, float]:
    """Send requests for `seconds`; return the responses and the CPU time of the web process."""
    before_s = stack.cpu_s("web")
    responses = asyncio.run(send_at_rate(host_of(stack), rate, seconds, next_request))
    return responses, stack.cpu_s("web") - before_s


def histories(stack: Stack, key: str, channel_id: str, count: int) -> dict[str, Any]:
    """Request one channel's last 24 hours repeatedly, at the default resolution and in live windows."""
    figures: dict[str, Any] = {}
    with httpx.Client(base_url=stack.url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        for name, grain in (("history of 24 h", ""), ("history of 24 h in 8,640 windows", "&grain=live")):
            durations_ms = []
            for _ in range(count):
                began = time.perf_counter()
                client.get(f"/api/v1/channels/{channel_id}/series?range=24h{grain}").raise_for_status()
                durations_ms.append((time.perf_counter() - began) * 1000)
                time.sleep(0.1)
            figures[f"{name}, median ms"] = round(statistics.median(durations_ms), 1)
            figures[f"{name}, p95 ms"] = round(statistics.quantiles(durations_ms, n=20)[18], 1)
    return figures


async def streams(stack: Stack, keys: Sequence[str], sizes: Sizes) -> dict[str, Any]:
    """Open event streams for one board each, and count the events of each stream within a minute."""
    readers = [
        Events(stack, keys[number % len(keys)], BOARDS[number % len(BOARDS)].key) for number in range(sizes.streams)
    ]
    for reader in readers:
        await reader.open()
    await asyncio.sleep(sizes.settled_s)
    began_s, cpu_s = time.time(), stack.cpu_s("web")
    await asyncio.sleep(sizes.streams_s)
    ended_s, cpu_s = time.time(), stack.cpu_s("web") - cpu_s
    for reader in readers:
        await reader.close()
    counts = [sum(began_s <= at_s < ended_s for at_s in reader.arrived_s.values()) for reader in readers]
    return {
        "event streams": sizes.streams,
        "events per second per event stream, median": round(statistics.median(counts) / sizes.streams_s, 3),
        "events per second per event stream, minimum": round(min(counts) / sizes.streams_s, 3),
        # Events at the edges may fall outside the minute.
        "event streams with missing updates": sum(count < sizes.streams_s - 2 for count in counts),
        "spread of one event over all event streams, median ms": round(statistics.median(spread_ms(readers)), 1),
        f"cores for {sizes.streams} event streams": round(cpu_s / sizes.streams_s, 3),
    }


def spread_ms(readers: Sequence[Events]) -> list[float]:
    """Return the time between the first and the last arrival of each event that all readers of its board received."""
    arrivals: dict[tuple[str, str], list[float]] = defaultdict(list)
    for reader in readers:
        for event, at_s in reader.arrived_s.items():
            arrivals[reader.board, event].append(at_s)
    count = Counter(reader.board for reader in readers)
    return [(max(times) - min(times)) * 1000 for (board, _), times in arrivals.items() if len(times) == count[board]]


async def revocation(stack: Stack, keys: Sequence[str], next_request: NextRequest, sizes: Sizes) -> dict[str, Any]:
    """Under load, revoke a key that is in use and has an event stream; return the time until it is refused."""
    revoked_key = keys[-1]
    reader = Events(stack, revoked_key, "viewers")
    await reader.open()
    other_keys = without_key(next_request, revoked_key)
    load = asyncio.create_task(send_at_rate(host_of(stack), sizes.rate, sizes.revoked_s, other_keys))
    attempts = asyncio.create_task(send_until_refused(stack, revoked_key))
    name = keys.index(revoked_key)
    output = await asyncio.to_thread(stack.manage, "shell", "-v", "0", "-c", REVOKE.format(name=name))
    revoked_s, last_success_s = float(output), await attempts
    stream_s = await asyncio.wait_for(reader.wait(), REVOKED_LIMIT_S)
    await load
    return {
        "revoked key refused after, s": round(max(0.0, last_success_s - revoked_s), 2),
        "event stream of a revoked key closed after, s": round(stream_s - revoked_s, 2),
    }


def without_key(next_request: NextRequest, key: str) -> NextRequest:
    """Return a function that skips the requests with `key`."""
    return lambda: next(request for request in iter(next_request, None) if request[1] != key)


async def send_until_refused(stack: Stack, key: str) -> float:
    """Send requests until the key is refused; return the time of the last successful response."""
    connection, success_s = Connection(host_of(stack)), 0.0
    while (status := (await connection.get("/api/v1/boards/viewers", key))[0]) == 200:
        success_s = time.time()
        await asyncio.sleep(REVOKED_EVERY_S)
    assert status == 401, status
    connection.close()
    return success_s


if __name__ == "__main__":
    sys.exit(main())
