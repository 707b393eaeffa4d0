"""Clean-up after a command fails or is interrupted by Ctrl-C, SIGTERM or a closed terminal."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from deploy.local.children import kill_commands
from deploy.local.steps import StepFailed, tail
from deploy.local.supervisor_client import SupervisorUnavailable

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Raised in the main thread when a stop signal arrives."""


def echo(text: str) -> None:
    print(text, flush=True)


def run_guarded(work: Callable[[], None], clean_up: Callable[[], object]) -> int:
    """Run `work` and return the exit code.

    If it fails or is interrupted, kill its running commands and call `clean_up`.
    """
    with _interruptible():
        try:
            work()
            return 0
        except Interrupted:
            code = 0
            echo("\nStopping.")
        except (StepFailed, SupervisorUnavailable) as error:
            code = 1
            _print_error(error)
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        kill_commands()
        clean_up()
        if code == 0:
            echo("Stopped.")
        return code


@contextmanager
def _interruptible() -> Iterator[None]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        # Ignore further signals, because a second Ctrl-C must not interrupt the clean-up.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise Interrupted

    previous = [signal.signal(number, interrupt) for number in STOP_SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(STOP_SIGNALS, previous, strict=True):
            signal.signal(number, handler)


def _print_error(error: Exception) -> None:
    echo(f"\n{error}")
    log = error.log if isinstance(error, StepFailed) else None
    if log is not None:
        for text in tail(log):
            echo(f"  | {text}")
        echo(f"Full log: {log}")
