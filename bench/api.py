"""`python -m bench.api`: what partners wait for, on a whole running copy with 500 channels.

Boards and live values are asked for at a steady rate with keys and limits, then faster until it is too much; the
history of a day; events on 500 streams of one process; and how soon a revoked key is refused meanwhile.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from bench.asking import Answers, Connection, ask_steadily
from bench.command import exit_code, instance, options
from bench.events import Events, host_of
from bench.machine import keep, table
from bench.past import past_of_a_channel
from core.metrics.table import BOARDS
from core.times import DAY_MS, MINUTE_MS
from drills.keys import make_keys
from drills.stack import Stack, wait_until

AIMS = {
    "asked 300 times a second, p95 ms": 50.0,
    "history of 24 h, median ms": 100.0,
    "a revoked key is refused after, s": 1.0,
    "its stream ends after, s": 1.0,
    "streams without an update a second": 0.0,
}
RATE = 300
KEYS = 10
REVOKED_EVERY_S, REVOKED_LIMIT_S = 0.02, 20


@dataclass(frozen=True, slots=True)
class Sizes:
    """The rates and durations of the requests; `near_ms` is the length of the history, of at least `points` windows.

    An instance that has just started compiles itself for a while: `warm_s`.
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
    near_ms: int = DAY_MS
    points: int = 8_600


SMOKE = Sizes(0.2, 20, 1, [30], 1, 2, 5, 3, 2, 3, 30 * MINUTE_MS, 170)
# More than all of them together ask for: the limits count, and refuse nobody.
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
    """Print the figures; return 1 when an answer had another status than 200."""
    given = options(__doc__).parse_args()
    with instance(given.on, start, **LIMITS) as stack:
        figures, wrong = measured(stack, SMOKE if given.smoke else Sizes())
    print(table([["API", "figure", "aim"], *([name, value, AIMS.get(name, "")] for name, value in figures.items())]))
    if given.smoke:
        return exit_code(wrong)
    keep("api", {"figures": figures, "aims": AIMS})
    slow = [f"{name} {figures[name]}: expected {aim}" for name, aim in AIMS.items() if figures[name] > aim]
    return exit_code(wrong, slow)


def start(stack: Stack) -> None:
    """Start everything with 500 channels."""
    stack.start("--channels", "500", "--rate", "1000", "--seed", "3")


def measured(stack: Stack, sizes: Sizes) -> tuple[dict[str, Any], list[str]]:
    """Return all figures, and what is wrong."""
    keys = make_keys(stack, *map(str, range(KEYS)))
    channel_id = past_of_a_channel(stack, sizes.near_ms)
    wait_until(lambda: points(stack, keys[0], channel_id) > sizes.points, 300, "the windows to be stored", 0.5)
    next_one = mixed(live_channels(stack, keys[0]), keys)
    figures, wrong = steady(stack, next_one, sizes)
    figures |= {
        **fastest(stack, next_one, sizes),
        **histories(stack, keys[0], channel_id, sizes.histories),
        **asyncio.run(streams(stack, keys, sizes)),
        **asyncio.run(revoked(stack, keys, next_one, sizes)),
    }
    return figures, wrong


def points(stack: Stack, key: str, channel_id: str) -> int:
    """Return how many windows of the day are stored."""
    found = asked(stack, key, f"channels/{channel_id}/series?range=24h&grain=live")
    return len(found.json()["points"]["end"]) if found.is_success else 0


def live_channels(stack: Stack, key: str) -> list[str]:
    """Return the ids of the channels of a board."""
    return [row["channel_id"] for row in asked(stack, key, "boards/viewers?n=100").raise_for_status().json()["rows"]]


def asked(stack: Stack, key: str, path: str) -> httpx.Response:
    """Ask once."""
    return httpx.get(f"{stack.url}/api/v1/{path}", headers={"Authorization": f"Bearer {key}"}, timeout=30)


def mixed(channels: Sequence[str], keys: Sequence[str]) -> Callable[[], tuple[str, str]]:
    """Return what gives a path and a key: in turn a board of ten rows and the values of a channel."""
    boards, values = (f"boards/{one.key}" for one in itertools.cycle(BOARDS)), itertools.cycle(channels)
    paths = (path for board in boards for path in (board, f"channels/{next(values)}/live"))
    turn = itertools.cycle(keys)
    return lambda: (f"/api/v1/{next(paths)}", next(turn))


def steady(stack: Stack, next_one: Callable[[], tuple[str, str]], sizes: Sizes) -> tuple[dict[str, Any], list[str]]:
    """Ask at the rate of the aim; every answer is to be 200."""
    loaded(stack, sizes.rate, sizes.warm_s, next_one)
    answers, cpu_s = loaded(stack, sizes.rate, sizes.rate_s, next_one)
    wrong = [f"{count:,} answers were {status}" for status, count in answers.statuses.items() if status != 200]
    return {
        f"asked {sizes.rate} times a second, median ms": round(answers.median_ms, 1),
        f"asked {sizes.rate} times a second, p95 ms": round(answers.p95_ms, 1),
        "of these answered well": f"{answers.statuses[200]:,} of {answers.statuses.total():,}",
        "bytes an answer": round(answers.bytes / len(answers.took_ms)),
        "CPU ms a request": round(cpu_s / len(answers.took_ms) * 1000, 2),
    }, wrong


