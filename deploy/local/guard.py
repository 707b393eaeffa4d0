"""Ends what was started when a command fails, or is interrupted by Ctrl-C, SIGTERM or the end of the terminal."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from deploy.local.children import end_commands
from deploy.local.steps import StepFailed, tail
from deploy.local.supervisor_client import SupervisorAway

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Raised where the main thread is."""


def say(text: str) -> None:
    print(text, flush=True)


def guarded(work: Callable[[], None], clean_up: Callable[[], object]) -> int:
    """Do `work`; whatever ends it early also ends its commands, and `clean_up` the rest. Return the exit code."""
    with _interruptible():
        try:
            work()
            return 0
        except Interrupted:
            code = 0
            say("\nStopping.")
        except (StepFailed, SupervisorAway) as error:
            code = 1
            _explain(error)
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)
        end_commands()
        clean_up()
        if code == 0:
            say("Stopped.")
        return code


@contextmanager
def _interruptible() -> Iterator[None]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        # Once: a second Ctrl-C must not leave half of it running.
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)
        raise Interrupted

    before = [signal.signal(number, interrupt) for number in ENDING]
    try:
        yield
    finally:
        for number, handler in zip(ENDING, before, strict=True):
            signal.signal(number, handler)


def _explain(error: Exception) -> None:
    say(f"\n{error}")
    log = error.log if isinstance(error, StepFailed) else None
    if log is not None:
        for text in tail(log):
            say(f"  | {text}")
        say(f"The log is {log}")
