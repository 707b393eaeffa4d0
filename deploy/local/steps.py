"""Steps with dependencies, run in parallel; each prints a line with its duration."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path

NAME_WIDTH = 26
POLL_S = 0.5
REMINDER_S = 10.0
TAIL_LINES = 15


@dataclass(frozen=True)
class Step:
    """A unit of work.

    `work` returns the text to print when the step is done; reminders print `activity` during long waits.
    """

    name: str
    work: Callable[[], str]
    activity: str = ""
    after: Sequence[str] = ()
    log: Path | None = field(default=None, compare=False)


class StepFailed(Exception):
    """A step failed. The message says why, and `log` has the details."""

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(message)
        self.log = log


def line(name: str, text: str, seconds: float) -> str:
    """Format the line of a step, such as `Kafka .......... ready on 127.0.0.1:8001 (3.1 s)`."""
    return f"{name + ' ':.<{NAME_WIDTH}} {text} ({seconds:.1f} s)"


def run_steps(
    steps: Sequence[Step],
    echo: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Run each step as soon as the steps in its `after` are done.

    `check` is called regularly; an exception from it ends the run. Raises: StepFailed with the first failure,
    graphlib.CycleError before the first step if steps depend on each other.
    """
    results: queue.SimpleQueue[tuple[Step, str | Exception]] = queue.SimpleQueue()
    by_name, running = {step.name: step for step in steps}, dict[str, float]()
    order = TopologicalSorter({step.name: step.after for step in steps})
    order.prepare()
    printed_s = clock()
    while order.is_active():
        for name in order.get_ready():
            running[name] = clock()
            threading.Thread(target=_run_step, args=(by_name[name], results), daemon=True).start()
        try:
            step, result = results.get(timeout=POLL_S)
        except queue.Empty:
            check()
            if clock() - printed_s >= REMINDER_S:
                printed_s = clock()
                echo(_reminder([step for step in steps if step.name in running], running, printed_s))
            continue
        printed_s = clock()
        seconds = clock() - running.pop(step.name)
        if isinstance(result, Exception):
            echo(line(step.name, "FAILED", seconds))
            raise _failure(step, result) from result
        order.done(step.name)
        echo(line(step.name, result, seconds))


def _run_step(step: Step, results: queue.SimpleQueue[tuple[Step, str | Exception]]) -> None:
    try:
        results.put((step, step.work()))
    except Exception as error:
        results.put((step, error))


def _failure(step: Step, error: Exception) -> StepFailed:
    log = error.log if isinstance(error, StepFailed) and error.log else step.log
    text = str(error) if isinstance(error, StepFailed) else f"{type(error).__name__}: {error}"
    return StepFailed(f"{step.name}: {text}", log)


def _reminder(steps: Sequence[Step], since: dict[str, float], now: float) -> str:
    parts = [f"{step.name}: {step.activity or 'running'} ({now - since[step.name]:.0f} s)" for step in steps]
    return f"  … {'; '.join(parts)}"


def tail(log: Path, lines: int = TAIL_LINES) -> list[str]:
    """Return the last lines of a log, or fewer if it is shorter or missing."""
    try:
        return log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        return []


def wait_until(
    ready: Callable[[], bool],
    limit_s: float,
    what: str,
    every_s: float = 0.2,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Wait until `ready()` is true; OSError counts as not ready. Raises: StepFailed after `limit_s`."""
    deadline = clock() + limit_s
    problem = ""
    while clock() < deadline:
        try:
            if ready():
                return
            problem = ""
        except OSError as error:
            problem = f": {error}"
        time.sleep(every_s)
    raise StepFailed(f"timed out after {limit_s:.0f} s waiting for {what}{problem}")
