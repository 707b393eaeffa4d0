"""CPU and memory use of an instance's processes."""

from __future__ import annotations

import time

import psutil

from bench.machine import peak_mb
from drills.stack import Stack


class Usage:
    """Starts measuring when it is created. Processes that start or end during the measurement are omitted."""

    def __init__(self, stack: Stack) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in stack.processes().items()}
        self._before = _cpu_s(self._processes)
        self._began_s = time.monotonic()

    def cores(self) -> dict[str, float]:
        """Return the average cores used by each process and its children, largest first."""
        spent_s, now = time.monotonic() - self._began_s, _cpu_s(self._processes)
        cores = {name: round((now[name] - self._before[name]) / spent_s, 3) for name in self._before if name in now}
        return dict(sorted(cores.items(), key=lambda item: -item[1]))

    def peak_mb(self) -> dict[str, int]:
        """Return the peak resident memory of each process."""
        return {name: round(peak_mb(process.pid)) for name, process in self._processes.items() if process.is_running()}


def _cpu_s(processes: dict[str, psutil.Process]) -> dict[str, float]:
    used_s = {}
    for name, process in processes.items():
        try:
            family = [process, *process.children(recursive=True)]
            used_s[name] = sum(sum(member.cpu_times()[:2]) for member in family)
        except psutil.NoSuchProcess:
            continue
    return used_s
