"""One web process as `make run` starts it, with a Valkey of its own and nothing else of a copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import redis

from bench.machine import ROOT
from deploy.local.layout import demo_password, read_layout
from deploy.local.ports import free_block
from deploy.local.programs import DEMO_EMAIL, Simulation, database_commands, our_programs
from deploy.local.servers import valkey_server

READY_S = 60.0


class Web:
    """Started when it is made; `remove` ends it and its data."""

    def __init__(self) -> None:
        self._var = Path(tempfile.mkdtemp(prefix="tw-"))
        port = free_block()
        self.url, self.redis_port = f"http://127.0.0.1:{port}", port + 5
        self._env = {
            **{key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "TMPDIR")},
            "TWITCHLY_VAR": str(self._var),
            "TWITCHLY_PORT": str(port),
            "SECRET_KEY": "only for this benchmark, fifty characters of no use",
            "CASSANDRA_HOSTS": "",
        }
        layout = read_layout(self._env)
        layout.make_folders()
        self._password = demo_password(layout)
        valkey = ["--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "", "--loglevel", "warning"]
        self._processes = [self._start([str(valkey_server(layout)), *valkey])]
        subprocess.run(database_commands(layout), cwd=ROOT, env=self._env, check=True, capture_output=True)
        command = next(program.command for program in our_programs(layout, Simulation()) if program.name == "web")
        self._processes.append(self._start([*command, "--no-access-log"]))
        self._wait()

    @property
    def pid(self) -> int:
        """The web process."""
        return self._processes[-1].pid

    def client(self, database: int) -> redis.Redis:
        """Return a way to one of the databases."""
        return redis.Redis(port=self.redis_port, db=database)

    def cookie(self) -> str:
        """Sign in as a browser does, and return the cookie of the session."""
        with httpx.Client(base_url=self.url, headers={"Referer": self.url}) as browser:
            browser.get("/account/login/").raise_for_status()
            fields = {"login": DEMO_EMAIL, "password": self._password}
            browser.post("/account/login/", data={**fields, "csrfmiddlewaretoken": browser.cookies["csrftoken"]})
            return f"sessionid={browser.cookies['sessionid']}"

    def remove(self) -> None:
        """End both processes and remove their data."""
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
        raise TimeoutError(f"the web process did not answer within {READY_S:.0f} s:\n{self.log()}")

    def log(self) -> str:
        """Return what the processes have said."""
        return (self._var / "log.txt").read_text(errors="replace")
