"""A real PostgreSQL in a temporary folder. `python -m tests.postgres COMMAND…` runs a command with such a server."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psycopg

from deploy.local.postgres import find_postgres

# The URL of the server for the database tests: see tests/django_plugin.py.
VARIABLE = "TEST_DATABASE_URL"
# PostgreSQL refuses to run as root. Debian's package creates the first of these users.
USERS = ("postgres", "nobody")
# Test data needs no durability.
NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
# No log, because tests provoke errors on purpose. Many connections, because test processes use many threads.
OTHER = ("log_min_messages=panic", "max_connections=200")


class Postgres:
    """A server that listens only on a socket in its folder; `url` is the URL of its default database."""

    def __init__(self) -> None:
        programs = find_postgres()
        assert programs is not None, "PostgreSQL is missing: run `python3.11 -m deploy.local test-prepare`"
        self._programs = programs
        self._user = _other_user() if os.getuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="tw-pg-"))
        if self._user:
            shutil.chown(self.folder, self._user)
        self.url = f"postgres://twitchly@{quote(str(self.folder), safe='')}/postgres"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        data = self.folder / "data"
        init = ["--username=twitchly", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self._popen("initdb", "-D", str(data), *init, stdout=subprocess.DEVNULL).wait()
        options = [word for setting in (*NOT_DURABLE, *OTHER) for word in ("-c", setting)]
        self.process = self._popen("postgres", "-D", str(data), "-k", str(self.folder), "-h", "", *options)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError(f"PostgreSQL in {self.folder} did not respond within 60 s")

    def remove(self) -> None:
        """Stop the server, even with open connections, and delete its data."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()
        shutil.rmtree(self.folder)

    def _popen(self, program: str, *words: str, stdout: int | None = None) -> subprocess.Popen[bytes]:
        command = [str(self._programs / program), *words]
        return subprocess.Popen(command, cwd=self.folder, user=self._user, stdout=stdout)


def _other_user() -> str:
    existing = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in USERS if name in existing)


def main(command: list[str]) -> int:
    server = Postgres()
    try:
        server.start()
        return subprocess.run(command, env={**os.environ, VARIABLE: server.url}).returncode
    finally:
        server.remove()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
