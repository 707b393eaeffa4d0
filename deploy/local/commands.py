"""Runs several management commands in one interpreter: `commands.py migrate -- collectstatic --noinput`."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path


def split(words: list[str]) -> list[list[str]]:
    """Return the commands between the `--`."""
    return [list(part) for divides, part in groupby(words, key=lambda word: word == "--") if not divides]


def main(words: list[str]) -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
    # Only here: the rest of this package runs before Django is installed.
    import manage

    for command in split(words):
        manage.main(["manage.py", *command])


if __name__ == "__main__":
    main(sys.argv[1:])
