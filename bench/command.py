"""The command line that all benchmarks share, and their exit code."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from drills.stack import Stack


def options(about: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options of every benchmark."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: check that it works, keep no figures")
    parser.add_argument("--on", type=Path, metavar="FOLDER", help="use the instance that runs with this TWITCHLY_VAR")
    return parser


@contextmanager
def instance(on: Path | None, start: Callable[[Stack], object], **settings: str) -> Iterator[Stack]:
    """Yield the running instance in `on`; without one, an instance that `start` starts and that is removed later."""
    if on is not None:
        yield Stack(running=str(on))
        return
    stack = Stack(**settings)
    try:
        start(stack)
        yield stack
    finally:
        stack.remove()


def exit_code(wrong: Iterable[str], missed: Iterable[str] = ()) -> int:
    """Print what is wrong and which aims were missed; return 1 only when something is wrong.

    An aim is a speed, which depends on the machine and on what else runs there.
    """
    problems = [f"wrong: {one}" for one in wrong]
    print("\n".join([*problems, *(f"aim missed: {one}" for one in missed)]), flush=True)
    return int(bool(problems))
