"""Locks that prevent two commands from preparing the same checkout, or starting the same instance, at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PID_FILE = "run.pid"


@contextmanager
def locked(folder: Path, *, wait: bool) -> Iterator[None]:
    """Lock `folder` during the block; the lock ends with the process.

    Raises: BlockingIOError if the folder is already locked, unless `wait`.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


def is_locked(folder: Path) -> bool:
    """Return whether `folder` is locked."""
    try:
        with locked(folder, wait=False):
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


@contextmanager
def pid_file(folder: Path) -> Iterator[None]:
    """Write this process's pid to `folder`, which it has locked, and remove it after the block."""
    path = folder / PID_FILE
    path.write_text(f"{os.getpid()}\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def lock_holder(folder: Path) -> int:
    """Return the pid of the process that locked `folder`, or 0 if it is unknown."""
    try:
        return int((folder / PID_FILE).read_text())
    except (FileNotFoundError, ValueError):
        return 0
