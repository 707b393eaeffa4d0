"""A damaged SQLite file is reported with the command to restore a backup."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "command", [["manage.py", "migrate"], ["deploy/local/commands.py", "migrate", "--", "check"]], ids=["manage", "run"]
)
@pytest.mark.parametrize("damage", ["replaced", "overwritten"])
def test_a_damaged_database_is_reported_with_the_restore_command(
    tmp_path: Path, command: list[str], damage: str
) -> None:
    path = tmp_path / "twitchly.sqlite3"
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{path}", "TWITCHLY_VAR": str(tmp_path)}
    if damage == "overwritten":
        create_table(path)
        content = bytearray(path.read_bytes())
        content[100:8_192] = b"\x5a" * (8_192 - 100)
        path.write_bytes(content)
    else:
        path.write_bytes(b"no database at all" * 1_000)
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert str(path) in done.stderr
    assert "is damaged" in done.stderr
    assert "manage.py restore" in done.stderr
    assert "Traceback" not in done.stderr


def create_table(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app TEXT, name TEXT, applied TEXT)")
        database.executemany(
            "INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, '2026-01-01')",
            [("dashboard", "x" * 200) for _ in range(200)],
        )
    database.close()
