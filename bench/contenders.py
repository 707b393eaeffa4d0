"""What the stream job is measured beside, and how the windows of each are read and compared."""

from __future__ import annotations

import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import psutil
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bench.chat import SUMS
from bench.machine import ROOT
from core.metrics.columns import STORED_AS, StoredGrain, columns_of
from core.pipeline.records import ChatRecord, Grain
from core.pipeline.topics import TOPIC
from core.proof.reference import Blocks, WindowKey
from core.times import SECOND_MS
from deploy.local.layout import read_layout
from deploy.local.servers import flink_environment, flink_home
from drills.stack import Stack, wait_until

PREFIX = "bench."
TASK_MANAGER = "flink-taskmanager"
PARTITIONS = TOPIC["windows-live"].partitions
STREAMS = ROOT / "bench" / "streams"
# The columns of each row that history would keep, as far as they are compared.
Cells = dict[WindowKey, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Started:
    """A contender that runs: its process, the CPU-seconds that are not its own, and the topics of its windows."""

    process: psutil.Process
    topics: Sequence[str]
    idle_s: float = 0.0


# Runs until left.
Contender = Callable[[], AbstractContextManager[Started]]


@contextmanager
def flink(stack: Stack, prefix: str) -> Iterator[Started]:
    """Run the job as it is, on topics with `prefix`."""
    before = task_manager(stack)
    job = stack.manage("submit_flink_job", env={"KAFKA_TOPIC_PREFIX": prefix}).split()[1]
    with canceled(stack, job):
        yield replace(before, topics=[f"{prefix}{name}" for name in ("windows-live", "windows-distinct", "windows")])


@contextmanager
def flink_sums(stack: Stack, *, is_cold: bool) -> Iterator[Started]:
    """Run bench/sums_job.py as manage.py submit_flink_job runs the whole job, `is_cold` in a new task manager."""
    layout, topic = read_layout(stack.env), made(stack, "flink-sums")
    if is_cold:
        stack.end(TASK_MANAGER)
        stack.begin(TASK_MANAGER)
        wait_until(lambda: TASK_MANAGER in stack.processes(), 60, "the task manager to start")
    before = task_manager(stack)
    python, jar = layout.flink_venv / "bin" / "python", next((layout.jars / "flink").glob("*connector-kafka*.jar"))
    command: list[str | Path] = [flink_home(layout) / "bin" / "flink", "run", "-d"]
    command += [f"-Dpython.pythonpath={ROOT}", "-py", ROOT / "bench" / "sums_job.py"]
    command += ["-pyclientexec", python, "-pyexec", python, "--bootstrap", stack.kafka, "--connector-jar", jar]
    command += ["--topic-prefix", PREFIX, "--topic", topic]
    done = subprocess.run(
        command, env={**stack.env, **flink_environment(layout)}, capture_output=True, text=True, check=False
    )
    if "JobID " not in done.stdout:
        raise AssertionError(f"Flink did not accept the job:\n{done.stdout}{done.stderr}")
    with canceled(stack, done.stdout.partition("JobID ")[2].split()[0]):
        yield replace(before, topics=[topic])


def task_manager(stack: Stack) -> Started:
    """Return the process that computes Flink's jobs, with what it has used so far."""
    return Started(psutil.Process(stack.processes()[TASK_MANAGER]), (), stack.cpu_s(TASK_MANAGER))


@contextmanager
def canceled(stack: Stack, job: str) -> Iterator[None]:
    """Cancel a job of Flink when left."""
    try:
        yield
    finally:
        stack.cancel_job(job)


@contextmanager
def ring(stack: Stack) -> Iterator[Started]:
    """Run bench/ring.py."""
    topic = made(stack, "ring")
    with running([sys.executable, "-m", "bench.ring", stack.kafka, f"{PREFIX}chat", topic]) as process:
        yield Started(process, [topic])


@contextmanager
def streams(stack: Stack, way: str) -> Iterator[Started]:
    """Run the Kafka Streams program, which `build_streams` has built."""
    topic, target = made(stack, way), STREAMS / "target"
    java = ["java", "-Xmx1g", "-cp", f"{target}/classes:{target}/dependency/*", "twitchly.Main"]
    with running([*java, stack.kafka, way, f"{PREFIX}chat", topic, str(stack.var / "streams")]) as process:
        yield Started(process, [topic])


def build_streams(*, offline: bool) -> bool:
    """Build bench/streams; return False when it cannot be built `offline`, for want of Maven or of a library."""
    if offline and shutil.which("mvn") is None:
        return False
    maven = ["mvn", "-q", "-B", "-C", *(["-o"] if offline else []), "-f", str(STREAMS / "pom.xml")]
    done = subprocess.run([*maven, "compile", "dependency:copy-dependencies"], check=not offline)
    return done.returncode == 0


@contextmanager
def running(command: list[str]) -> Iterator[psutil.Process]:
    """Run a process and end it when left."""
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def made(stack: Stack, name: str) -> str:
    """Make a topic for windows and return its name."""
    topic = f"{PREFIX}{name}"
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    admin.create_topics([NewTopic(topic, num_partitions=PARTITIONS, replication_factor=1)])[topic].result()
    return topic


class Windows(ABC):
    """Reads windows as they come; `count` is how many there were. `last_ms` is the end of the last whole minute."""

    def __init__(self, sample: frozenset[str], last_ms: int) -> None:
        self.count = 0
        self._last_ms = last_ms
        self._sample = sample
        self._missing = {(channel_id, grain, end_ms) for channel_id in sample for grain, end_ms in self.last}
        self._found: Cells = {}

    def read(self, consumer: Consumer) -> bool:
        """Take the windows that have arrived; return whether the last one of every sampled channel has."""
        for message in consumer.consume(50_000, timeout=0.2):
            self.take(message.key() or b"", message.value() or b"")
        return not self._missing

    def take(self, key: str | bytes, value: bytes) -> None:
        """Count one window, and keep its columns if its channel is sampled."""
        self.count += 1
        channel_id = key.decode() if isinstance(key, bytes) else key
        if channel_id in self._sample:
            grain, end_ms, columns = self.cells(orjson.loads(value))
            self._found.setdefault((channel_id, STORED_AS[grain], end_ms), {}).update(columns)
            self._missing.discard((channel_id, grain, end_ms))

    def compare(self, sample: Mapping[str, list[ChatRecord]]) -> tuple[int, int]:
        """Return how many windows are wrong, and how many cells were compared."""
        blocks = Blocks()
        for record in (record for records in sample.values() for record in records):
            blocks.add(record)
        computed = blocks.windows(from_ms=0, until_ms=self._last_ms - 2 * SECOND_MS)
        wanted = {key: self.columns(row) for key, row in computed.items() if key[1] in self.grains}
        wrong = sum(self._found.get(key) != columns for key, columns in wanted.items())
        return wrong, sum(map(len, wanted.values()))

    @property
    @abstractmethod
    def last(self) -> Sequence[tuple[Grain, int]]:
        """The windows that come last: of which grain, and when they end."""

    @property
    @abstractmethod
    def grains(self) -> tuple[StoredGrain, ...]:
        """The stored grains that are compared."""

    @abstractmethod
    def cells(self, fields: dict[str, Any]) -> tuple[Grain, int, Mapping[str, int]]:
        """Return the grain, the end and the columns of a window."""

    @abstractmethod
    def columns(self, columns: Mapping[str, int]) -> Mapping[str, int]:
        """Return those of the reference's columns that are compared."""


class FlinkWindows(Windows):
    """All columns of the windows of the stream job."""

    @property
    def last(self) -> Sequence[tuple[Grain, int]]:
        """Those that end with the last whole minute: their rows come by different ways."""
        return ("live", self._last_ms), ("live_distinct", self._last_ms), ("minute", self._last_ms)

    @property
    def grains(self) -> tuple[StoredGrain, ...]:
        """Live windows at every 10th second, and minutes."""
        return "live", "minute"

    def cells(self, fields: dict[str, Any]) -> tuple[Grain, int, Mapping[str, int]]:
        """Return the columns of the window's grain; what else a record says is not compared."""
        grain: Grain = fields["grain"]
        columns = {column.name: fields[column.name] for column in columns_of(grain) if column.name in fields}
        return grain, fields["end_ms"], columns

    def columns(self, columns: Mapping[str, int]) -> Mapping[str, int]:
        """All of them."""
        return columns


class FlinkSumWindows(FlinkWindows):
    """The three sums of the live windows of bench/sums_job.py."""

    @property
    def last(self) -> Sequence[tuple[Grain, int]]:
        """The live window that ends with the last whole minute."""
        return (("live", self._last_ms),)

    @property
    def grains(self) -> tuple[StoredGrain, ...]:
        """Live windows at every 10th second."""
        return ("live",)

    def columns(self, columns: Mapping[str, int]) -> Mapping[str, int]:
        """Return the sums that are known."""
        return {name: columns[name] for name in SUMS if name in columns}

    def cells(self, fields: dict[str, Any]) -> tuple[Grain, int, Mapping[str, int]]:
        """Return the three sums of a row; the whole job's rows have them too."""
        grain, end_ms, columns = super().cells(fields)
        return grain, end_ms, self.columns(columns) if grain == "live" else {}


class SumWindows(Windows):
    """The three sums of live windows."""

    @property
    def last(self) -> Sequence[tuple[Grain, int]]:
        """The live window shortly before the last whole minute."""
        return (("live", self._last_ms - SECOND_MS),)

    @property
    def grains(self) -> tuple[StoredGrain, ...]:
        """Live windows at every 10th second."""
        return ("live",)

    def cells(self, fields: dict[str, Any]) -> tuple[Grain, int, Mapping[str, int]]:
        """Return the sums by their names."""
        return "live", fields["end_ms"], dict(zip(SUMS, fields["sums"], strict=True))

    def columns(self, columns: Mapping[str, int]) -> Mapping[str, int]:
        """Those sums alone; what is not known is 0 there."""
        return {name: columns.get(name, 0) for name in SUMS}
