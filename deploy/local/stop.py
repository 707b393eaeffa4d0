"""`make stop`: everything of this copy ends, the last started first, and nothing is left."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from deploy.local.layout import Layout
from deploy.local.locks import holder, is_locked
from deploy.local.steps import line
from deploy.local.supervision import socket_path
from deploy.local.supervisor_client import Supervisor, SupervisorAway, end_leftovers, leftovers

CLOSE_S = 10
# All programs together, each of which is killed when it does not end in time.
RUN_ENDS_S = 180


def stop_copy(layout: Layout, say: Callable[[str], None]) -> bool:
    """End the `make run` of this copy, then what is left of the copy; return whether anything of it ran."""
    asked = _end_run(layout, say)
    return stop_everything(layout, say) or asked


def _end_run(layout: Layout, say: Callable[[str], None]) -> bool:
    """Ask `make run` to stop everything, which it can do at any point of its start, and wait for it."""
    pid, give_up = 0, time.monotonic() + RUN_ENDS_S
    locked = is_locked(layout.var)
    while locked and time.monotonic() < give_up:
        if not pid and (pid := holder(layout.var)):
            say(f"asked `make run` (pid {pid}) to stop everything")
            _ask(pid)
        time.sleep(0.1)
        locked = is_locked(layout.var)
    if locked:
        say(f"`make run` (pid {pid}) still holds {layout.var} after {RUN_ENDS_S} s")
    return pid > 0


def _ask(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return


def stop_everything(layout: Layout, say: Callable[[str], None]) -> bool:
    """Stop the copy and return whether anything of it ran."""
    ran = _stop_supervised(Supervisor(layout), say)
    # The supervisor itself still has to close.
    give_up = time.monotonic() + CLOSE_S
    while ran and leftovers(layout) and time.monotonic() < give_up:
        time.sleep(0.05)
    left = end_leftovers(layout)
    if left:
        say(f"ended what was left: pid {', '.join(map(str, left))}")
    socket_path(layout.var).unlink(missing_ok=True)
    return ran or bool(left)


def _stop_supervised(supervisor: Supervisor, say: Callable[[str], None]) -> bool:
    """Stop the programs one after the other, then the supervisor; return whether there was one."""
    try:
        states = supervisor.states()
    except SupervisorAway:
        return False
    try:
        for state in reversed(states):
            if state.state != "down":
                began = time.monotonic()
                supervisor.stop(state.name)
                say(line(state.name, "stopped", time.monotonic() - began))
        supervisor.shutdown()
    except SupervisorAway:
        say("the supervisor ended before the rest did")
    return True
