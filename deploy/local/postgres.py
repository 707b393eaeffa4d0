"""PostgreSQL for the tests: an installed one, or Debian's package. `make run` uses SQLite."""

from __future__ import annotations

import shutil
from pathlib import Path

from deploy.local.debian import install
from deploy.local.layout import Layout

DEBIAN = Path("/usr/lib/postgresql")


def find_postgres(debian: Path = DEBIAN) -> Path | None:
    """Return the program folder of the newest server; Debian does not add it to PATH."""
    installed = sorted((path.parent for path in debian.glob("*/bin/postgres")), key=_release)
    on_path = shutil.which("postgres")
    return installed[-1] if installed else Path(on_path).resolve().parent if on_path else None


def install_postgres(layout: Layout) -> str:
    """Install Debian's PostgreSQL if none is installed, and return the step's status text. Raises: StepFailed."""
    if path := find_postgres():
        return f"{path} found"
    install(layout, "postgresql", "The database tests require PostgreSQL")
    return "installed"


def _release(programs: Path) -> int:
    name = programs.parent.name
    return int(name) if name.isdigit() else 0
