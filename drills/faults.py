"""The faults of `make drill-ingest`: how each begins and ends, and what must hold for it."""

from __future__ import annotations

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
SECOND = "producer-2"

Touched = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Drill:
    """One fault. It is watched for `watch_s` at least; what is amiss must be well again within `limit_s`.

    `lasts_s` is until its own end; where `from_end` the recovery is counted from there, else from its beginning.
    """

    name: str
    begin: Callable[[Stack], Touched]
    watch_s: float = 10.0
    lasts_s: float = 0.0
    limit_s: float = 120.0
    from_end: bool = False
    wants_fresh_list: bool = False
    no_gap: bool = False
    noticed_within_s: float | None = None
    first_20_within_s: float | None = None
    producers: Sequence[int] = field(default=(1,))


def asked(kind: str, **options: float) -> Callable[[Stack], Touched]:
    """Return what asks the simulated Twitch for a fault."""
    return lambda stack: stack.fault(kind, **options)


def helix(kind: str) -> Drill:
    """Return a fault of Helix: the list is asked for while it lasts, and once more when it is over."""

    def begin(stack: Stack) -> Touched:
        touched = stack.fault(kind, seconds=HELIX_S)
        stack.run_task("refresh_channel_list")
        threading.Timer(HELIX_S + 0.5, stack.refresh_channel_list).start()
        return touched

    return Drill(kind, begin, HELIX_S + 1, HELIX_S, 150, from_end=True, wants_fresh_list=True)


def stopped(name: str, seconds: float) -> Callable[[Stack], Touched]:
    """Return what stops a process, not ends it, for some seconds."""

    def begin(stack: Stack) -> Touched:
        with paused(stack, name):
            time.sleep(seconds)
        return {}

    return begin


@contextmanager
def paused(stack: Stack, name: str) -> Iterator[None]:
    """Stop a process, not end it, for as long as this lasts."""
    stack.kill(name, signal.SIGSTOP)
    try:
        yield
    finally:
        stack.kill(name, signal.SIGCONT)


def process(action: Callable[[Stack], None]) -> Callable[[Stack], Touched]:
    """Return an action of the drill's own as a fault."""

    def begin(stack: Stack) -> Touched:
        action(stack)
        return {}

    return begin


def _signal(name: str, number: signal.Signals, stack: Stack) -> None:
    stack.kill(name, number)


def drills() -> list[Drill]:
    """Return every fault in the order they are tried. The copy begins with two producers, and then has one."""
    kill, term = signal.SIGKILL, signal.SIGTERM
    return [
        Drill("second producer leaves", process(lambda stack: stack.end(SECOND)), 20),
        Drill("reconnect", asked("reconnect", seconds=30), 35, no_gap=True),
        Drill("reset", asked("reset"), 5, first_20_within_s=15),
        Drill("half_open", asked("half_open", seconds=90), 45, noticed_within_s=40),
        Drill("freeze", asked("freeze", seconds=12), 20, 12),
        Drill("flood", asked("flood", seconds=15, rate=1_500, channels=5), 20, 15),
        Drill("slow", asked("slow", seconds=20), 30, 20),
        Drill("bad_bytes", asked("bad_bytes", seconds=15), 20, 15),
        Drill("join_refused", asked("join_refused", seconds=30, channels=5), 31, 30, 240, from_end=True),
        Drill("suspended", asked("suspended", seconds=30, channels=5), 31, 30, 240, from_end=True),
        Drill("duplicates", asked("duplicates", seconds=15), 20, 15),
        *map(helix, ("token_revoked", "rate_limited", "server_error", "hang", "bad_paging", "malformed")),
        *(
            Drill(name, polled(kind, course, **options), 10, no_gap=True)
            for name, kind, course, options in (
                ("short_pages", "short_pages", "xx.", {}),
                ("cursor_refused", "cursor_refused", "xx.", {}),
                ("bad_starts", "bad_starts", "xx.", {"channels": 5}),
                ("absent and back, twice", "absent", "xx..xx..", {"channels": 5}),
                ("old_answers", "old_answers", "xxxx.", {"channels": 5}),
            )
        ),
        Drill("producer SIGKILLed", process(partial(_signal, "producer", kill)), 5),
        Drill("producer SIGTERM", process(partial(_signal, "producer", term)), 10),
        Drill("kafka SIGKILLed", process(partial(_signal, "kafka", kill)), 15),
        Drill("kafka stopped 15 s", stopped("kafka", 15), 10, 0),
        Drill("second producer joins", process(lambda stack: stack.begin(SECOND)), 20, producers=(1, 2)),
        Drill("second producer dies", process(lambda stack: stack.end(SECOND, kill=True)), 20),
    ]
