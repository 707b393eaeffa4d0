"""The smoke run of every benchmark passes on one instance; speed is not checked."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.__main__ import NAMES
from bench.machine import ROOT
from drills.stack import Stack

# Aborts a benchmark that hangs.
LIMIT_S = 900
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


def test_the_order_includes_every_benchmark() -> None:
    assert sorted(ORDER) == sorted([*NAMES, "hour"])


@pytest.mark.server
@pytest.mark.parametrize("name", ORDER)
def test_a_benchmark_runs_without_errors(instance: Stack, name: str) -> None:
    command = [sys.executable, "-m", f"bench.{name}", "--smoke", "--on", str(instance.var)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
