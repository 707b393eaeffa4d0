"""Flink's SQL and the Python reference agree, cell by cell, on random chat written by the producer's steps."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from django.test import override_settings
from hypothesis import HealthCheck, given
from hypothesis import settings as trial_settings
from hypothesis import strategies as st

from apps.metrics.stream_job import plan_digest
from core.irc.event_time import SlewedClock
from core.metrics.columns import (
    COLUMNS,
    GRAINS,
    HOUR_COLUMNS,
    SLIDE_MS,
    WINDOW_MS,
    Column,
    HourColumn,
    Minutes,
    aggregate,
)
from core.metrics.peaks import PEAKS
from core.metrics.table import values_of
from core.pipeline.records import ChatRecord, Grain, read_chat
from core.pipeline.topics import TOPIC
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from drills.stack import Stack
from tests.e2e.chat_script import PARTITIONS, TRAITS, ScriptLine, ScriptWriter, script

pytestmark = pytest.mark.server

# Half an hour before the end of a month, so that scripts cross midnight.
START_MS = 1_709_244_000_000 - 1_800_000
SENTINELS = tuple(str(n) for n in range(1, 17))
# The total number of random scripts, and the number per case.
SCRIPTS, SCRIPTS_PER_CASE = 35, 5
SEED = 20_261_123
Key = tuple[str, str, int]
Cells = dict[Key, dict[str, int]]
WINDOW_TOPICS = ("windows-live", "windows-distinct", "windows")


class Trial:
    """One job on its own topics; each case uses a later interval of event time than the previous one."""

    def __init__(self, stack: Stack, prefix: str) -> None:
        self.cases = self.cells = 0
        self.submitted_ms: set[int] = set()
        self.channels: list[str] = []
        self.records: list[ChatRecord] = []
        self._prefix = prefix
        self._kafka = {"bootstrap.servers": stack.kafka, "group.id": prefix, "auto.offset.reset": "earliest"}
        self._writer = ScriptWriter(Producer({"bootstrap.servers": stack.kafka, "linger.ms": 5}), START_MS)
        self._chat = self._reader(["chat"])
        self._windows = self._reader(WINDOW_TOPICS)

    def close(self) -> None:
        self._chat.close()
        self._windows.close()

    @property
    def now_ms(self) -> int:
        """The start of the next case."""
        return self._writer.now_ms

    def run(self, scripts: Iterable[Sequence[ScriptLine]], times: Sequence[int] = ()) -> tuple[Cells, Cells]:
        """Return the cells that the reference computes from `chat`, and those that Flink computed.

        `times`, if given, replaces the times of the scripts' lines.
        """
        for lines in scripts:
            self.channels = self._writer.write(lines, times)
        self._writer.now_ms += 1_000
        # In each part of the job, the sentinels' last windows are among the last ones to be written.
        last_ms = self._writer.now_ms // 1000 * 1000 - 1
        self._writer.close((last_ms // HOUR_MS + 1) * HOUR_MS, SENTINELS)
        self.records = list(self._records())
        expected = reference(self.records)
        found = self._found(frozenset(last_cells(last_ms)))
        self._begin_day()
        self.cases += 1
        self.cells += sum(map(len, expected.values()))
        return expected, found

    def on_separate_days(self, scripts: Iterable[Sequence[ScriptLine]]) -> Iterator[Sequence[ScriptLine]]:
        """Yield scripts, each of which starts a day or more after the previous one, at the same time of day."""
        for lines in scripts:
            self._begin_day()
            yield lines

    def _begin_day(self) -> None:
        self._writer.now_ms = START_MS + (self._writer.now_ms - START_MS) // DAY_MS * DAY_MS + DAY_MS

    def _reader(self, topics: Iterable[str]) -> Consumer:
        consumer = Consumer(self._kafka)
        partitions = [TopicPartition(self._prefix + t, n, 0) for t in topics for n in range(TOPIC[t].partitions)]
        consumer.assign(partitions)
        return consumer

    def _records(self) -> Iterator[ChatRecord]:
        """Yield the records since the last case, up to the closing watermark record of each partition."""
        closed = 0
        until = time.monotonic() + 30
        while closed < PARTITIONS:
            assert time.monotonic() < until, "not all chat was read from Kafka"
            for message in self._chat.consume(5_000, timeout=0.2):
                assert message.error() is None
                record = read_chat(message.value(), message.timestamp()[1])
                closed += record.kind == "clock"
                if record.kind != "clock":
                    yield record

    def _found(self, last: frozenset[Key]) -> Cells:
        found: Cells = {}
        until = time.monotonic() + 60
        while (messages := self._windows.consume(5_000, timeout=0.5)) or not last <= found.keys():
            assert time.monotonic() < until, f"missing: {sorted(last - found.keys())[:3]}"
            for message in messages:
                assert message.error() is None
                fields = json.loads(message.value() or b"")
                key = (fields.pop("grain"), fields.pop("channel_id"), fields.pop("end_ms"))
                # All windows end years before the job was submitted.
                self.submitted_ms.add(key[2] + fields.pop("again_ms"))
                del fields["v"], fields["start_ms"]
                assert key not in found, f"{key} was received twice"
                found[key] = fields
        return found


def reference(records: Iterable[ChatRecord]) -> Cells:
    windows: dict[Key, list[ChatRecord]] = {}
    for record in records:
        for grain in GRAINS:
            for end_ms in ends_of(record.at_ms, grain):
                windows.setdefault((grain, record.channel_id, end_ms), []).append(record)
    return {key: aggregate(inside, grain_of(key)) for key, inside in windows.items()}


def grain_of(key: Key) -> Grain:
    return next(grain for grain in GRAINS if grain == key[0])


def ends_of(at_ms: int, grain: Grain) -> Iterator[int]:
    """Yield the ends of the windows that include a time."""
    slide = SLIDE_MS[grain]
    first = at_ms // slide * slide + slide
    yield from range(first, first + WINDOW_MS[grain], slide)


def last_cells(at_ms: int) -> Iterator[Key]:
    """Yield the sentinels' windows that close last."""
    for grain in GRAINS:
        for channel_id in SENTINELS:
            yield grain, channel_id, max(ends_of(at_ms, grain))


