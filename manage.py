#!/usr/bin/env python3
"""Run a Django management command."""

import os
import sys


def main(words: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twitchly.settings")
    from django.core.management import execute_from_command_line

    from twitchly.database_damage import explain_database_damage

    with explain_database_damage():
        execute_from_command_line(words)


if __name__ == "__main__":
    main(sys.argv)
