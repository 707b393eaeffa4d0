"""One web process as `make run` starts it, with its own Valkey and no other processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import redis

from bench.machine import ROOT
from deploy.local.layout import demo_password, read_layout
from deploy.local.ports import free_block
from deploy.local.programs import DEMO_EMAIL, Simulation, app_programs, database_commands
from deploy.local.servers import valkey_server

READY_S = 60.0
# A program for `manage.py shell`.
SESSIONS = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from apps.accounts.models import User
user = User.objects.get(email="{email}")
for _ in range({count}):
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    print(session.session_key)
"""


class Web:
    """A web process and its Valkey, started by the constructor; `remove` stops them and deletes their data."""

    def __init__(self) -> None:
        self._var = Path(tempfile.mkdtemp(prefix="tw-"))
        port = free_block()
        self.url, self.redis_port = f"http://127.0.0.1:{port}", port + 5
        self._env = {
            **{key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "TMPDIR")},
            "TWITCHLY_VAR": str(self._var),
            "TWITCHLY_PORT": str(port),
            "SECRET_KEY": "only for this benchmark, fifty meaningless characters",
            "CASSANDRA_HOSTS": "",
        }
        layout = read_layout(self._env)
        layout.create_folders()
        demo_password(layout)
        valkey = ["--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "", "--loglevel", "warning"]
        self._processes = [self._start([str(valkey_server(layout)), *valkey])]
        subprocess.run(database_commands(layout), cwd=ROOT, env=self._env, check=True, capture_output=True)
        command = next(program.command for program in app_programs(layout, Simulation()) if program.name == "web")
        self._processes.append(self._start([*command, "--no-access-log"]))
        self._wait()

    @property
    def pid(self) -> int:
        """The id of the web process."""
        return self._processes[-1].pid

    def client(self, database: int) -> redis.Redis:
        """Return a client for a database."""
        return redis.Redis(port=self.redis_port, db=database)

    def cookies(self, count: int) -> list[str]:
        """Return cookies of new sessions, because sockets per session are limited and sign-ins are rate-limited."""
        code = SESSIONS.format(email=DEMO_EMAIL, count=count)
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
        result = subprocess.run(command, cwd=ROOT, env=self._env, check=True, capture_output=True, text=True)
        return [f"sessionid={key}" for key in result.stdout.split()]

    def remove(self) -> None:
        """Stop both processes and delete their data."""
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self._var, ignore_errors=True)

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        log = (self._var / "log.txt").open("ab")
        return subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=log, stderr=log)

    def _wait(self) -> None:
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            try:
                if httpx.get(f"{self.url}/healthz").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise TimeoutError(f"the web process did not respond within {READY_S:.0f} s:\n{self.log()}")

    def log(self) -> str:
        """Return the output of both processes."""
        return (self._var / "log.txt").read_text(errors="replace")
