"""`python -m bench.parser`: lines a second of our parser and of others, each in a process of its own.

A line counts when its command, channel, user id and every tag that our records use have been read and unescaped.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

from bench.lines import invented, recorded
from bench.machine import ROOT, keep, table
from bench.readers import READERS, Reader

ROUNDS = 7
ROUND_S = 0.7
INVENTED = 7_000
SENT_MS = 1_790_000_000_000
AIM = 200_000


def main() -> int:
    """Print a row a parser; return 1 when ours is below the aim."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--measure", choices=READERS, help="measure this one, in this process")
    name = options.parse_args().measure
    if name is not None:
        print(json.dumps(measured(READERS[name]())))
        return 0
    lines, what = lines_to_read()
    print(f"{len(lines):,} {what} lines, {sum(map(len, lines)) // len(lines)} bytes each on average")
    found = {name: in_a_process(name) for name in READERS}
    rows = [[name, int(one["lines_per_s"]), one["peak_mb"]] for name, one in found.items()]
    print(table([["parser", "lines/s", "peak MB"], *rows]))
    keep("parser", {"lines": len(lines), "kind": what, "parsers": found})
    return int(next(iter(found.values()))["lines_per_s"] < AIM)


def lines_to_read() -> tuple[list[bytes], str]:
    """Return the recorded lines, or invented ones where there are none, and which they are."""
    folder = Path(os.environ.get("TWITCHLY_DATA") or ROOT.parent / "shared" / "data")
    if lines := recorded(folder):
        return lines, "recorded"
    print(f"no recorded lines in {folder}: invented ones are read instead", file=sys.stderr)
    return list(islice(invented([("1", "somebody"), ("2", "another")], SENT_MS), INVENTED)), "invented"


def in_a_process(name: str) -> dict[str, Any]:
    """Measure one parser in a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "bench.parser", "--measure", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def measured(read: Reader) -> dict[str, Any]:
    """Read all lines again and again; the median round counts, by this process's CPU time."""
    lines = lines_to_read()[0]
    rates = sorted(_round(read, lines) for _ in range(ROUNDS))
    return {
        "lines_per_s": round(rates[ROUNDS // 2]),
        "least": round(rates[0]),
        "most": round(rates[-1]),
        "peak_mb": round(peak_mb(), 1),
    }


def _round(read: Reader, lines: list[bytes]) -> float:
    """Return lines a CPU-second over at least ROUND_S."""
    count, began_s = 0, time.process_time()
    while (spent_s := time.process_time() - began_s) < ROUND_S:
        for line in lines:
            read(line)
        count += len(lines)
    return count / spent_s


def peak_mb() -> float:
    """Return the most memory this process ever had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
