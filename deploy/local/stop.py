"""`make stop`: everything of this copy ends, the last started first, and nothing is left."""

from __future__ import annotations

import time
from collections.abc import Callable

from deploy.local.layout import Layout
from deploy.local.steps import line
from deploy.local.supervision import socket_path
from deploy.local.supervisor_client import Supervisor, SupervisorAway, end_leftovers, leftovers

CLOSE_S = 10


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
