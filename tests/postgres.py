"""A real PostgreSQL in a folder of its own. `python -m tests.postgres COMMAND…` gives one to a command."""

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

# Names the server that the tests of the database run on: see tests/django_plugin.py.
VARIABLE = "TEST_DATABASE_URL"
# It refuses to run as root; Debian's package makes the first of these.
USERS = ("postgres", "nobody")
# A test that is cut off loses nothing that anybody needs.
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
# What a test provokes is no news, and several processes of tests connect from many threads.
QUIET = ("log_min_messages=panic", "max_connections=200")


class Postgres:
    """A server that answers on a socket in its folder alone; `url` is its database for everything."""

    def __init__(self) -> None:
        programs = find_postgres()
        assert programs is not None, "PostgreSQL is missing: python3.11 -m deploy.local test-prepare"
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
        careless = [word for setting in (*CARELESS, *QUIET) for word in ("-c", setting)]
        self.process = self._popen("postgres", "-D", str(data), "-k", str(self.folder), "-h", "", *careless)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError(f"PostgreSQL in {self.folder} did not answer within 60 s")

    def remove(self) -> None:
        """End it, whoever is still connected, and remove its data."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()
        shutil.rmtree(self.folder)

    def _popen(self, program: str, *words: str, stdout: int | None = None) -> subprocess.Popen[bytes]:
        command = [str(self._programs / program), *words]
        return subprocess.Popen(command, cwd=self.folder, user=self._user, stdout=stdout)


def _other_user() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in USERS if name in known)


def main(command: list[str]) -> int:
    server = Postgres()
    try:
        server.start()
        return subprocess.run(command, env={**os.environ, VARIABLE: server.url}).returncode
    finally:
        server.remove()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
