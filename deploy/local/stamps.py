"""Record of an installation's inputs, so that the next start skips the installation if they are unchanged."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


def digest(inputs: Iterable[Path], target: Path) -> str:
    """Return a hash of the files' contents and of the target's path, because environments cannot be moved.

    Symbolic links are resolved, so a second checkout may share an environment.
    """
    total = hashlib.sha256(os.fsencode(target.resolve()))
    for path in inputs:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


class Stamp:
    """A file with digests inside the installed folder, removed before an installation and written after it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def matches(self, value: str) -> bool:
        return value in self._read_lines()

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def write(self, digests: Iterable[str]) -> None:
        part = self._path.with_name(f"{self._path.name}.part")
        part.write_text("".join(f"{value}\n" for value in digests))
        part.replace(self._path)

    def _read_lines(self) -> list[str]:
        try:
            return self._path.read_text().splitlines()
        except OSError:
            return []
