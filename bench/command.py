"""Shared command-line options and exit codes of the benchmarks."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from drills.stack import Stack


def options(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options common to all benchmarks."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--smoke", action="store_true", help="use tiny sizes, save no figures")
    parser.add_argument("--on", type=Path, metavar="FOLDER", help="use the running instance with this TWITCHLY_VAR")
    return parser


@contextmanager
def instance(on: Path | None, start: Callable[[Stack], object], **settings: str) -> Iterator[Stack]:
    """Yield the running instance in `on`, or a new one, which `start` starts and which is removed afterwards."""
    if on is not None:
        yield Stack(running=str(on))
        return
    stack = Stack(**settings)
    try:
        start(stack)
        yield stack
    finally:
        stack.remove()


def exit_code(errors: Iterable[str], missed: Iterable[str] = ()) -> int:
    """Print the errors and the missed targets; return 1 only if there are errors.

    Targets are speeds, which depend on the machine and its other load.
    """
    lines = [f"error: {error}" for error in errors]
    print("\n".join([*lines, *(f"target missed: {text}" for text in missed)]), flush=True)
    return int(bool(lines))
