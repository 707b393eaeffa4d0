"""Instances with only a relational database, for tests of management commands."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.postgres import VARIABLE

ROOT = Path(__file__).resolve().parents[1]


class Instance:
    """An instance with its own relational database and no other server."""

    def __init__(self, var: Path, url: str) -> None:
        self.url = url
        self.env = {
            "PATH": os.environ["PATH"],
            "TWITCHLY_VAR": str(var),
            "DATABASE_URL": url,
            "SECRET_KEY": "fifty characters or more, as required in production",
            "CASSANDRA_HOSTS": "",
        }

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=120)


@pytest.fixture
def instances(tmp_path: Path) -> Iterator[tuple[Instance, Instance]]:
    """Two instances with empty databases."""
    server = os.environ.get(VARIABLE)
    names = [f"instance_{uuid.uuid4().hex[:8]}" for _ in range(2)]
    if server is None:
        first, second = (Instance(tmp_path, f"sqlite:///{tmp_path / name}") for name in names)
        yield first, second
        return
    with psycopg.connect(server, autocommit=True) as admin:
        for name in names:
            admin.execute(f"CREATE DATABASE {name}".encode())
        first, second = (Instance(tmp_path, server.replace("/postgres", f"/{name}")) for name in names)
        yield first, second
        for name in names:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
