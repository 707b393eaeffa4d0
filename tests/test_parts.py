"""The parts of `make test` that run in parallel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts import Part, run


def prints(text: str, code: int = 0) -> list[str]:
    return [sys.executable, "-c", f"print({text!r}); raise SystemExit({code})"]


def test_the_output_of_each_part_is_printed_as_a_whole(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run([Part("one", [prints("first"), prints("second")]), Part("two", [prints("third")])]) == 0
    output = capfdbinary.readouterr().out.decode()
    assert "first\nsecond\n== one: passed after" in output
    assert "third\n== two: passed after" in output
    assert output.endswith("all tests passed\n")


def test_a_failure_ends_only_its_own_part(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run([Part("one", [prints("first", 3), prints("never")]), Part("two", [prints("third")])]) == 1
    output = capfdbinary.readouterr().out.decode()
    assert "first\n== one: failed after" in output
    assert "never" not in output
    assert "== two: passed" in output
    assert output.endswith("failed: one\n")


def test_progress_is_printed_while_parts_run(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    times = iter(range(0, 100_000, 40))
    waits = [sys.executable, "-c", "import time; print('...F. [ 42%]\\n..', flush=True); time.sleep(1)"]
    assert run([Part("one", [waits])], lambda: float(next(times))) == 0
    assert "tests run: one 7\n" in capfdbinary.readouterr().out.decode()


WAITS = """
import signal, sys, time
from pathlib import Path
try:
    Path(sys.argv[1]).write_text("started")
    time.sleep(600)
except KeyboardInterrupt:
    Path(sys.argv[1]).write_text("ended")
"""


def test_ctrl_c_ends_all_parts(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    # Shells ignore SIGINT in commands that they start in the background, and children inherit this.
    program = (
        "from tests.parts import *; signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"run([Part('one', [[sys.executable, '-c', {WAITS!r}, {str(marker)!r}]])])"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
    while not (marker.exists() and marker.read_text()):
        assert process.poll() is None
    os.kill(process.pid, signal.SIGINT)
    # A guard against a hang: at the lowest priority, beside the server tests, exiting can take more than 30 s.
    assert process.wait(300) != 0
    assert marker.read_text() == "ended"
