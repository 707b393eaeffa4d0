"""`make status`: per process whether it is up, since when, and its memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.local.layout import Layout
from deploy.local.supervisor_client import ProcessState, Supervisor, SupervisorAway

ROW = "{:<18} {:<11} {:>10} {:>8} {:>8}"
# The supervisor is a process of the copy too.
SUPERVISOR = "supervisor"


def print_status(layout: Layout, say: Callable[[str], None]) -> int:
    """Print a row a process and return the exit code: 1 when anything is not up."""
    supervisor = Supervisor(layout)
    try:
        states = supervisor.states()
        own = ProcessState(SUPERVISOR, "up", supervisor.pid(), 0)
    except SupervisorAway:
        say(f"Nothing runs from {layout.var}: `make run` starts it")
        return 1
    sizes = memory_by_pid()
    children = children_by_pid()
    say(f"{layout.running_address()}, data and logs in {layout.var}")
    say(ROW.format("process", "state", "for", "pid", "MB"))
    total = 0
    for state in (*states, own):
        used = sum(sizes.get(pid, 0) for pid in (family(state.pid, children) if state is not own else [own.pid]))
        total += used
        say(row(state, used))
    say(ROW.format("total", "", "", "", total // 1_000_000))
    return 0 if all(state.state == "up" for state in states) else 1


def row(state: ProcessState, used: int) -> str:
    runs = state.pid > 0
    lasted = duration(state.since_s) if runs and state.since_s else ""
    return ROW.format(state.name, state.state, lasted, state.pid if runs else "", used // 1_000_000 if runs else "")


def duration(seconds: int) -> str:
    """Return a time as `45 s`, `12 min` or `3 h 05`."""
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02}"


def memory_by_pid(proc: Path = Path("/proc")) -> dict[int, int]:
    """Return the resident bytes of every process. Source: proc(5), VmRSS."""
    sizes = {}
    for entry in proc.glob("[0-9]*"):
        for text in _lines(entry / "status"):
            if text.startswith("VmRSS:"):
                sizes[int(entry.name)] = int(text.split()[1]) * 1024
    return sizes


def children_by_pid(proc: Path = Path("/proc")) -> dict[int, list[int]]:
    """Return the ids of every process' children."""
    children: dict[int, list[int]] = {}
    for entry in proc.glob("[0-9]*"):
        for text in _lines(entry / "status"):
            if text.startswith("PPid:"):
                children.setdefault(int(text.split()[1]), []).append(int(entry.name))
    return children


def family(pid: int, children: dict[int, list[int]]) -> Sequence[int]:
    """Return a process and all that descends from it."""
    return [pid, *(member for child in children.get(pid, []) for member in family(child, children))] if pid else []


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
