"""Which port each server of this copy listens on, and who holds a port that is taken."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

DEFAULT_WEB_PORT = 8000
# Offsets from the web port, in the order of docs/subsystems/instances.md.
NAMES = (
    "web",
    "Kafka",
    "Kafka's controller",
    "Cassandra",
    "Cassandra's storage",
    "Valkey",
    "Flink's REST",
    "Flink's job manager",
    "simulated IRC",
    "simulated Helix",
    "simulated WebSocket",
    "simulated TLS",
    "worker's metrics",
    "producer's metrics",
    "producer-2's metrics",
    "producer-3's metrics",
    "producer-4's metrics",
    "web's metrics",
    "history sink's metrics",
    "boards sink's metrics",
    "stream job's metrics",
)
SIMULATED = ("simulated IRC", "simulated Helix", "simulated WebSocket", "simulated TLS")
# How far apart the blocks of two copies lie.
BLOCK = 30


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one copy, by name: `ports["Kafka"]`."""

    web: int = DEFAULT_WEB_PORT

    def __getitem__(self, name: str) -> int:
        return self.web + NAMES.index(name)


def taken(port: int) -> bool:
    """Tell whether somebody already listens on `port` of the loopback address."""
    with socket.socket() as probe:
        # As the servers do, so that connections that have just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def holder(port: int, proc: Path = Path("/proc")) -> str:
    """Return `name (pid N)` of the process that listens on `port`, or "another program" where that cannot be seen."""
    sockets = _listening_inodes(port, proc)
    for entry in proc.glob("[0-9]*"):
        try:
            if not sockets.isdisjoint(_open_files(entry)):
                return f"{(entry / 'comm').read_text().strip()} (pid {entry.name})"
        except OSError:
            continue
    return "another program"


def _open_files(process: Path) -> Iterator[str]:
    """Yield what a process has open. Raises: OSError where that cannot be seen."""
    for link in (process / "fd").iterdir():
        # One that was closed meanwhile, as this very listing is, says nothing of the others.
        with contextlib.suppress(FileNotFoundError):
            yield str(link.readlink())


def _listening_inodes(port: int, proc: Path) -> set[str]:
    """Read the sockets listening on `port` as /proc/<pid>/fd shows them. Source: proc(5), /proc/net/tcp."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and int(local.rsplit(":", 1)[1], 16) == port:
                inodes.add(f"socket:[{inode}]")
    return inodes


def free_block(start: int = 20_000, stop: int = 32_000) -> int:
    """Return a web port whose whole block is free; below the range that outgoing connections take theirs from."""
    first = start + (os.getpid() * BLOCK) % (stop - start)
    for web in chain(range(first, stop, BLOCK), range(start, first, BLOCK)):
        if not any(taken(Ports(web)[name]) for name in NAMES):
            return web
    raise OSError(f"no {len(NAMES)} free ports in a row between {start} and {stop}")
