"""What a supervisor started dies with it, even when the supervisor is killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.layout import ROOT

LAUNCHER = ROOT / "deploy" / "local" / "launcher.py"
PARENT = "import subprocess, sys; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); sys.stdin.read()"


def test_a_child_dies_with_its_killed_parent() -> None:
    command = [sys.executable, "-c", PARENT, sys.executable, "-I", "-S", str(LAUNCHER), "0", "sleep", "60"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = Path("/proc", parent.stdout.readline().decode().strip())
        until(lambda: (child / "comm").read_text() == "sleep\n")
        parent.kill()
    until(lambda: not child.exists() or (child / "stat").read_text().split()[2] == "Z")


def test_a_program_that_is_not_there_is_named() -> None:
    run = subprocess.run([sys.executable, str(LAUNCHER), "0", "/no/such/program"], capture_output=True, text=True)
    assert run.returncode == 1
    assert "/no/such/program: No such file" in run.stderr


def test_a_program_gives_way_as_it_is_told() -> None:
    here = os.nice(0)
    run = subprocess.run([sys.executable, str(LAUNCHER), "3", "nice"], capture_output=True, text=True, check=True)
    assert int(run.stdout) == min(19, here + 3)


def until(true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.01)
