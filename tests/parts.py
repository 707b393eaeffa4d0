"""Runs the server tests in parallel with all other tests, because servers are mostly idle: `python -m tests.parts`.

The output of each part is printed when it ends. The exit code is the number of parts that failed.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

PYTEST = (sys.executable, "-m", "pytest")
# Unit tests are CPU-bound, so they run at the lowest priority.
LOWEST_PRIORITY = ("nice", "-n", "19")
ON_POSTGRES = (
    sys.executable,
    "-m",
    "tests.postgres",
    *PYTEST,
    "-n",
    "2",
    "-m",
    "database and not server",
    "--reuse-db",
)


@dataclass(frozen=True, slots=True)
class Part:
    """Commands that run one after the other until one fails."""

    name: str
    commands: Sequence[Sequence[str]]


# All server tests are one part, because two instances at once would overload two cores, and processes would miss their
# time limits.
PARTS = (
    Part("server", [(*PYTEST, "-m", "server", "--durations=20")]),
    Part("unit", [(*LOWEST_PRIORITY, *PYTEST, "-n", "2", "-m", "not server"), (*LOWEST_PRIORITY, *ON_POSTGRES)]),
)
PROGRESS_S = 60.0
_POLL_S = 0.2
_RESULTS = re.compile(rb"^[.FEsxX]+", re.MULTILINE)


class Running:
    """A part in progress; its output goes to a file."""

    def __init__(self, part: Part, log: Path) -> None:
        self.name, self._commands, self._log = part.name, iter(part.commands), log
        self._log.touch()
        self._process: subprocess.Popen[bytes] | None = None
        self.code = 0
        self._next()

    def _next(self) -> None:
        command = next(self._commands, None)
        if command is None:
            self._process = None
            return
        with self._log.open("ab") as output:
            # In its own process group, so that Ctrl-C reaches it only once, through `end`.
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    def advance(self) -> bool:
        """Start the next command when one succeeds; return whether the part has ended."""
        while self._process is not None and (code := self._process.poll()) is not None:
            if code:
                self.code, self._process = code, None
            else:
                self._next()
        return self._process is None

    def end(self) -> None:
        """Interrupt the command, and wait until its tests have removed their servers."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGINT)
            self._process.wait()

    def output(self) -> bytes:
        """Return the output up to now."""
        return self._log.read_bytes()

    def progress(self) -> str:
        """Return the number of results that pytest has printed."""
        return f"{self.name} {sum(map(len, _RESULTS.findall(self.output()))):,}"


def run(parts: Sequence[Part], clock: Callable[[], float] = time.monotonic) -> int:
    """Run the parts and print their output; return the number of parts that failed."""
    began_s = reported_s = clock()
    failed = []
    with tempfile.TemporaryDirectory(prefix="tw-tests-") as folder:
        running = [Running(part, Path(folder) / str(number)) for number, part in enumerate(parts)]
        try:
            while running:
                for part in [part for part in running if part.advance()]:
                    running.remove(part)
                    outcome = "failed" if part.code else "passed"
                    if part.code:
                        failed.append(part.name)
                    sys.stdout.buffer.write(part.output())
                    print(f"== {part.name}: {outcome} after {clock() - began_s:.0f} s", flush=True)
                if running and clock() - reported_s >= PROGRESS_S:
                    reported_s = clock()
                    progress = ", ".join(part.progress() for part in running)
                    print(f"after {clock() - began_s:.0f} s, tests run: {progress}", flush=True)
                time.sleep(_POLL_S)
        finally:
            for part in running:
                part.end()
    print(f"failed: {', '.join(failed)}" if failed else "all tests passed")
    return len(failed)


if __name__ == "__main__":
    try:
        sys.exit(run(PARTS))
    except KeyboardInterrupt:
        sys.exit(130)