def fastest(stack: Stack, next_one: Callable[[], tuple[str, str]], sizes: Sizes) -> dict[str, Any]:
    """Ask faster until the 95th percentile is above the aim; return the last rate at which it was not."""
    held = {"highest rate held, a second": sizes.rate, "p95 ms at that rate": 0.0}
    for rate in sizes.faster:
        answers, _ = loaded(stack, rate, sizes.faster_s, next_one)
        is_held = answers.p95_ms <= AIMS[f"asked {RATE} times a second, p95 ms"] and set(answers.statuses) == {200}
        print(f"{rate} a second: p95 {answers.p95_ms:.1f} ms, {dict(answers.statuses)}", flush=True)
        if not is_held:
            break
        held = {"highest rate held, a second": rate, "p95 ms at that rate": round(answers.p95_ms, 1)}
    return held


def loaded(stack: Stack, rate: float, seconds: float, next_one: Callable[[], tuple[str, str]]) -> tuple[Answers, float]:
    """Ask for a while; return the answers and the CPU time of the web process."""
    before_s = stack.cpu_s("web")
    answers = asyncio.run(ask_steadily(host_of(stack), rate, seconds, next_one))
    return answers, stack.cpu_s("web") - before_s


def histories(stack: Stack, key: str, channel_id: str, count: int) -> dict[str, Any]:
    """Ask for a day of one channel, again and again."""
    found: dict[str, Any] = {}
    with httpx.Client(base_url=stack.url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        for name, more in (("history of 24 h", ""), ("the same in all its 8,640 windows", "&grain=live")):
            took_ms = []
            for _ in range(count):
                began = time.perf_counter()
                client.get(f"/api/v1/channels/{channel_id}/series?range=24h{more}").raise_for_status()
                took_ms.append((time.perf_counter() - began) * 1000)
                time.sleep(0.1)
            found[f"{name}, median ms"] = round(statistics.median(took_ms), 1)
            found[f"{name}, p95 ms"] = round(statistics.quantiles(took_ms, n=20)[18], 1)
    return found


async def streams(stack: Stack, keys: Sequence[str], sizes: Sizes) -> dict[str, Any]:
    """Open streams of a board each, and count the events of each within a minute."""
    readers = [Events(stack, keys[at % len(keys)], BOARDS[at % len(BOARDS)].key) for at in range(sizes.streams)]
    for reader in readers:
        await reader.open()
    await asyncio.sleep(sizes.settled_s)
    began_s, cpu_s = time.time(), stack.cpu_s("web")
    await asyncio.sleep(sizes.streams_s)
    ended_s, cpu_s = time.time(), stack.cpu_s("web") - cpu_s
    for reader in readers:
        await reader.close()
    counts = [sum(began_s <= at_s < ended_s for at_s in reader.came_s.values()) for reader in readers]
    return {
        "streams": sizes.streams,
        "events of a stream a second, median": round(statistics.median(counts) / sizes.streams_s, 3),
        "events of a stream a second, least": round(min(counts) / sizes.streams_s, 3),
        # Of one a second some fall out of the minute at its edges.
        "streams without an update a second": sum(count < sizes.streams_s - 2 for count in counts),
        "an event from the first to the last stream, median ms": round(statistics.median(fanned_ms(readers)), 1),
        f"cores for {sizes.streams} streams": round(cpu_s / sizes.streams_s, 3),
    }


def fanned_ms(readers: Sequence[Events]) -> list[float]:
    """Return for each event that all readers of its board had how far apart the first and the last had it."""
    came: dict[tuple[str, str], list[float]] = defaultdict(list)
    for reader in readers:
        for event, at_s in reader.came_s.items():
            came[reader.board, event].append(at_s)
    everybody = Counter(reader.board for reader in readers)
    return [(max(times) - min(times)) * 1000 for (board, _), times in came.items() if len(times) == everybody[board]]


async def revoked(
    stack: Stack, keys: Sequence[str], next_one: Callable[[], tuple[str, str]], sizes: Sizes
) -> dict[str, Any]:
    """Revoke a key that asks all the time and has a stream, under load; return when it was refused."""
    ended = keys[-1]
    reader = Events(stack, ended, "viewers")
    await reader.open()
    load = asyncio.create_task(ask_steadily(host_of(stack), sizes.rate, sizes.revoked_s, without(next_one, ended)))
    tries = asyncio.create_task(until_refused(stack, ended))
    name = keys.index(ended)
    printed = await asyncio.to_thread(stack.manage, "shell", "-v", "0", "-c", REVOKE.format(name=name))
    revoked_s, last_good_s = float(printed), await tries
    stream_s = await asyncio.wait_for(reader.wait(), REVOKED_LIMIT_S)
    await load
    return {
        "a revoked key is refused after, s": round(max(0.0, last_good_s - revoked_s), 2),
        "its stream ends after, s": round(stream_s - revoked_s, 2),
    }


def without(next_one: Callable[[], tuple[str, str]], key: str) -> Callable[[], tuple[str, str]]:
    """Return the same without a key."""
    return lambda: next(found for found in iter(next_one, None) if found[1] != key)


async def until_refused(stack: Stack, key: str) -> float:
    """Ask until the key is refused; return when the last answer came that was none."""
    connection, good_s = Connection(host_of(stack)), 0.0
    while (status := (await connection.ask("/api/v1/boards/viewers", key))[0]) == 200:
        good_s = time.time()
        await asyncio.sleep(REVOKED_EVERY_S)
    assert status == 401, status
    connection.close()
    return good_s


if __name__ == "__main__":
    sys.exit(main())
