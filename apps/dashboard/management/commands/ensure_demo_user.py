"""Create the demo user, who can view the boards."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.services import ensure_user


class Command(BaseCommand):
    help = "Create the demo user if missing, and set its password from a file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--password-file", required=True, type=Path, help="file whose first line is the password")

    def handle(self, *_args: Any, email: str, password_file: Path, **_options: Any) -> None:
        changed = ensure_user(email=email, password=read_password(password_file))
        self.stdout.write(f"{email} {'is ready' if changed else 'was already set up'}")


def read_password(path: Path) -> str:
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise CommandError(f"cannot read the password from {path}: {error.strerror}") from error
    if not lines or not lines[0]:
        raise CommandError(f"{path} is empty: its first line must be the password")
    return lines[0]
