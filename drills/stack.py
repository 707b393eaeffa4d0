"""A complete Twitchly instance for tests, on its own ports and in its own folder, started like `make run`."""

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

import httpx
import psutil
import redis
from celery import Celery
from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.contracts import redis_keys
from deploy.local.layout import read_layout, read_variables
from deploy.local.ports import free_block
from deploy.local.readiness import rest_context
from deploy.local.supervisor_client import Supervisor

# Start and end in ms, and the ids of the affected channels; without ids, all channels are affected.
FaultTime = tuple[float, float] | tuple[float, float, Sequence[str]]

ROOT = Path(__file__).resolve().parents[1]
START_LIMIT_S = 420


class Stack:
    """The servers and all processes of Twitchly, on free ports of this machine, in a folder called `name`.

    `settings` are environment variables for the start command, such as those in .env.example. `before` is a command
    prefix such as `unshare --net`. `running` is the folder of a running instance, which its creator removes.
    """

    def __init__(self, name: str = "", *, before: Sequence[str] = (), running: str = "", **settings: str) -> None:
        self._folder = Path(running or tempfile.mkdtemp(prefix="tw-"))
        self.var = self._folder / name
        self.before = before
        self.port = int(read_variables(self.var / "run.env")["TWITCHLY_PORT"]) if running else free_block()
        self.env = {
            **{
                key: value
                for key, value in os.environ.items()
                if key in ("PATH", "HOME", "LANG", "JAVA_HOME", "TMPDIR")
            },
            **settings,
            "TWITCHLY_VAR": str(self.var),
            "TWITCHLY_PORT": str(self.port),
        }
        self._supervisor = Supervisor(read_layout(self.env))
        self.url = f"http://127.0.0.1:{self.port}"
        self._simulator = f"http://127.0.0.1:{self.port + 9}/simulator"
        self.kafka = f"127.0.0.1:{self.port + 1}"
        self.flink = f"https://127.0.0.1:{self.port + 6}"
        self.boards, self._channel_list = (self._redis(number) for number in (0, 3))

    def start(self, *options: str, history: int = 0) -> None:
        """Start everything, with `history` days of simulated past.

        Return when a board has updated or, with `--ingest-only`, when a channel is joined.
        """
        self._local("run", "--detach", "--history", str(history), *options)

    def servers(self) -> None:
        """Start only Kafka, Cassandra, Valkey and Flink."""
        self._local("servers")

    def stop(self) -> None:
        """Stop everything."""
        self._local("stop")

    def remove(self) -> None:
        """Stop everything and delete all data; pytest has printed the logs of a failed run by then."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def manage(
        self, *words: str, env: Mapping[str, str] | None = None, check: bool = True, timeout_s: float = 600
    ) -> str:
        """Run a management command against this instance and return its output."""
        result = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env={**self.env, **(env or {})},
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        if result.returncode:
            print(result.stderr)
        if check and result.returncode:
            raise AssertionError(
                f"manage.py {' '.join(words)} exited with {result.returncode}:\n{result.stdout}{result.stderr}"
            )
        return result.stdout

    def check_ledger(
        self, faults: Sequence[FaultTime] | None = None, *options: str, timeout_s: float = 600
    ) -> dict[str, Any]:
        """Return the figures of `check_ledger --json`; gaps outside `faults` count as differences."""
        path = self.var / "faults.json"
        path.write_text(json.dumps(faults))
        fault_options = [] if faults is None else ["--faults", str(path)]
        output = self.manage("check_ledger", "--json", *fault_options, *options, check=False, timeout_s=timeout_s)
        figures: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
        return figures

    def processes(self) -> dict[str, int]:
        """Return the pid of each running process."""
        return {state.name: state.pid for state in self._supervisor.states() if state.state == "up"}

    def programs(self) -> list[str]:
        """Return the names of the programs that are running or starting."""
        return [state.name for state in self._supervisor.states() if state.state != "down"]

    def supervisor_pid(self) -> int:
        """Return the pid of the supervisor."""
        return self._supervisor.pid()

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a process; the supervisor restarts a process that exits."""
        os.kill(self.processes()[name], number)

    def stop_process(self, name: str, *, kill: bool = False) -> None:
        """Stop a process, with SIGTERM unless `kill`; only `start_process` starts it again."""
        if kill:
            self.kill(name)
        self._supervisor.stop(name)

    def start_process(self, name: str) -> None:
        """Start a process that `stop_process` stopped."""
        self._supervisor.start(name)

    def memory(self, name: str) -> int:
        """Return the resident bytes of a process."""
        return int(psutil.Process(self.processes()[name]).memory_info().rss)

    def descriptors(self, name: str) -> int:
        """Return the number of files and sockets that a process has open."""
        return int(psutil.Process(self.processes()[name]).num_fds())

    def cpu_s(self, name: str) -> float:
        """Return the CPU time used by all threads of a process."""
        times = psutil.Process(self.processes()[name]).cpu_times()
        return float(times.user + times.system)

    def metrics(self, number: int = 1, timeout_s: float = 5) -> dict[str, float]:
        """Return the samples on a producer's metrics page. Raises: httpx.HTTPError."""
        return read_metrics(httpx.get(f"http://127.0.0.1:{self.port + 12 + number}/metrics", timeout=timeout_s).text)

    def flink_client(self) -> httpx.Client:
        """Return a client with the certificate that Flink's REST API requires."""
        return httpx.Client(base_url=self.flink, verify=rest_context(self.var / "conf"), timeout=10)

    def cancel_job(self, job_id: str) -> None:
        """Cancel a Flink job. Raises: httpx.HTTPError."""
        with self.flink_client() as client:
            client.patch(f"/jobs/{job_id}", params={"mode": "cancel"}).raise_for_status()

    def simulator(self, path: str = "") -> dict[str, Any]:
        """Return the simulated Twitch's status, or another response from its control API. Raises: httpx.HTTPError."""
        response: dict[str, Any] = httpx.get(f"{self._simulator}{path}", timeout=10).raise_for_status().json()
        return response

    def fault(self, kind: str, **options: float) -> dict[str, Any]:
        """Inject a fault into the simulated Twitch and return what it affects. Raises: httpx.HTTPError."""
        request = {"kind": kind, **options}
        response: dict[str, Any] = (
            httpx.post(f"{self._simulator}/faults", json=request, timeout=10).raise_for_status().json()
        )
        return response

    def run_task(self, name: str) -> None:
        """Make the Celery worker run a task of apps/ingest/tasks.py now instead of at the next minute."""
        with Celery(broker=f"redis://127.0.0.1:{self.port + 5}/1") as celery:
            celery.send_task(f"apps.ingest.tasks.{name}")

    def end_faults(self) -> None:
        """End all active faults. Raises: httpx.HTTPError."""
        httpx.delete(f"{self._simulator}/faults", timeout=10).raise_for_status()

    def channel_list(self) -> dict[str, Any]:
        """Return the channel list that Celery last wrote, or an empty one while Redis is unavailable."""
        try:
            text: Any = self._channel_list.get(redis_keys.CHANNEL_LIST)
        except redis.RedisError:
            text = None

        channels: dict[str, Any] = json.loads(text) if text else {"streams": [], "fetched_ms": 0}
        return channels

    def listed_channels(self) -> set[str]:
        """Return the ids of the channels on the list."""
        return {stream["id"] for stream in self.channel_list()["streams"]}

    def covered(self) -> set[str]:
        """Return the ids of the channels that were fully covered in their newest window."""
        try:
            values: Any = self.boards.hgetall(redis_keys.window_values("live"))
        except redis.RedisError:
            return set()
        newest_ms = self.newest_end_ms()
        windows = {channel_id: json.loads(value) for channel_id, value in values.items()}
        return {
            channel_id
            for channel_id, window in windows.items()
            if window["coverage"] == 1 and window["end_ms"] >= newest_ms - 2_000
        }

    def redis_responds(self) -> bool:
        """Return whether Redis is up and has loaded its data."""
        try:
            return bool(self.boards.ping())
        except redis.RedisError:
            return False

    def newest_end_ms(self) -> int:
        """Return the newest window end on the boards, or 0 if there is none or Redis is unavailable."""
        try:
            newest: Any = self.boards.zrevrange(redis_keys.window_ends("live"), 0, 0, withscores=True)
        except redis.RedisError:
            return 0
        return int(newest[0][1]) if newest else 0

    def board_lag_s(self) -> float:
        """Return the age of the newest window on the boards."""
        return time.time() - self.newest_end_ms() / 1000

    def produce(self, topic: str, *values: bytes | None, partition: int = 0) -> None:
        """Write records to a topic."""
        producer = Producer({"bootstrap.servers": self.kafka})
        for value in values:
            producer.produce(topic, value, partition=partition)
        assert producer.flush(10) == 0

    def log(self, name: str) -> str:
        """Return a process's log."""
        path = self.var / "log" / f"{name}.log"
        return path.read_text(errors="replace") if path.is_file() else ""

    def _redis(self, number: int) -> redis.Redis:
        # Retry once, immediately, because the connection may have died with its server. Never wait for a server that
        # is down.
        retry = Retry(NoBackoff(), 1)
        return redis.Redis(port=self.port + 5, db=number, decode_responses=True, socket_timeout=5, retry=retry)

    def _local(self, *words: str) -> None:
        result = subprocess.run(
            [*self.before, "python3.11", "-m", "deploy.local", *words],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=START_LIMIT_S,
        )
        print(result.stdout)
        assert result.returncode == 0, result.stdout


def read_metrics(text: str) -> dict[str, float]:
    """Parse the samples on a metrics page, such as `{"joins": 3.0, 'connections{state="joined"}': 2.0}`."""
    return {
        _sample_key(sample.name, sample.labels): float(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _sample_key(name: str, labels: Mapping[str, str]) -> str:
    label_text = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    return f"{name}{{{label_text}}}" if label_text else name


def now_ms() -> int:
    """Return the current time in ms."""
    return time.time_ns() // 1_000_000


def wait_until(condition: Callable[[], bool], limit_s: float, what: str, every_s: float = 0.2) -> float:
    """Wait for a condition and return how many seconds it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < limit_s, f"waited {limit_s} s for {what}"
        time.sleep(every_s)
    return time.monotonic() - began
