"""A small tmpfs for an instance's checkpoints or all its data, which tests can make read-only or fill."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

from drills.stack import wait_until

SIZE = "96m"
CHUNK = b"\0" * 1_000_000
# While a checkpoint is written, its open file keeps the disk from being remounted or unmounted, for at most this long.
OPEN_S = 30.0


class MountFailed(Exception):
    """The disk could not be mounted; the message says why."""


class Tmpfs:
    """A tmpfs at `folder`. Mounting requires root; the caller of `mount` must also `unmount`."""

    def __init__(self, folder: Path, size: str = SIZE) -> None:
        self._folder = folder
        self._size = size
        self._ballast = folder / "ballast"

    def mount(self) -> None:
        """Mount the disk. Raises: MountFailed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        error = _run("mount", "-t", "tmpfs", "-o", f"size={self._size},mode=0700", "tmpfs", str(self._folder))
        if error:
            raise MountFailed(error)

    def unmount(self) -> None:
        """Unmount the disk, which deletes its contents; no process may be using it."""
        if self._folder.is_mount():
            wait_until(lambda: not _run("umount", str(self._folder)), OPEN_S, "the disk to be unmounted")

    def make_read_only(self) -> None:
        """Make the disk read-only, as a kernel does after disk errors."""
        self._remount("ro")

    def make_writable(self) -> None:
        """Make the disk writable again."""
        self._remount("rw")

    def fill(self) -> None:
        """Fill the disk to the last byte."""
        with self._ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    os.write(file.fileno(), CHUNK)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def empty(self) -> None:
        """Delete the file that filled the disk."""
        self._ballast.unlink()

    def _remount(self, mode: str) -> None:
        command = ("mount", "-o", f"remount,{mode}", str(self._folder))
        wait_until(lambda: not _run(*command), OPEN_S, f"the disk to be remounted as {mode}")


def _run(*command: str) -> str:
    """Return why a command failed, or an empty string if it succeeded."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stderr.strip() or f"{command[0]} exited with {result.returncode}" if result.returncode else ""
