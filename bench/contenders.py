"""What the stream job is measured beside, and how the windows of each are read and compared."""

from __future__ import annotations

import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import orjson
import psutil
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bench.machine import ROOT
from core.columns import STORED_AS, StoredGrain
from core.records import ChatRecord, Grain
from core.reference import Blocks, WindowKey
from core.times import SECOND_MS
from core.topics import TOPIC
from drills.stack import Stack

PREFIX = "bench."
SUMS = ("messages", "words", "observed_ms")
PARTITIONS = TOPIC["windows-live"].partitions
STREAMS = ROOT / "bench" / "streams"
# The columns of each row that history would keep, as far as they are compared.
Cells = dict[WindowKey, dict[str, int]]
# Runs until left; gives its process and the topic of its windows.
Contender = Callable[[], AbstractContextManager[tuple[psutil.Process, str]]]


@contextmanager
def ring(stack: Stack) -> Iterator[tuple[psutil.Process, str]]:
    """Run bench/ring.py."""
    topic = made(stack, "ring")
    with running([sys.executable, "-m", "bench.ring", stack.kafka, f"{PREFIX}chat", topic]) as process:
        yield process, topic


@contextmanager
def streams(stack: Stack, way: str) -> Iterator[tuple[psutil.Process, str]]:
    """Build and run the Kafka Streams program."""
    maven = ["mvn", "-q", "-B", "-C", "-f", str(STREAMS / "pom.xml"), "compile", "dependency:copy-dependencies"]
    subprocess.run(maven, check=True)
    topic, target = made(stack, way), STREAMS / "target"
    java = ["java", "-Xmx1g", "-cp", f"{target}/classes:{target}/dependency/*", "twitchly.Main"]
    with running([*java, stack.kafka, way, f"{PREFIX}chat", topic, str(stack.var / "streams")]) as process:
        yield process, topic


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

    def __init__(self, stack: Stack, sample: frozenset[str], last_ms: int) -> None:
        self.count = 0
        self._last_ms = last_ms
        self._sample = sample
        self._missing = {(channel_id, grain, end_ms) for channel_id in sample for grain, end_ms in self.last}
        self._found: Cells = {}
        self._consumer = Consumer(
            {"bootstrap.servers": stack.kafka, "group.id": "bench", "auto.offset.reset": "earliest"}
        )

    def listen(self, topic: str) -> None:
        """Begin with a topic; without a name with those of the stream job."""
        topics = [topic] if topic else [f"{PREFIX}{name}" for name in ("windows-live", "windows-distinct", "windows")]
        places = [TopicPartition(name, number, 0) for name in topics for number in range(PARTITIONS)]
        self._consumer.assign(places)

    def is_done(self) -> bool:
        """Take what has come, and say whether the last window of every sampled channel has."""
        for message in self._consumer.consume(50_000, timeout=0.2):
            self.count += 1
            key = message.key()
            channel_id = key.decode() if isinstance(key, bytes) else str(key)
            if channel_id in self._sample:
                grain, end_ms, columns = self.cells(orjson.loads(message.value() or b""))
                self._found.setdefault((channel_id, STORED_AS[grain], end_ms), {}).update(columns)
                self._missing.discard((channel_id, grain, end_ms))
        return not self._missing

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
        """Return what the record says beside its place."""
        named = ("v", "grain", "channel_id", "start_ms", "end_ms")
        columns = {name: value for name, value in fields.items() if name not in named}
        return fields["grain"], fields["end_ms"], columns

    def columns(self, columns: Mapping[str, int]) -> Mapping[str, int]:
        """All of them."""
        return columns


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
