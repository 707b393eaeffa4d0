"""`make stop`: stop all processes of an instance in reverse start order, and terminate orphans."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from deploy.local.layout import Layout
from deploy.local.locks import is_locked, lock_holder
from deploy.local.steps import line
from deploy.local.supervision import socket_path
from deploy.local.supervisor_client import Supervisor, SupervisorUnavailable, instance_pids, terminate_orphans

SHUTDOWN_LIMIT_S = 10
# Time limit for all programs together; a program that does not exit in time is killed.
STOP_LIMIT_S = 180


def stop_instance(layout: Layout, echo: Callable[[str], None]) -> bool:
    """Stop `make run`, then all remaining processes of the instance; return whether any were running."""
    was_running = _stop_run(layout, echo)
    return stop_everything(layout, echo) or was_running


def _stop_run(layout: Layout, echo: Callable[[str], None]) -> bool:
    """Send SIGTERM to `make run`, which can be stopped at any point during start-up, and wait until it exits."""
    pid, deadline = 0, time.monotonic() + STOP_LIMIT_S
    locked = is_locked(layout.var)
    while locked and time.monotonic() < deadline:
        if not pid and (pid := lock_holder(layout.var)):
            echo(f"stopping `make run` (pid {pid})")
            _terminate(pid)
        time.sleep(0.1)
        locked = is_locked(layout.var)
    if locked:
        echo(f"`make run` (pid {pid}) is still running in {layout.var} after {STOP_LIMIT_S} s")
    return pid > 0


def _terminate(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return


def stop_everything(layout: Layout, echo: Callable[[str], None]) -> bool:
    """Stop all processes of the instance and return whether any were running."""
    was_running = _stop_supervised(Supervisor(layout), echo)
    # The supervisor itself is still shutting down.
    deadline = time.monotonic() + SHUTDOWN_LIMIT_S
    while was_running and instance_pids(layout) and time.monotonic() < deadline:
        time.sleep(0.05)
    orphans = terminate_orphans(layout)
    if orphans:
        echo(f"terminated orphaned processes: pid {', '.join(map(str, orphans))}")
    socket_path(layout.var).unlink(missing_ok=True)
    return was_running or bool(orphans)


def _stop_supervised(supervisor: Supervisor, echo: Callable[[str], None]) -> bool:
    """Stop the programs in sequence, then the supervisor; return whether it was running."""
    try:
        states = supervisor.states()
    except SupervisorUnavailable:
        return False
    try:
        for state in reversed(states):
            if state.state != "down":
                started = time.monotonic()
                supervisor.stop(state.name)
                echo(line(state.name, "stopped", time.monotonic() - started))
        supervisor.shutdown()
    except SupervisorUnavailable:
        echo("the supervisor exited before all programs were stopped")
    return True