def differences(expected: Cells, found: Cells) -> dict[Key, tuple[object, object]]:
    """Return the cells that differ, with expected and actual columns and metrics."""
    keys = expected.keys() | found.keys()
    pairs = {key: (_with_metrics(key, expected.get(key)), _with_metrics(key, found.get(key))) for key in keys}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def _with_metrics(key: Key, columns: dict[str, int] | None) -> object:
    return columns and (columns, values_of(columns, WINDOW_MS[grain_of(key)]))


@pytest.fixture(scope="module")
def prefix(stack: Stack) -> Iterator[str]:
    """The prefix of separate topics with their own job, next to the topics of the running instance.

    The newest checkpoint is damaged, so the job starts without state and from the beginning.
    """
    name = f"sql-{uuid.uuid4().hex[:8]}."
    broken = stack.var / "broken-checkpoints" / f"{plan_digest()}-0" / "job" / "chk-1"
    broken.mkdir(parents=True, exist_ok=True)
    (broken / "_metadata").write_bytes(b"this is not a checkpoint")
    env = {"KAFKA_TOPIC_PREFIX": name, "FLINK_CHECKPOINTS": str(broken.parents[2])}
    stack.manage("create_topics", env=env)
    job = stack.manage("submit_flink_job", env=env).split()[1]
    try:
        with override_settings(KAFKA_TOPIC_PREFIX=name):
            yield name
    finally:
        stack.cancel_job(job)


@pytest.fixture(scope="module")
def trial(stack: Stack, prefix: str) -> Iterator[Trial]:
    trial = Trial(stack, prefix)
    try:
        yield trial
    finally:
        trial.close()


def busy_script(rng: random.Random) -> list[ScriptLine]:
    """Return a long script with busy and quiet channels."""
    generators: Sequence[Callable[[], ScriptLine]] = [
        lambda: ScriptLine(
            rng.randrange(400),
            0,
            user=rng.randrange(6),
            text=f"word {rng.randrange(9)}",
            traits=frozenset(trait for trait in TRAITS if rng.random() < 0.3),
        ),
        lambda: ScriptLine(rng.randrange(2_000), 1, "copy", late_ms=rng.randrange(900)),
        lambda: ScriptLine(rng.randrange(900), 1, rng.choice(["message", "bot", "ban"]), viewers=rng.randrange(90_000)),
        lambda: ScriptLine(rng.randrange(3_000), 2, "deletion", observed_ms=rng.choice([0, 400])),
    ]
    return [rng.choice(generators)() for _ in range(300)]


