"""`python -m bench`: every benchmark, one after the other; the exit code says how many were wrong.

A missed aim is printed and is not wrong: it depends on the machine. The 75 minutes of bench/hour.py run only when
named. At the end docs/benchmarks.md is written again.
"""

from __future__ import annotations

import subprocess
import sys

from bench import report
from bench.machine import ROOT, described

NAMES = (
    "parser",
    "listening",
    "joins",
    "stream",
    "scaling",
    "sinks",
    "sockets",
    "browser",
    "api",
    "latency",
    "capacity",
)


def main(names: list[str]) -> int:
    """Run the named benchmarks, all without a name."""
    machine = described()
    print(", ".join(f"{name}: {value}" for name, value in machine.items()), flush=True)
    wrong = []
    for name in names or NAMES:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=ROOT).returncode:
            wrong.append(name)
    print(f"\nwrong: {', '.join(wrong) or 'none'}", flush=True)
    return len(wrong) + report.main()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
