"""Run several management commands in one interpreter: `commands.py migrate -- collectstatic --noinput`."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path


def split(words: list[str]) -> list[list[str]]:
    """Split the words into commands at each `--`."""
    return [list(part) for is_separator, part in groupby(words, key=lambda word: word == "--") if not is_separator]


def main(words: list[str]) -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
    # Imported here because the rest of this package runs before Django is installed.
    import manage

    for command in split(words):
        manage.main(["manage.py", *command])


if __name__ == "__main__":
    main(sys.argv[1:])
