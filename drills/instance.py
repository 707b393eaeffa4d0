"""`make drill-instance`: an instance is started under each of several conditions until it is live, and stopped again.

A line for each: a folder with an odd name, a locale without UTF-8, a proxy, a user without rights, no network at the
second start, and a disk that is full for a while. Some need root; without it they are left out, and their lines say so.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from deploy.local.layout import read_variables
from drills.checkpoint_disk import CheckpointDisk, NoDisk
from drills.stack import Stack, wait_until

AUDIENCE = ("--channels", "20", "--rate", "50", "--seed", "5")
# Nobody listens there: what goes by it fails.
DEAD_PROXY = "http://127.0.0.1:9"
PROXIES = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"), DEAD_PROXY)
ODD_NAME = "a folder 50% ü"
WITHOUT_NETWORK = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
# With room for Kafka's and Cassandra's files; a full one is full at once.
DISK_SIZE = "1500m"
STANDS_S, MOVES_S = 45.0, 10.0
AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


@dataclass(frozen=True)
class Condition:
    """Under which an instance has to become live; `again` is put before the command of a second start.

    `fills_disk`: once it is live its disk is filled, and emptied when the board has stopped updating.
    """

    name: str
    folder: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()
    again: Sequence[str] = ()
    fills_disk: bool = False
    needs_root: bool = False


CONDITIONS = (
    Condition("a folder with a space, a percent sign and an umlaut", ODD_NAME),
    Condition("LC_ALL=C", environ={"LC_ALL": "C"}),
    Condition("LC_ALL=C and such a folder", ODD_NAME, {"LC_ALL": "C"}),
    Condition("http_proxy, where nobody listens", environ=PROXIES),
    Condition("a user without rights", before=AS_NOBODY, needs_root=True),
    Condition("no network at the second start", again=WITHOUT_NETWORK, needs_root=True),
    Condition("a disk that is full for a while", fills_disk=True, needs_root=True),
)
ALL_AT_ONCE = Condition("all of it at once", ODD_NAME, {"LC_ALL": "C", **PROXIES})


def main(only: str = "") -> int:
    """Print a line for each condition, or for those with a word in their names; return how many failed."""
    failed = 0
    for condition in (*CONDITIONS, ALL_AT_ONCE):
        if only in condition.name:
            outcome = _outcome(condition)
            failed += outcome.startswith("FAILED")
            print(f"{condition.name:52} {outcome}", flush=True)
    return failed


def _outcome(condition: Condition) -> str:
    if condition.needs_root and (os.getuid() != 0 or not all(map(shutil.which, ("unshare", "setpriv", "ip")))):
        return "left out: it needs root, util-linux and iproute2"
    if condition.before and subprocess.run([*condition.before, "python3.11", "-c", ""], check=False).returncode:
        return "left out: that user cannot run python3.11, install it outside of a home folder"
    stack = stack_under(condition)
    disk = CheckpointDisk(stack.var, DISK_SIZE)
    try:
        if condition.fills_disk:
            disk.mount()
        seconds = _timed(lambda: stack.start(*AUDIENCE))
        problems = leaks(stack)
        text = f"live after {seconds:.0f} s"
        if condition.fills_disk:
            text += f", again {_fill(disk, stack):.0f} s after its disk had room"
        stack.stop()
        if condition.again:
            stack.before = condition.again
            text += f", again after {_timed(lambda: stack.start(*AUDIENCE)):.0f} s"
            stack.before = ()
        return f"FAILED: {'; '.join(problems)}" if problems else text
    except (AssertionError, NoDisk) as error:
        return f"FAILED: {error}"
    finally:
        stack.before = condition.before
        stack.stop()
        disk.unmount()
        stack.remove()


def _fill(disk: CheckpointDisk, stack: Stack) -> float:
    """Fill the disk until the board stops updating, empty it, and return how long the instance takes to recover."""
    disk.fill()
    wait_until(lambda: stack.board_lag_s() > STANDS_S, 240, "the board to stop updating on a full disk")
    disk.empty()
    return wait_until(lambda: stack.board_lag_s() < MOVES_S and _is_ready(stack), 300, "the instance to be live again")


def _is_ready(stack: Stack) -> bool:
    try:
        return httpx.get(f"{stack.url}/readyz", timeout=10).is_success
    except httpx.HTTPError:
        return False


def stack_under(condition: Condition) -> Stack:
    """Return an instance that is to be started under a condition."""
    stack = Stack(condition.folder, before=condition.before, **condition.environ)
    if condition.before:
        # Who starts it has to own its folder, and has no home.
        stack.var.chmod(0o700)
        shutil.chown(stack.var, "nobody", "nogroup")
        stack.env["HOME"] = str(stack.var)
    return stack


def leaks(stack: Stack) -> list[str]:
    """Return where the secret key of a running instance can be read: in environments of processes, or in logs."""
    key = read_variables(stack.var / "run.env")["SECRET_KEY"].encode()
    pids = {**stack.processes(), "supervisord": stack.supervisor_pid()}
    found = [name for name, pid in pids.items() if key in Path(f"/proc/{pid}/environ").read_bytes()]
    return [f"the environment of {name} holds SECRET_KEY" for name in found] + [
        f"{path.name} holds SECRET_KEY" for path in (stack.var / "log").iterdir() if key in path.read_bytes()
    ]


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", default="", help="a word of the conditions' names")
    sys.exit(main(options.parse_args().only))
