"""`make status`: the state, uptime and memory of each process."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.local.layout import Layout
from deploy.local.supervisor_client import ProcessState, Supervisor, SupervisorUnavailable

ROW = "{:<18} {:<11} {:>10} {:>8} {:>8}"
# The name in the supervisor's row; the other rows show the programs that the supervisor runs.
SUPERVISOR = "supervisor"


def print_status(layout: Layout, echo: Callable[[str], None]) -> int:
    """Print a row per process and return the exit code: 1 unless all are up."""
    supervisor = Supervisor(layout)
    try:
        states = supervisor.states()
        supervisor_state = ProcessState(SUPERVISOR, "up", supervisor.pid(), 0)
    except SupervisorUnavailable:
        echo(f"Nothing is running in {layout.var}. Start Twitchly with `make run`")
        return 1
    sizes = memory_by_pid()
    children = children_by_pid()
    echo(f"{layout.running_url()}, data and logs in {layout.var}")
    echo(ROW.format("process", "state", "uptime", "pid", "MB"))
    total = 0
    for state in (*states, supervisor_state):
        # All processes descend from the supervisor, so its row counts only the supervisor itself.
        pids = [state.pid] if state is supervisor_state else process_tree(state.pid, children)
        memory = sum(sizes.get(pid, 0) for pid in pids)
        total += memory
        echo(row(state, memory))
    echo(ROW.format("total", "", "", "", total // 1_000_000))
    if (text := history_progress(layout.var)) is not None:
        echo(text)
    return 0 if all(state.state in ("up", "done") for state in states) else 1


def history_progress(var: Path) -> str | None:
    """Return the progress of writing the simulated past, or None if there is none. Source: simulate_history."""
    try:
        progress = json.loads((var / "simulated-past.json").read_text())
    except FileNotFoundError:
        return None
    hours, total = progress["hours"], progress["total"]
    return f"simulated past: {100 * hours // total}%, {hours} of {total} hours"


def row(state: ProcessState, memory: int) -> str:
    is_running = state.pid > 0
    uptime = duration(state.since_s) if is_running and state.since_s else ""
    pid, megabytes = (state.pid, memory // 1_000_000) if is_running else ("", "")
    return ROW.format(state.name, state.state, uptime, pid, megabytes)


def duration(seconds: int) -> str:
    """Format a duration as `45 s`, `12 min` or `3 h 05`."""
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02}"


def memory_by_pid(proc: Path = Path("/proc")) -> dict[int, int]:
    """Return the resident memory of every process, in bytes. Source: proc(5), VmRSS."""
    sizes = {}
    for entry in proc.glob("[0-9]*"):
        for text in _read_lines(entry / "status"):
            if text.startswith("VmRSS:"):
                sizes[int(entry.name)] = int(text.split()[1]) * 1024
    return sizes


def children_by_pid(proc: Path = Path("/proc")) -> dict[int, list[int]]:
    """Return the child pids of every process."""
    children: dict[int, list[int]] = {}
    for entry in proc.glob("[0-9]*"):
        for text in _read_lines(entry / "status"):
            if text.startswith("PPid:"):
                children.setdefault(int(text.split()[1]), []).append(int(entry.name))
    return children


def process_tree(pid: int, children: dict[int, list[int]]) -> Sequence[int]:
    """Return the pids of a process and all its descendants."""
    if pid == 0:
        return []
    descendants = (member for child in children.get(pid, []) for member in process_tree(child, children))
    return [pid, *descendants]


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
