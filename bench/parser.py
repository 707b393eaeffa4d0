"""`python -m bench.parser`: lines per CPU-second of Twitchly's parser and of other parsers, each in its own process.

For each line, the parser must return the command, channel, user id and every tag that records use, unescaped.
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
from bench.lines import generated, recorded
from bench.machine import ROOT, save, table
from bench.readers import READERS, Reader

ROUNDS, SMOKE_ROUNDS = 7, 1
ROUND_S, SMOKE_ROUND_S = 0.7, 0.01
GENERATED_LINES = 7_000
SENT_MS = 1_790_000_000_000
TARGET = 200_000


def main() -> int:
    """Print a row per parser."""
    parser = options(__doc__)
    parser.add_argument("--measure", choices=READERS, help="measure this parser, in this process")
    args = parser.parse_args()
    if args.measure is not None:
        rounds = (SMOKE_ROUNDS, SMOKE_ROUND_S) if args.smoke else (ROUNDS, ROUND_S)
        print(json.dumps(measure(READERS[args.measure](), *rounds)))
        return 0
    lines, kind = lines_to_read()
    print(f"{len(lines):,} {kind} lines, {sum(map(len, lines)) // len(lines)} bytes each on average")
    figures = {name: measure_in_process(name, smoke=args.smoke) for name in READERS}
    rows = [[name, int(values["lines_per_s"]), values["peak_mb"]] for name, values in figures.items()]
    print(table([["parser", "lines/s", "peak MB"], *rows]))
    if args.smoke:
        return 0
    save("parser", {"lines": len(lines), "kind": kind, "parsers": figures})
    rate = next(iter(figures.values()))["lines_per_s"]
    return exit_code([], [f"{rate:,} lines per CPU-second: expected {TARGET:,}"] if rate < TARGET else [])


def lines_to_read() -> tuple[list[bytes], str]:
    """Return the recorded lines, or generated ones if there are none, and their kind."""
    folder = Path(os.environ.get("TWITCHLY_DATA") or ROOT.parent / "shared" / "data")
    if lines := recorded(folder):
        return lines, "recorded"
    print(f"no recorded lines in {folder}: using generated ones", file=sys.stderr)
    return list(islice(generated([("1", "somebody"), ("2", "another")], SENT_MS), GENERATED_LINES)), "generated"


def measure_in_process(name: str, *, smoke: bool) -> dict[str, Any]:
    """Measure one parser in a new process, so that its memory is measured separately."""
    command = [sys.executable, "-m", "bench.parser", "--measure", name, *(["--smoke"] if smoke else [])]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    figures: dict[str, Any] = json.loads(result.stdout)
    return figures


def measure(read: Reader, rounds: int, round_s: float) -> dict[str, Any]:
    """Read all lines repeatedly; return the rates, measured in this process's CPU time."""
    lines = lines_to_read()[0]
    rates = sorted(_round(read, lines, round_s) for _ in range(rounds))
    return {
        "lines_per_s": round(rates[rounds // 2]),
        "least": round(rates[0]),
        "most": round(rates[-1]),
        "peak_mb": round(peak_mb(), 1),
    }


def _round(read: Reader, lines: list[bytes], round_s: float) -> float:
    """Return lines per CPU-second over at least `round_s`."""
    count, began_s = 0, time.process_time()
    while (spent_s := time.process_time() - began_s) < round_s:
        for line in lines:
            read(line)
        count += len(lines)
    return count / spent_s


def peak_mb() -> float:
    """Return this process's peak resident memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
