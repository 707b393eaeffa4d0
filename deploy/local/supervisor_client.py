"""Client of an instance's supervisord: XML-RPC over its Unix socket."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
import xmlrpc.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.layout import INSTANCE_VARIABLE, Layout
from deploy.local.supervision import socket_path

EXITED = 100
# The states in supervisor/states.py, mapped to the terms of `make status`.
STATES = {
    0: "down",
    10: "starting",
    20: "up",
    30: "restarting",
    40: "stopping",
    EXITED: "restarting",
    200: "down",
    1000: "unknown",
}


# From supervisor/xmlrpc.py, class Faults.
SHUTDOWN_STATE = 6
NOT_RUNNING = 70


@dataclass(frozen=True, slots=True)
class ProcessState:
    """State of a program according to supervisord; `pid` is 0 while it is not running.

    A program that runs once is "done" after it has exited without an error.
    """

    name: str
    state: str
    pid: int
    since_s: int


class SupervisorUnavailable(Exception):
    """supervisord is not running or is shutting down."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=90)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ARG002  name required by xmlrpc
        return _UnixConnection(self._path)


class Supervisor:
    """The supervisord of an instance. Every method raises SupervisorUnavailable if it does not respond."""

    def __init__(self, layout: Layout) -> None:
        self._path = socket_path(layout.var)

    def pid(self) -> int:
        return int(self._call("getPID"))

    def states(self) -> list[ProcessState]:
        """Return the programs in start order."""
        programs = {row["name"]: row for row in self._call("getAllConfigInfo")}
        rows = sorted(self._call("getAllProcessInfo"), key=lambda row: int(programs[row["name"]]["process_prio"]))
        return [
            ProcessState(
                row["name"], state_of(programs[row["name"]], row), row["pid"], max(0, row["now"] - row["start"])
            )
            for row in rows
        ]

    def start(self, name: str) -> None:
        self._call("startProcess", name, False)

    def stop(self, name: str) -> None:
        """Stop a program and wait until it has exited."""
        try:
            self._call("stopProcess", name, True)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != NOT_RUNNING:
                raise

    def shutdown(self) -> None:
        self._call("shutdown")

    def _call(self, method: str, *arguments: object) -> Any:
        # One connection per call, because steps run in several threads.
        proxy = xmlrpc.client.ServerProxy("http://supervisor", transport=_UnixTransport(self._path))
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != SHUTDOWN_STATE:
                raise
            raise SupervisorUnavailable(f"the supervisor at {self._path} is shutting down") from fault
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise SupervisorUnavailable(f"no supervisor responds at {self._path}") from error


def state_of(program: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """Return a program's state from its supervisord configuration and process information."""
    runs_once = program["startsecs"] == 0
    return "done" if runs_once and row["state"] == EXITED and row["exitstatus"] == 0 else STATES[row["state"]]


def start_supervisord(layout: Layout, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start supervisord in its own session, so that Ctrl-C does not reach it, and wait until it responds."""
    script = Path(__file__).with_name("supervise.py")
    command = [str(layout.python), str(script), "-c", str(layout.conf / "supervisord.conf")]
    with layout.log_file("supervisord-console").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=layout.var,
            env={**environment, INSTANCE_VARIABLE: str(layout.var)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    supervisor, deadline = Supervisor(layout), time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if supervisor.pid() == process.pid:
                return process
        except SupervisorUnavailable:
            pass
        time.sleep(0.05)
    if process.poll() is None:
        process.kill()
    raise SupervisorUnavailable(f"supervisord did not start. See {layout.log_file('supervisord-console')}")


def instance_pids(layout: Layout, proc: Path = Path("/proc")) -> list[int]:
    """Return the pids of all processes whose environment refers to this instance."""
    variable = os.fsencode(f"{INSTANCE_VARIABLE}={layout.var}")
    return sorted(int(entry.name) for entry in proc.glob("[0-9]*") if variable in _environment(entry))


def _environment(entry: Path) -> list[bytes]:
    try:
        return (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def terminate_orphans(layout: Layout, wait_s: float = 10.0, kill: Callable[[int, int], None] = os.kill) -> list[int]:
    """Terminate the instance's processes that have no supervisor, and return their pids."""
    pids = instance_pids(layout)
    deadline = time.monotonic() + wait_s
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in instance_pids(layout):
            _signal(pid, number, kill)
        while instance_pids(layout) and time.monotonic() < deadline:
            time.sleep(0.1)
        deadline += wait_s
    return pids


def _signal(pid: int, number: int, kill: Callable[[int, int], None]) -> None:
    try:
        kill(pid, number)
    except ProcessLookupError:
        return
