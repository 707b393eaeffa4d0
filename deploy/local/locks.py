"""Keeps two starts out of each other's way: one at a time prepares a checkout, one at a time starts a copy."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOLDER = "run.pid"


@contextmanager
def locked(folder: Path, *, wait: bool) -> Iterator[None]:
    """Hold `folder` as long as the block runs; a death lets go of it. Raises: BlockingIOError unless `wait`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


def is_locked(folder: Path) -> bool:
    """Tell whether somebody holds `folder`."""
    try:
        with locked(folder, wait=False):
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


@contextmanager
def named(folder: Path) -> Iterator[None]:
    """Let others find us by our pid as long as the block runs; `folder` is locked by us."""
    path = folder / HOLDER
    path.write_text(f"{os.getpid()}\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def holder(folder: Path) -> int:
    """Return the pid of who locked `folder`, 0 when it gave no name."""
    try:
        return int((folder / HOLDER).read_text())
    except (FileNotFoundError, ValueError):
        return 0
