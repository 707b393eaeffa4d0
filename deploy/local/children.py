"""Runs the commands that come to an end (pip, Maven, npm, manage.py), and ends them when we are asked to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.steps import StepFailed

_running: set[subprocess.Popen[bytes]] = set()
_lock = threading.Lock()


def run_command(command: Sequence[str], log: Path, cwd: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run a command to its end, its output into `log`. Raises: StepFailed."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("wb") as output:
        # A session of its own: ending the group ends what it started, too.
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        with _lock:
            _running.add(process)
        code = process.wait()
        with _lock:
            _running.discard(process)
    if code != 0:
        shown = " ".join(Path(word).name if word.startswith("/") else word for word in command[:6])
        raise StepFailed(f"`{shown}` ended with {code}", log)


def end_commands() -> None:
    """Kill every command that still runs, with what it started."""
    with _lock:
        for process in _running:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
