"""What the processes of a copy use: CPU time between two moments, and memory."""

from __future__ import annotations

import time

import psutil

from bench.machine import peak_mb
from drills.stack import Stack


class Usage:
    """Counts from when it is made. Processes that are started or end meanwhile are left out."""

    def __init__(self, stack: Stack) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in stack.processes().items()}
        self._before = _cpu_s(self._processes)
        self._began_s = time.monotonic()

    def cores(self) -> dict[str, float]:
        """Return the CPU-seconds a second of each process, children included, the largest first."""
        spent_s, now = time.monotonic() - self._began_s, _cpu_s(self._processes)
        found = {name: round((now[name] - self._before[name]) / spent_s, 3) for name in self._before if name in now}
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def peak_mb(self) -> dict[str, int]:
        """Return the most memory that each process ever had resident."""
        return {name: round(peak_mb(process.pid)) for name, process in self._processes.items() if process.is_running()}


def _cpu_s(processes: dict[str, psutil.Process]) -> dict[str, float]:
    found = {}
    for name, process in processes.items():
        try:
            family = [process, *process.children(recursive=True)]
            found[name] = sum(sum(one.cpu_times()[:2]) for one in family)
        except psutil.NoSuchProcess:
            continue
    return found
