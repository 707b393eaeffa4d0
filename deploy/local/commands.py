"""Runs several management commands in one interpreter: `commands.py migrate -- collectstatic --noinput`."""

from __future__ import annotations

import os
import sys
from itertools import groupby
from pathlib import Path


def split(words: list[str]) -> list[list[str]]:
    """Return the commands between the `--`."""
    return [list(part) for divides, part in groupby(words, key=lambda word: word == "--") if not divides]


def main(words: list[str]) -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twitchly.settings")
    # Only here: the rest of this package runs before Django is installed.
    from django.core.management import execute_from_command_line

    for command in split(words):
        execute_from_command_line(["manage.py", *command])


if __name__ == "__main__":
    main(sys.argv[1:])
