"""Short-lived commands (pip, Maven, npm, manage.py): run them, and kill them on shutdown."""

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
    """Run a command, write its output to `log`, and wait until it exits. Raises: StepFailed."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("wb") as output:
        # In its own session, so that killing the group also kills the command's children.
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
        summary = " ".join(Path(word).name if word.startswith("/") else word for word in command[:6])
        raise StepFailed(f"`{summary}` exited with status {code}", log)


def kill_commands() -> None:
    """Kill every running command and its children."""
    with _lock:
        for process in _running:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
