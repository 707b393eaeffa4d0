"""Talks to this copy's supervisord: XML-RPC over its unix socket."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
import xmlrpc.client
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.layout import MARK, Layout
from deploy.local.supervision import socket_path

# supervisor/states.py, in the words of `make status`.
STATES = {
    0: "down",
    10: "starting",
    20: "up",
    30: "restarting",
    40: "stopping",
    100: "restarting",
    200: "down",
    1000: "unknown",
}


# supervisor/xmlrpc.py, class Faults.
SHUTDOWN_STATE = 6
NOT_RUNNING = 70


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One program as supervisord sees it; `pid` is 0 while it does not run."""

    name: str
    state: str
    pid: int
    since_s: int


class SupervisorAway(Exception):
    """Nobody answers on the socket, or only to say that it is closing down: nothing of this copy runs."""


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

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ARG002  xmlrpc's name
        return _UnixConnection(self._path)


class Supervisor:
    """The supervisord of one copy. Every method raises SupervisorAway when it does not answer."""

    def __init__(self, layout: Layout) -> None:
        self._path = socket_path(layout.var)

    def pid(self) -> int:
        return int(self._call("getPID"))

    def states(self) -> list[ProcessState]:
        """Return the programs in the order they start."""
        places = {row["name"]: row["process_prio"] for row in self._call("getAllConfigInfo")}
        rows = sorted(self._call("getAllProcessInfo"), key=lambda row: int(places[row["name"]]))
        return [
            ProcessState(row["name"], STATES[row["state"]], row["pid"], max(0, row["now"] - row["start"]))
            for row in rows
        ]

    def start(self, name: str) -> None:
        self._call("startProcess", name, False)

    def stop(self, name: str) -> None:
        """Return when the program has ended."""
        try:
            self._call("stopProcess", name, True)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != NOT_RUNNING:
                raise

    def shutdown(self) -> None:
        self._call("shutdown")

    def _call(self, method: str, *arguments: object) -> Any:
        # A connection of its own for each call: steps run in several threads.
        proxy = xmlrpc.client.ServerProxy("http://supervisor", transport=_UnixTransport(self._path))
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != SHUTDOWN_STATE:
                raise
            raise SupervisorAway(f"the supervisor on {self._path} is closing down") from fault
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise SupervisorAway(f"no supervisor answers on {self._path}") from error


def start_supervisord(layout: Layout, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start supervisord in a session of its own, so that a Ctrl-C reaches us alone, and wait until it answers."""
    script = Path(__file__).with_name("supervise.py")
    command = [str(layout.python), str(script), "-c", str(layout.conf / "supervisord.conf")]
    with layout.log_file("supervisord-console").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=layout.var,
            env={**environment, MARK: str(layout.var)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    supervisor, give_up = Supervisor(layout), time.monotonic() + 20
    while time.monotonic() < give_up and process.poll() is None:
        try:
            if supervisor.pid() == process.pid:
                return process
        except SupervisorAway:
            pass
        time.sleep(0.05)
    if process.poll() is None:
        process.kill()
    raise SupervisorAway(f"supervisord did not start: see {layout.log_file('supervisord-console')}")


def leftovers(layout: Layout, proc: Path = Path("/proc")) -> list[int]:
    """Return the processes that were started for this copy, by the mark in their environment."""
    mark = os.fsencode(f"{MARK}={layout.var}")
    return sorted(int(entry.name) for entry in proc.glob("[0-9]*") if mark in _environment(entry))


def _environment(entry: Path) -> list[bytes]:
    try:
        return (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def end_leftovers(layout: Layout, wait_s: float = 10.0, kill: Callable[[int, int], None] = os.kill) -> list[int]:
    """End what is left of this copy without a supervisor, and return the ids."""
    found = leftovers(layout)
    give_up = time.monotonic() + wait_s
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in leftovers(layout):
            _signal(pid, number, kill)
        while leftovers(layout) and time.monotonic() < give_up:
            time.sleep(0.1)
        give_up += wait_s
    return found


def _signal(pid: int, number: int, kill: Callable[[int, int], None]) -> None:
    try:
        kill(pid, number)
    except ProcessLookupError:
        return
