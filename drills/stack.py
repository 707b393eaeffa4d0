"""A whole copy of Twitchly for tests and drills, on ports and in a folder of its own, started as by `make run`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import redis
from confluent_kafka import Producer

from deploy.local.layout import read_layout
from deploy.local.ports import free_block
from deploy.local.supervisor_client import Supervisor

ROOT = Path(__file__).resolve().parents[1]
START_LIMIT_S = 420


class Stack:
    """Kafka, Cassandra, Valkey, Flink and all processes of ours, on free ports of this machine."""

    def __init__(self) -> None:
        self.var = Path(tempfile.mkdtemp(prefix="tw-"))
        self.port = free_block()
        self.env = {
            **{
                key: value
                for key, value in os.environ.items()
                if key in ("PATH", "HOME", "LANG", "JAVA_HOME", "TMPDIR")
            },
            "TWITCHLY_VAR": str(self.var),
            "TWITCHLY_PORT": str(self.port),
        }
        self._supervisor = Supervisor(read_layout(self.env))
        self.url = f"http://127.0.0.1:{self.port}"
        self.kafka = f"127.0.0.1:{self.port + 1}"
        self.boards = redis.Redis(port=self.port + 5, db=0, decode_responses=True, socket_timeout=5)

    def start(self, *options: str) -> None:
        """Start everything and return when a board has moved."""
        self._local("run", "--detach", *options)

    def stop(self) -> None:
        """Stop everything."""
        self._local("stop")

    def remove(self) -> None:
        """Stop everything and remove all data; the logs of a failed run are printed by pytest before."""
        self.stop()
        shutil.rmtree(self.var, ignore_errors=True)

    def manage(self, *words: str, env: Mapping[str, str] | None = None, check: bool = True) -> str:
        """Run a management command against this copy and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env={**self.env, **(env or {})},
            capture_output=True,
            text=True,
            timeout=600,
        )
        if check and done.returncode:
            raise AssertionError(
                f"manage.py {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        return done.stdout

    def check_ledger(self, faults: Sequence[tuple[float, float]] | None = None) -> dict[str, Any]:
        """Return the figures of `check_ledger --json`; gaps outside of `faults`, in ms, count as differences."""
        path = self.var / "faults.json"
        path.write_text(json.dumps(faults))
        options = [] if faults is None else ["--faults", str(path)]
        printed = self.manage("check_ledger", "--json", *options, check=False)
        figures: dict[str, Any] = json.loads(printed.strip().splitlines()[-1])
        return figures

    def processes(self) -> dict[str, int]:
        """Return the pid of each process that is up."""
        return {state.name: state.pid for state in self._supervisor.states() if state.state == "up"}

    def kill(self, name: str) -> None:
        """Kill a process with SIGKILL, and what it started."""
        os.kill(self.processes()[name], signal.SIGKILL)

    def newest_end_ms(self) -> int:
        """Return the newest window end on the boards, 0 when there is none or Redis is away."""
        try:
            newest: Any = self.boards.zrevrange("ends:live", 0, 0, withscores=True)
        except redis.RedisError:
            return 0
        return int(newest[0][1]) if newest else 0

    def board_lag_s(self) -> float:
        """Return how old the newest window on the boards is."""
        return time.time() - self.newest_end_ms() / 1000

    def produce(self, topic: str, *values: bytes, partition: int = 0) -> None:
        """Write records to a topic, as anybody could."""
        producer = Producer({"bootstrap.servers": self.kafka})
        for value in values:
            producer.produce(topic, value, partition=partition)
        assert producer.flush(10) == 0

    def log(self, name: str) -> str:
        """Return a process's log."""
        path = self.var / "log" / f"{name}.log"
        return path.read_text(errors="replace") if path.is_file() else ""

    def _local(self, *words: str) -> None:
        done = subprocess.run(
            ["python3.11", "-m", "deploy.local", *words],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=START_LIMIT_S,
        )
        print(done.stdout)
        assert done.returncode == 0, done.stdout


def wait_until(condition: Callable[[], bool], limit_s: float, what: str, every_s: float = 0.2) -> float:
    """Wait for a condition and return the seconds it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < limit_s, f"waited {limit_s} s for {what}"
        time.sleep(every_s)
    return time.monotonic() - began
