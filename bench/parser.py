"""`python -m bench.parser`: lines a second of our parser and of others, each in a process of its own.

A line counts when its command, channel, user id and every tag that our records use have been read and unescaped.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

from bench.command import exit_code, options
from bench.lines import invented, recorded
from bench.machine import ROOT, keep, table
from bench.readers import READERS, Reader

ROUNDS, SMOKE_ROUNDS = 7, 1
ROUND_S, SMOKE_ROUND_S = 0.7, 0.01
INVENTED = 7_000
SENT_MS = 1_790_000_000_000
AIM = 200_000


def main() -> int:
    """Print a row a parser; return 1 when one cannot read the lines."""
    parser = options(__doc__)
    parser.add_argument("--measure", choices=READERS, help="measure this one, in this process")
    given = parser.parse_args()
    if given.measure is not None:
        rounds = (SMOKE_ROUNDS, SMOKE_ROUND_S) if given.smoke else (ROUNDS, ROUND_S)
        print(json.dumps(measured(READERS[given.measure](), *rounds)))
        return 0
    lines, what = lines_to_read()
    print(f"{len(lines):,} {what} lines, {sum(map(len, lines)) // len(lines)} bytes each on average")
    found = {name: in_a_process(name, smoke=given.smoke) for name in READERS}
    rows = [[name, int(one["lines_per_s"]), one["peak_mb"]] for name, one in found.items()]
    print(table([["parser", "lines/s", "peak MB"], *rows]))
    if given.smoke:
        return 0
    keep("parser", {"lines": len(lines), "kind": what, "parsers": found})
    rate = next(iter(found.values()))["lines_per_s"]
    return exit_code([], [f"{rate:,} lines a CPU-second: expected {AIM:,}"] if rate < AIM else [])


def lines_to_read() -> tuple[list[bytes], str]:
    """Return the recorded lines, or invented ones where there are none, and which they are."""
    folder = Path(os.environ.get("TWITCHLY_DATA") or ROOT.parent / "shared" / "data")
    if lines := recorded(folder):
        return lines, "recorded"
    print(f"no recorded lines in {folder}: invented ones are read instead", file=sys.stderr)
    return list(islice(invented([("1", "somebody"), ("2", "another")], SENT_MS), INVENTED)), "invented"


def in_a_process(name: str, *, smoke: bool) -> dict[str, Any]:
    """Measure one parser in a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "bench.parser", "--measure", name, *(["--smoke"] if smoke else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def measured(read: Reader, rounds: int, round_s: float) -> dict[str, Any]:
    """Read all lines again and again; the median round counts, by this process's CPU time."""
    lines = lines_to_read()[0]
    rates = sorted(_round(read, lines, round_s) for _ in range(rounds))
    return {
        "lines_per_s": round(rates[rounds // 2]),
        "least": round(rates[0]),
        "most": round(rates[-1]),
        "peak_mb": round(peak_mb(), 1),
    }


def _round(read: Reader, lines: list[bytes], round_s: float) -> float:
    """Return lines a CPU-second over at least `round_s`."""
    count, began_s = 0, time.process_time()
    while (spent_s := time.process_time() - began_s) < round_s:
        for line in lines:
            read(line)
        count += len(lines)
    return count / spent_s


def peak_mb() -> float:
    """Return the most memory this process ever had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
