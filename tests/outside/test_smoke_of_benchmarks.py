"""The smoke form of every benchmark runs on one instance and finds nothing wrong; speed is not judged."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.__main__ import NAMES
from bench.machine import ROOT
from drills.stack import Stack

# Ends a benchmark that hangs.
LIMIT_S = 400
# `listening` sends messages that are not in the ledger, so benchmarks that check the ledger run before it.
ORDER = (
    "hour",
    "capacity",
    "latency",
    "api",
    "browser",
    "stream",
    "scaling",
    "sinks",
    "parser",
    "sockets",
    "joins",
    "listening",
)


def test_no_benchmark_is_left_out() -> None:
    assert sorted(ORDER) == sorted([*NAMES, "hour"])


@pytest.mark.server
@pytest.mark.parametrize("name", ORDER)
def test_a_benchmark_runs_and_finds_nothing_wrong(instance: Stack, name: str) -> None:
    command = [sys.executable, "-m", f"bench.{name}", "--smoke", "--on", str(instance.var)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
