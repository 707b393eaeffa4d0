"""Steps that wait for each other, run side by side, and print one line each with the time it took."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path

NAME_WIDTH = 26
LOOK_S = 0.5
REMIND_S = 10.0
TAIL_LINES = 15


@dataclass(frozen=True)
class Step:
    """One thing to do; `work` returns what to say when it is done. `waits_for` is said while it takes long."""

    name: str
    work: Callable[[], str]
    waits_for: str = ""
    after: Sequence[str] = ()
    log: Path | None = field(default=None, compare=False)


class StepFailed(Exception):
    """A step did not get there; the message says why. `log` is where more can be read."""

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(message)
        self.log = log


def line(name: str, text: str, seconds: float) -> str:
    """Return a step's line, such as `Kafka .......... ready on 127.0.0.1:8001 (3.1 s)`."""
    return f"{name + ' ':.<{NAME_WIDTH}} {text} ({seconds:.1f} s)"


def run_steps(
    steps: Sequence[Step],
    say: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
    look: Callable[[], None] = lambda: None,
) -> None:
    """Run each step as soon as those it comes after are done.

    `look` is called while it waits; what it raises ends the waiting. Raises: StepFailed with the first failure,
    graphlib.CycleError before the first step if steps wait for each other.
    """
    results: queue.SimpleQueue[tuple[Step, str | Exception]] = queue.SimpleQueue()
    by_name, running = {step.name: step for step in steps}, dict[str, float]()
    order = TopologicalSorter({step.name: step.after for step in steps})
    order.prepare()
    said_s = clock()
    while order.is_active():
        for name in order.get_ready():
            running[name] = clock()
            threading.Thread(target=_work, args=(by_name[name], results), daemon=True).start()
        try:
            step, result = results.get(timeout=LOOK_S)
        except queue.Empty:
            look()
            if clock() - said_s >= REMIND_S:
                said_s = clock()
                say(_reminder([step for step in steps if step.name in running], running, said_s))
            continue
        said_s = clock()
        seconds = clock() - running.pop(step.name)
        if isinstance(result, Exception):
            say(line(step.name, "FAILED", seconds))
            raise _failure(step, result) from result
        order.done(step.name)
        say(line(step.name, result, seconds))


def _work(step: Step, results: queue.SimpleQueue[tuple[Step, str | Exception]]) -> None:
    try:
        results.put((step, step.work()))
    except Exception as error:
        results.put((step, error))


def _failure(step: Step, error: Exception) -> StepFailed:
    log = error.log if isinstance(error, StepFailed) and error.log else step.log
    text = str(error) if isinstance(error, StepFailed) else f"{type(error).__name__}: {error}"
    return StepFailed(f"{step.name}: {text}", log)


def _reminder(steps: Sequence[Step], since: dict[str, float], now: float) -> str:
    parts = [f"{step.name}: {step.waits_for or 'running'} ({now - since[step.name]:.0f} s)" for step in steps]
    return f"  … {'; '.join(parts)}"


def tail(log: Path, lines: int = TAIL_LINES) -> list[str]:
    """Return the last lines of a log, fewer or none when there are no more."""
    try:
        return log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        return []


def wait_until(ready: Callable[[], bool], limit_s: float, what: str, every_s: float = 0.2) -> None:
    """Return when `ready()` is true; what raises OSError is not ready yet. Raises: StepFailed after `limit_s`."""
    give_up = time.monotonic() + limit_s
    problem = ""
    while time.monotonic() < give_up:
        try:
            if ready():
                return
            problem = ""
        except OSError as error:
            problem = f": {error}"
        time.sleep(every_s)
    raise StepFailed(f"{what} did not come within {limit_s:.0f} s{problem}")