def test_every_cell_of_every_grain_equals_the_reference(trial: Trial) -> None:
    rng = random.Random(SEED)
    expected, found = trial.run(busy_script(rng) for _ in range(12))
    assert differences(expected, found) == {}
    assert {key[0] for key in expected} == set(GRAINS)
    every = {name for cell in expected.values() for name, value in cell.items() if value}
    assert every >= {"messages", "copies", "bot_messages", "removals", "texts", "chatters"}
    assert every >= {column.name for column in HOUR_COLUMNS} >= {peak.column for peak in PEAKS}
    assert len(expected) > 10_000

    @trial_settings(
        max_examples=SCRIPTS // SCRIPTS_PER_CASE,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(st.lists(script, min_size=SCRIPTS_PER_CASE, max_size=SCRIPTS_PER_CASE))
    def any_scripts(scripts: list[list[ScriptLine]]) -> None:
        assert differences(*trial.run(trial.on_separate_days(scripts))) == {}

    any_scripts()
    assert len(trial.submitted_ms) == 1
    print(f"\nSQL equals the reference: {trial.cases} cases, {trial.cells:,} cells")


def test_a_host_clock_that_steps_by_an_hour_moves_no_window(trial: Trial) -> None:
    """The producer's clock continues steadily, so each second of each channel is in its windows exactly once."""
    first_ms = trial.now_ms
    clock = SlewedClock(first_ms, 0)
    lines = [ScriptLine(1_000, n % 3, user=n) for n in range(150)]
    # The wall clock is an hour ahead from the 50th second on, and an hour behind from the 100th.
    walls_ms = [first_ms + n * 1_000 + (0, HOUR_MS, -HOUR_MS)[n // 50] for n in range(150)]
    times = [clock.now_ms(wall_ms, n * 1_000) for n, wall_ms in enumerate(walls_ms)]
    expected, found = trial.run([lines], times)
    assert differences(expected, found) == {}
    minutes = {key[2]: cell["observed_ms"] for key, cell in found.items() if key[:2] == ("minute", trial.channels[0])}
    assert max(minutes) - min(minutes) <= 3 * MINUTE_MS
    assert max(minutes.values()) == MINUTE_MS
    assert sum(minutes.values()) == pytest.approx(150_000, abs=2_000)


def test_a_column_that_is_off_by_one_is_detected(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference is off by one in each column in turn; every time, Flink's cells must differ from it."""
    lines = [
        ScriptLine(100, 0, user=1, traits=frozenset({"subscriber"})),
        ScriptLine(100, 0, user=2),
        ScriptLine(100, 1, user=3),
    ]
    expected, found = trial.run([lines])
    assert differences(expected, found) == {}
    for column in COLUMNS:
        broken = replace(column, reference=partial(off_by_one, column))
        monkeypatch.setattr(
            "core.metrics.columns.COLUMNS", tuple(broken if other is column else other for other in COLUMNS)
        )
        changed = reference(trial.records)
        assert {key[0] for key in changed if changed[key] != found[key]} == column.grains, column.name
    monkeypatch.undo()
    for special in HOUR_COLUMNS:
        broken_hour = replace(special, reference=partial(off_by_one_of_minutes, special))
        monkeypatch.setattr(
            "core.metrics.columns.HOUR_COLUMNS",
            tuple(broken_hour if other is special else other for other in HOUR_COLUMNS),
        )
        changed = reference(trial.records)
        assert {key[0] for key in changed if changed[key] != found[key]} == {"hour"}, special.name


def off_by_one(column: Column, records: Sequence[ChatRecord]) -> int:
    return 1 + (column.reference(records) or 0)


def off_by_one_of_minutes(column: HourColumn, minutes: Minutes) -> int:
    return 1 + (column.reference(minutes) or 0)
