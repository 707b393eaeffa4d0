"""PostgreSQL for the tests: one that is there, else Debian's. `make run` keeps its accounts in SQLite."""

from __future__ import annotations

import shutil
from pathlib import Path

from deploy.local.debian import install
from deploy.local.layout import Layout

DEBIAN = Path("/usr/lib/postgresql")


def find_postgres(debian: Path = DEBIAN) -> Path | None:
    """Return the folder of the newest server's programs: Debian keeps them off PATH."""
    found = sorted((path.parent for path in debian.glob("*/bin/postgres")), key=_release)
    on_path = shutil.which("postgres")
    return found[-1] if found else Path(on_path).resolve().parent if on_path else None


def provide_postgres(layout: Layout) -> str:
    """Install Debian's PostgreSQL where there is none and we may. Raises: StepFailed."""
    if path := find_postgres():
        return f"{path} is there"
    install(layout, "postgresql", "the tests of the database need PostgreSQL")
    return "installed"


def _release(programs: Path) -> int:
    name = programs.parent.name
    return int(name) if name.isdigit() else 0
