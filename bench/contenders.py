"""The programs that bench/stream.py compares, and the check of their windows."""

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
# The compared columns of each row that history would store.
Cells = dict[WindowKey, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Running:
    """A running contender: its process, the CPU time that it used before the run, and the topics of its windows."""

    process: psutil.Process
    topics: Sequence[str]
    cpu_before_s: float = 0.0


# Starts a contender that runs inside the block.
Contender = Callable[[], AbstractContextManager[Running]]


@contextmanager
def flink(stack: Stack, prefix: str) -> Iterator[Running]:
    """Run the product's stream job on topics with `prefix`."""
    before = task_manager(stack)
    job = stack.manage("submit_flink_job", env={"KAFKA_TOPIC_PREFIX": prefix}).split()[1]
    with canceled(stack, job):
        yield replace(before, topics=[f"{prefix}{name}" for name in ("windows-live", "windows-distinct", "windows")])


@contextmanager
def flink_sums(stack: Stack, *, is_cold: bool) -> Iterator[Running]:
    """Run bench/sums_job.py as `manage.py submit_flink_job` would; if `is_cold`, in a restarted task manager."""
    layout, topic = read_layout(stack.env), create_topic(stack, "flink-sums")
    if is_cold:
        stack.stop_process(TASK_MANAGER)
        stack.start_process(TASK_MANAGER)
        wait_until(lambda: TASK_MANAGER in stack.processes(), 60, "the task manager to start")
    before = task_manager(stack)
    python, jar = layout.flink_venv / "bin" / "python", next((layout.jars / "flink").glob("*connector-kafka*.jar"))
    command: list[str | Path] = [flink_home(layout) / "bin" / "flink", "run", "-d"]
    command += [f"-Dpython.pythonpath={ROOT}", "-py", ROOT / "bench" / "sums_job.py"]
    command += ["-pyclientexec", python, "-pyexec", python, "--bootstrap", stack.kafka, "--connector-jar", jar]
    command += ["--topic-prefix", PREFIX, "--topic", topic]
    result = subprocess.run(
        command, env={**stack.env, **flink_environment(layout)}, capture_output=True, text=True, check=False
    )
    if "JobID " not in result.stdout:
        raise AssertionError(f"Flink did not accept the job:\n{result.stdout}{result.stderr}")
    with canceled(stack, result.stdout.partition("JobID ")[2].split()[0]):
        yield replace(before, topics=[topic])


def task_manager(stack: Stack) -> Running:
    """Return Flink's task manager and the CPU time it has used so far."""
    return Running(psutil.Process(stack.processes()[TASK_MANAGER]), (), stack.cpu_s(TASK_MANAGER))


@contextmanager
def canceled(stack: Stack, job: str) -> Iterator[None]:
    """Cancel a Flink job after the block."""
    try:
        yield
    finally:
        stack.cancel_job(job)


@contextmanager
def ring(stack: Stack) -> Iterator[Running]:
    """Run bench/ring.py."""
    topic = create_topic(stack, "ring")
    with running([sys.executable, "-m", "bench.ring", stack.kafka, f"{PREFIX}chat", topic]) as process:
        yield Running(process, [topic])


@contextmanager
def streams(stack: Stack, variant: str) -> Iterator[Running]:
    """Run the Kafka Streams program that `build_streams` has built."""
    topic, target = create_topic(stack, variant), STREAMS / "target"
    java = ["java", "-Xmx1g", "-cp", f"{target}/classes:{target}/dependency/*", "twitchly.Main"]
    with running([*java, stack.kafka, variant, f"{PREFIX}chat", topic, str(stack.var / "streams")]) as process:
        yield Running(process, [topic])


def build_streams(*, offline: bool) -> bool:
    """Build bench/streams; return False if it cannot be built `offline` because Maven or a library is missing."""
    if offline and shutil.which("mvn") is None:
        return False
    maven = ["mvn", "-q", "-B", "-C", *(["-o"] if offline else []), "-f", str(STREAMS / "pom.xml")]
    result = subprocess.run([*maven, "compile", "dependency:copy-dependencies"], check=not offline)
    return result.returncode == 0


@contextmanager
def running(command: list[str]) -> Iterator[psutil.Process]:
    """Run a process and terminate it after the block."""
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def create_topic(stack: Stack, name: str) -> str:
    """Create a topic for windows and return its name."""
    topic = f"{PREFIX}{name}"
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    admin.create_topics([NewTopic(topic, num_partitions=PARTITIONS, replication_factor=1)])[topic].result()
    return topic


class Windows(ABC):
    """Reads and counts the windows of a contender. `last_ms` is the end of the last complete minute."""

    def __init__(self, sample: frozenset[str], last_ms: int) -> None:
        self.count = 0
        self._last_ms = last_ms
        self._sample = sample
        self._missing = {(channel_id, grain, end_ms) for channel_id in sample for grain, end_ms in self.last}
        self._cells: Cells = {}

    def read(self, consumer: Consumer) -> bool:
        """Read the windows that have arrived; return whether they include the last one of every sampled channel."""
        for message in consumer.consume(50_000, timeout=0.2):
            self.add(message.key() or b"", message.value() or b"")
        return not self._missing

    def add(self, key: str | bytes, value: bytes) -> None:
        """Count one window, and store its columns if its channel is sampled."""
        self.count += 1
        channel_id = key.decode() if isinstance(key, bytes) else key
        if channel_id in self._sample:
            grain, end_ms, columns = self.cells(orjson.loads(value))
            self._cells.setdefault((channel_id, STORED_AS[grain], end_ms), {}).update(columns)
            self._missing.discard((channel_id, grain, end_ms))

    def compare(self, sample: Mapping[str, list[ChatRecord]]) -> tuple[int, int]:
        """Return the numbers of wrong windows and of compared cells."""
        blocks = Blocks()
        for record in (record for records in sample.values() for record in records):
            blocks.add(record)
        computed = blocks.windows(from_ms=0, until_ms=self._last_ms - 2 * SECOND_MS)
        expected = {key: self.columns(row) for key, row in computed.items() if key[1] in self.grains}
        wrong = sum(self._cells.get(key) != columns for key, columns in expected.items())
        return wrong, sum(map(len, expected.values()))

    @property
    @abstractmethod
    def last(self) -> Sequence[tuple[Grain, int]]:
        """The grains and ends of the windows that are expected last."""

    @property
    @abstractmethod
    def grains(self) -> tuple[StoredGrain, ...]:
        """The grains that are compared."""

    @abstractmethod
    def cells(self, fields: dict[str, Any]) -> tuple[Grain, int, Mapping[str, int]]:
        """Return the grain, the end and the columns of a window."""

    @abstractmethod
    def columns(self, columns: Mapping[str, int]) -> Mapping[str, int]:
        """Return the columns of a reference row that are compared."""


class FlinkWindows(Windows):
    """The windows of the stream job, with all columns."""

    @property
    def last(self) -> Sequence[tuple[Grain, int]]:
        """The windows that end with the last complete minute; each grain arrives on its own path."""
        return ("live", self._last_ms), ("live_distinct", self._last_ms), ("minute", self._last_ms)

    @property
    def grains(self) -> tuple[StoredGrain, ...]:
        """Every tenth second's live window, and minute windows."""
        return "live", "minute"

    def cells(self, fields: dict[str, Any]) -> tuple[Grain, int, Mapping[str, int]]:
        """Return the columns of the window's grain, without the record's other fields."""
        grain: Grain = fields["grain"]
        columns = {column.name: fields[column.name] for column in columns_of(grain) if column.name in fields}
        return grain, fields["end_ms"], columns

    def columns(self, columns: Mapping[str, int]) -> Mapping[str, int]:
        """Return all columns."""
        return columns


class FlinkSumWindows(FlinkWindows):
    """The live windows of bench/sums_job.py, with three sums."""

    @property
    def last(self) -> Sequence[tuple[Grain, int]]:
        """The live window that ends with the last complete minute."""
        return (("live", self._last_ms),)

    @property
    def grains(self) -> tuple[StoredGrain, ...]:
        """Every tenth second's live window."""
        return ("live",)

    def columns(self, columns: Mapping[str, int]) -> Mapping[str, int]:
        """Return the sums that are present."""
        return {name: columns[name] for name in SUMS if name in columns}

    def cells(self, fields: dict[str, Any]) -> tuple[Grain, int, Mapping[str, int]]:
        """Return the sums of a live window."""
        grain, end_ms, columns = super().cells(fields)
        return grain, end_ms, self.columns(columns) if grain == "live" else {}


class SumWindows(Windows):
    """The live windows that programs other than Flink write, with three sums."""

    @property
    def last(self) -> Sequence[tuple[Grain, int]]:
        """The live window that ends a second before the end of the last complete minute."""
        return (("live", self._last_ms - SECOND_MS),)

    @property
    def grains(self) -> tuple[StoredGrain, ...]:
        """Every tenth second's live window."""
        return ("live",)

    def cells(self, fields: dict[str, Any]) -> tuple[Grain, int, Mapping[str, int]]:
        """Return the sums by name."""
        return "live", fields["end_ms"], dict(zip(SUMS, fields["sums"], strict=True))

    def columns(self, columns: Mapping[str, int]) -> Mapping[str, int]:
        """Return the sums; these programs write 0 where the reference has no value."""
        return {name: columns.get(name, 0) for name in SUMS}
