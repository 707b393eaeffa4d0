"""The ports of an instance, and the processes that occupy them."""

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
    "Flink's REST API",
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
# Distance between the web ports of two instances.
BLOCK_SIZE = 30


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one instance, by name: `ports["Kafka"]`."""

    web: int = DEFAULT_WEB_PORT

    def __getitem__(self, name: str) -> int:
        return self.web + NAMES.index(name)


def is_taken(port: int) -> bool:
    """Return whether a process listens on `port` of the loopback address."""
    with socket.socket() as probe:
        # The servers set this option too; with it, recently closed connections do not occupy the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def port_owner(port: int, proc: Path = Path("/proc")) -> str:
    """Describe the process that listens on `port` as `name (pid N)`, or as "another program" if it is not visible."""
    sockets = _listening_inodes(port, proc)
    for entry in proc.glob("[0-9]*"):
        try:
            if not sockets.isdisjoint(_open_files(entry)):
                return f"{(entry / 'comm').read_text().strip()} (pid {entry.name})"
        except OSError:
            continue
    return "another program"


def _open_files(process: Path) -> Iterator[str]:
    """Yield the open files of a process. Raises: OSError if access is denied."""
    for link in (process / "fd").iterdir():
        # Skip a file that was closed during the iteration, such as the directory listing itself.
        with contextlib.suppress(FileNotFoundError):
            yield str(link.readlink())


def _listening_inodes(port: int, proc: Path) -> set[str]:
    """Return the sockets that listen on `port`, named as in /proc/<pid>/fd. Source: proc(5), /proc/net/tcp."""
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
    """Return a web port whose entire block is free, below the ephemeral port range."""
    first = start + (os.getpid() * BLOCK_SIZE) % (stop - start)
    for web in chain(range(first, stop, BLOCK_SIZE), range(start, first, BLOCK_SIZE)):
        if not any(is_taken(Ports(web)[name]) for name in NAMES):
            return web
    raise OSError(f"no {len(NAMES)} consecutive free ports between {start} and {stop}")
