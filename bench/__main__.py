"""`python -m bench`: run every benchmark in turn; the exit code is the number of benchmarks with errors.

A missed target is printed but is not an error, because speed depends on the machine. bench/hour.py takes 75
minutes and runs only when named. At the end, docs/benchmarks.md is regenerated.
"""

from __future__ import annotations

import subprocess
import sys

from bench import report
from bench.machine import ROOT, describe_machine

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
    """Run the named benchmarks; without names, all of them."""
    machine = describe_machine()
    print(", ".join(f"{name}: {value}" for name, value in machine.items()), flush=True)
    failed = []
    for name in names or NAMES:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=ROOT).returncode:
            failed.append(name)
    print(f"\nfailed: {', '.join(failed) or 'none'}", flush=True)
    return len(failed) + report.main()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
