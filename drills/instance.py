"""`make drill-instance`: start an instance under each of several conditions, wait until it is live, and stop it.

The conditions: a folder with an odd name, a locale without UTF-8, a proxy, an unprivileged user, no network on the
second start, and a temporarily full disk. Conditions that need root are skipped without it, and reported as skipped.
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
from drills.stack import Stack, wait_until
from drills.tmpfs import MountFailed, Tmpfs

AUDIENCE = ("--channels", "20", "--rate", "50", "--seed", "5")
# Nothing listens on this port, so every request through the proxy fails.
DEAD_PROXY = "http://127.0.0.1:9"
PROXIES = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"), DEAD_PROXY)
ODD_NAME = "a folder 50% ü"
WITHOUT_NETWORK = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
# Large enough for the files of Kafka and Cassandra, small enough to fill quickly.
DISK_SIZE = "1500m"
# The board counts as stopped above the first lag, and as live again below the second.
STOPPED_S, LIVE_S = 45.0, 10.0
AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


@dataclass(frozen=True)
class Condition:
    """A condition under which an instance must become live.

    `before` is a command prefix for the start, and `before_second_start` for a second start.

    With `fills_disk`, the disk is filled once the instance is live, and emptied when the board has stopped updating.
    """

    name: str
    folder: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()
    before_second_start: Sequence[str] = ()
    fills_disk: bool = False
    needs_root: bool = False


CONDITIONS = (
    Condition("a folder with a space, a percent sign and an umlaut", ODD_NAME),
    Condition("LC_ALL=C", environ={"LC_ALL": "C"}),
    Condition("LC_ALL=C and the odd folder", ODD_NAME, {"LC_ALL": "C"}),
    Condition("an http_proxy that does not respond", environ=PROXIES),
    Condition("an unprivileged user", before=AS_NOBODY, needs_root=True),
    Condition("no network on the second start", before_second_start=WITHOUT_NETWORK, needs_root=True),
    Condition("a temporarily full disk", fills_disk=True, needs_root=True),
)
ALL_AT_ONCE = Condition("folder, locale and proxy at once", ODD_NAME, {"LC_ALL": "C", **PROXIES})


def main(only: str = "") -> int:
    """Print a line for each condition whose name contains `only`; return the number of failures."""
    failed = 0
    for condition in (*CONDITIONS, ALL_AT_ONCE):
        if only in condition.name:
            outcome = _outcome(condition)
            failed += outcome.startswith("FAILED")
            print(f"{condition.name:52} {outcome}", flush=True)
    return failed


def _outcome(condition: Condition) -> str:
    if condition.needs_root and (os.getuid() != 0 or not all(map(shutil.which, ("unshare", "setpriv", "ip")))):
        return "skipped: needs root, util-linux and iproute2"
    if condition.before and subprocess.run([*condition.before, "python3.11", "-c", ""], check=False).returncode:
        return "skipped: this user cannot run python3.11; install it outside home directories"
    stack = stack_under(condition)
    disk = Tmpfs(stack.var, DISK_SIZE)
    try:
        if condition.fills_disk:
            disk.mount()
        seconds = _timed(lambda: stack.start(*AUDIENCE))
        problems = leaks(stack)
        text = f"live after {seconds:.0f} s"
        if condition.fills_disk:
            text += f", live again {_fill(disk, stack):.0f} s after the disk was emptied"
        stack.stop()
        if condition.before_second_start:
            stack.before = condition.before_second_start
            text += f", second start live after {_timed(lambda: stack.start(*AUDIENCE)):.0f} s"
            stack.before = ()
        return f"FAILED: {'; '.join(problems)}" if problems else text
    except (AssertionError, MountFailed) as error:
        return f"FAILED: {error}"
    finally:
        stack.before = condition.before
        stack.stop()
        disk.unmount()
        stack.remove()


def _fill(disk: Tmpfs, stack: Stack) -> float:
    """Fill the disk until the board stops updating, empty it, and return the seconds until the instance recovers."""
    disk.fill()
    wait_until(lambda: stack.board_lag_s() > STOPPED_S, 240, "the board to stop updating on a full disk")
    disk.empty()
    return wait_until(lambda: stack.board_lag_s() < LIVE_S and _is_ready(stack), 300, "the instance to be live again")


def _is_ready(stack: Stack) -> bool:
    try:
        return httpx.get(f"{stack.url}/readyz", timeout=10).is_success
    except httpx.HTTPError:
        return False


def stack_under(condition: Condition) -> Stack:
    """Return an instance prepared to start under a condition."""
    stack = Stack(condition.folder, before=condition.before, **condition.environ)
    if condition.before:
        # The user must own the instance's folder and has no home of its own.
        stack.var.chmod(0o700)
        shutil.chown(stack.var, "nobody", "nogroup")
        stack.env["HOME"] = str(stack.var)
    return stack


def leaks(stack: Stack) -> list[str]:
    """Return the process environments and logs of a running instance that contain its secret key."""
    key = read_variables(stack.var / "run.env")["SECRET_KEY"].encode()
    pids = {**stack.processes(), "supervisord": stack.supervisor_pid()}
    exposed = [name for name, pid in pids.items() if key in Path(f"/proc/{pid}/environ").read_bytes()]
    return [f"the environment of {name} contains SECRET_KEY" for name in exposed] + [
        f"{path.name} contains SECRET_KEY" for path in (stack.var / "log").iterdir() if key in path.read_bytes()
    ]


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", default="", help="run only conditions whose name contains this text")
    sys.exit(main(options.parse_args().only))
