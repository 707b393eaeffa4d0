"""Programs die with their supervisor, even if it is killed."""

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
        wait_for(lambda: (child / "comm").read_text() == "sleep\n")
        parent.kill()
    wait_for(lambda: not child.exists() or (child / "stat").read_text().split()[2] == "Z")


def test_the_error_names_a_missing_program() -> None:
    run = subprocess.run([sys.executable, str(LAUNCHER), "0", "/no/such/program"], capture_output=True, text=True)
    assert run.returncode == 1
    assert "/no/such/program: No such file" in run.stderr


def test_a_program_runs_with_the_given_niceness() -> None:
    own_niceness = os.nice(0)
    run = subprocess.run([sys.executable, str(LAUNCHER), "3", "nice"], capture_output=True, text=True, check=True)
    assert int(run.stdout) == min(19, own_niceness + 3)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
