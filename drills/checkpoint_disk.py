"""A small disk for an instance's checkpoints, or for all its data, so that it can be made read-only, and be filled."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

from drills.stack import wait_until

SIZE = "96m"
PIECE = b"\0" * 1_000_000
# A checkpoint that is being written keeps its file open for so long at most, and the disk writable.
OPEN_S = 30.0


class NoDisk(Exception):
    """It could not be mounted; the message is the reason."""


class CheckpointDisk:
    """A tmpfs at `folder`. Mounting is for root; whoever mounted it has to `unmount` it."""

    def __init__(self, folder: Path, size: str = SIZE) -> None:
        self._folder = folder
        self._size = size
        self._ballast = folder / "ballast"

    def mount(self) -> None:
        """Raises: NoDisk."""
        self._folder.mkdir(parents=True, exist_ok=True)
        why = _run("mount", "-t", "tmpfs", "-o", f"size={self._size},mode=0700", "tmpfs", str(self._folder))
        if why:
            raise NoDisk(why)

    def unmount(self) -> None:
        """Nothing may use it any more; what it held is gone."""
        if self._folder.is_mount():
            wait_until(lambda: not _run("umount", str(self._folder)), OPEN_S, "the disk to be unmounted")

    def forbid(self) -> None:
        """Make it read-only, as a disk with errors becomes."""
        self._remount("ro")

    def allow(self) -> None:
        """Make it writable again."""
        self._remount("rw")

    def fill(self) -> None:
        """Leave no byte free."""
        with self._ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    os.write(file.fileno(), PIECE)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def empty(self) -> None:
        """Free again what was filled."""
        self._ballast.unlink()

    def _remount(self, how: str) -> None:
        words = ("mount", "-o", f"remount,{how}", str(self._folder))
        wait_until(lambda: not _run(*words), OPEN_S, f"the checkpoints' disk to be {how}")


def _run(*command: str) -> str:
    """Return why a command failed; nothing when it did not."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr.strip() or f"{command[0]} ended with {done.returncode}" if done.returncode else ""
