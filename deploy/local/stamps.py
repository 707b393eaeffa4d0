"""Remembers from which inputs something was made, so that the next start need not make it again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


def digest(inputs: Iterable[Path], place: Path) -> str:
    """Return a hash of the files' contents and of where the result lies: environments cannot be moved.

    A link to a place counts as that place, so a second checkout may share an environment.
    """
    total = hashlib.sha256(os.fsencode(place.resolve()))
    for path in inputs:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


class Stamp:
    """A small file inside what was made. It goes before the work begins and comes back when it is done."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def matches(self, wanted: str) -> bool:
        return wanted in self._lines()

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def write(self, digests: Iterable[str]) -> None:
        part = self._path.with_name(f"{self._path.name}.part")
        part.write_text("".join(f"{value}\n" for value in digests))
        part.replace(self._path)

    def _lines(self) -> list[str]:
        try:
            return self._path.read_text().splitlines()
        except OSError:
            return []
