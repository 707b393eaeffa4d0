"""The faults of `make drill-ingest`: how each starts and ends, and the limits that apply to it."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from drills.broadcasts import polled
from drills.stack import Stack

CHANNELS_PER_CONNECTION = 50
HELIX_S = 20
SECOND_PRODUCER = "producer-2"
SLOW_S = 90.0
# Pauses shorter and longer than the request timeout (5 s) and the delivery timeout of records (6 s).
SLOW_PAUSES_S = (0.3, 1.0, 2.5, 4.0, 5.1, 5.5, 6.5, 7.5)

Affected = dict[str, Any]


@dataclass(frozen=True, slots=True)
class IngestFault:
    """One fault, watched for at least `watch_s`; the instance must recover within `limit_s`.

    `lasts_s` is the duration of the fault. The recovery is timed from its end if `from_end`, else from its start.
    """

    name: str
    begin: Callable[[Stack], Affected]
    watch_s: float = 10.0
    lasts_s: float = 0.0
    limit_s: float = 120.0
    from_end: bool = False
    wants_fresh_list: bool = False
    no_gap: bool = False
    detected_within_s: float | None = None
    first_20_within_s: float | None = None
    producers: Sequence[int] = field(default=(1,))


def injected(kind: str, **options: float) -> Callable[[Stack], Affected]:
    """Return an action that injects a fault into the simulated Twitch."""
    return lambda stack: stack.fault(kind, **options)


def helix_fault(kind: str) -> IngestFault:
    """Return a Helix fault: the channel list is refreshed while it lasts and once more after it ends."""

    def begin(stack: Stack) -> Affected:
        affected = stack.fault(kind, seconds=HELIX_S)
        stack.run_task("refresh_channel_list")
        threading.Timer(HELIX_S + 0.5, stack.run_task, ["refresh_channel_list"]).start()
        return affected

    return IngestFault(kind, begin, HELIX_S + 1, HELIX_S, 150, from_end=True, wants_fresh_list=True)


def stopped(name: str, seconds: float) -> Callable[[Stack], Affected]:
    """Return an action that suspends a process for `seconds` (SIGSTOP)."""

    def begin(stack: Stack) -> Affected:
        with paused(stack, name):
            time.sleep(seconds)
        return {}

    return begin


def slow_kafka(stack: Stack) -> Affected:
    """Suspend Kafka repeatedly, so that it acknowledges records late: before, near and after their timeout."""
    rng, until = random.Random(1), time.monotonic() + SLOW_S
    while time.monotonic() < until:
        with paused(stack, "kafka"):
            time.sleep(rng.choice(SLOW_PAUSES_S))
        time.sleep(rng.uniform(0.01, 0.5))
    return {}


@contextmanager
def paused(stack: Stack, name: str) -> Iterator[None]:
    """Suspend a process while the block runs (SIGSTOP)."""
    stack.kill(name, signal.SIGSTOP)
    try:
        yield
    finally:
        stack.kill(name, signal.SIGCONT)


def process_fault(action: Callable[[Stack], None]) -> Callable[[Stack], Affected]:
    """Wrap an action on a process as a fault."""

    def begin(stack: Stack) -> Affected:
        action(stack)
        return {}

    return begin


def _signal(name: str, number: signal.Signals, stack: Stack) -> None:
    stack.kill(name, number)


def ingest_faults() -> list[IngestFault]:
    """Return every fault in the order of injection. The first stops one of two producers; a later one starts it again.

    Faults of the simulated Twitch are named after their kind.
    """
    kill, term = signal.SIGKILL, signal.SIGTERM
    return [
        IngestFault("second producer leaves", process_fault(lambda stack: stack.stop_process(SECOND_PRODUCER)), 20),
        IngestFault("reconnect", injected("reconnect", seconds=30), 35, no_gap=True),
        IngestFault("reset", injected("reset"), 5, first_20_within_s=15),
        IngestFault("half_open", injected("half_open", seconds=90), 45, detected_within_s=40),
        IngestFault("freeze", injected("freeze", seconds=12), 20, 12),
        IngestFault("flood", injected("flood", seconds=15, rate=1_500, channels=5), 20, 15),
        IngestFault("slow", injected("slow", seconds=20), 30, 20),
        IngestFault("bad_bytes", injected("bad_bytes", seconds=15), 20, 15),
        IngestFault("join_refused", injected("join_refused", seconds=30, channels=5), 31, 30, 240, from_end=True),
        IngestFault("suspended", injected("suspended", seconds=30, channels=5), 31, 30, 240, from_end=True),
        IngestFault("duplicates", injected("duplicates", seconds=15), 20, 15),
        *map(helix_fault, ("token_revoked", "rate_limited", "server_error", "hang", "bad_paging", "malformed")),
        *(
            IngestFault(kind, polled(kind, pattern, **options), 10, no_gap=True)
            for kind, pattern, options in (
                ("short_pages", "xx.", {}),
                ("cursor_refused", "xx.", {}),
                ("bad_starts", "xx.", {"channels": 5}),
                ("absent", "xx..xx..", {"channels": 5}),
                ("old_answers", "xxxx.", {"channels": 5}),
                ("old_texts", "xxxx.", {"channels": 5}),
            )
        ),
        IngestFault("producer killed", process_fault(partial(_signal, "producer", kill)), 5),
        IngestFault("producer terminated", process_fault(partial(_signal, "producer", term)), 10),
        IngestFault("kafka killed", process_fault(partial(_signal, "kafka", kill)), 15),
        IngestFault("kafka suspended 15 s", stopped("kafka", 15), 10, 0),
        IngestFault("kafka slow", slow_kafka, SLOW_S + 10, SLOW_S, SLOW_S + 120),
        IngestFault(
            "second producer joins",
            process_fault(lambda stack: stack.start_process(SECOND_PRODUCER)),
            20,
            producers=(1, 2),
        ),
        IngestFault(
            "second producer dies", process_fault(lambda stack: stack.stop_process(SECOND_PRODUCER, kill=True)), 20
        ),
    ]
