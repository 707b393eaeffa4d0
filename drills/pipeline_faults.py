"""The faults of `make drill`: how each is brought about, and what must hold for it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from drills.board_watch import BoardCourse
from drills.checkpoint_disk import CheckpointDisk
from drills.faults import SECOND, paused, stopped
from drills.poison import bad_chat, poison
from drills.sink import Sink, holders
from drills.stack import Stack, now_ms, wait_until

# A process is started again at once, and counts as up after 3 s; Kafka and Cassandra wait longer with each death.
AGAIN_S = 60.0
# What a batch of a sink needs to be under way while its server stands still.
BATCH_S = 2.0
# Two producers: the other takes over what is not polled for within the session timeout of 10 s.
SESSION_S = 10.0 + 2.0
# The task manager goes on for 10 s until it misses the job manager.
MISSED_S = 30.0
# A member of a consumer group is missed after 10 s; then its partitions are given to others.
REBALANCE_S = 60.0
# Boards that a fault does not touch may lag so much more than before it: the machine has other things to do.
STEADY_S = 1.0
# Checkpoints come every 10 s; one that cannot be written may take a minute to fail.
REPORTED_S = 90.0
FAILING, MENDED = "checkpoint failed", "checkpoints complete again"
HISTORY = "sink-history-{}"


@dataclass(frozen=True, slots=True)
class PipelineFault:
    """One fault. `act` brings it about and returns when its cause is gone; all must be well within `limit_s`.

    It is watched for `watch_s` at least. `gaps` says whether messages may be missed. The other limits, in seconds,
    are of the live boards from the beginning, of complete boards and of those of distinct counts from when the cause
    is gone, and of how long the boards may stand. `steady` boards lag as before. `rejected` is how many records of
    chat nobody can use.
    """

    name: str
    act: Callable[[Stack], object]
    limit_s: float = 120.0
    watch_s: float = 15.0
    gaps: bool = False
    steady: bool = False
    live_s: float | None = None
    complete_s: float | None = None
    distinct_s: float | None = None
    stands_s: float | None = None
    keeps_channels: bool = False
    rejected: int = 0


def pipeline_faults(disk: CheckpointDisk | None) -> list[PipelineFault]:
    """Return every fault in the order they are tried; without a disk of their own, checkpoints are left alone."""
    task, job = "flink-taskmanager", "flink-jobmanager"
    disks = [PipelineFault("checkpoints fail", partial(checkpoints_fail, disk), 420, steady=True)] if disk else []
    return [
        *disks,
        PipelineFault("task manager killed", killed(task), live_s=20),
        PipelineFault("job manager killed", killed(job), watch_s=MISSED_S, live_s=45),
        PipelineFault("both managers killed", killed(job, task), watch_s=MISSED_S, live_s=45),
        PipelineFault("flink-job killed", killed("flink-job"), steady=True),
        PipelineFault("kafka killed", killed("kafka"), 180, gaps=True),
        PipelineFault("kafka stopped 30 s", stopped("kafka", 30), 180, gaps=True),
        PipelineFault("cassandra stopped 60 s", stopped("cassandra", 60), 180, steady=True),
        PipelineFault("cassandra killed", killed("cassandra"), 180, steady=True),
        PipelineFault(
            "valkey emptied", lambda s: s.boards.flushall(), complete_s=2, distinct_s=10, keeps_channels=True
        ),
        PipelineFault("valkey killed", valkey_killed, complete_s=2, distinct_s=10, keeps_channels=True),
        PipelineFault("sink history killed", in_a_batch("sink-history", "cassandra"), steady=True),
        PipelineFault("sink boards killed", in_a_batch("sink-boards", "valkey")),
        PipelineFault("history rebalanced", history_rebalanced, steady=True),
        PipelineFault("twitch killed", killed("twitch"), gaps=True),
        PipelineFault("producer killed", killed("producer"), gaps=True, stands_s=SESSION_S),
        PipelineFault("producer replaced", producer_replaced, gaps=True, stands_s=SESSION_S),
        PipelineFault("producer stopped 30 s", stopped(SECOND, 30), gaps=True, stands_s=SESSION_S),
        PipelineFault("web killed", killed("web"), steady=True),
        PipelineFault("worker killed", worker_killed, steady=True),
        PipelineFault("beat killed", killed("beat"), steady=True),
        PipelineFault("poison", poisoned, steady=True, rejected=len(bad_chat(0))),
    ]


def broken_limits(fault: PipelineFault, course: BoardCourse, usual_lag_s: float) -> list[str]:
    """Return what did not hold; `usual_lag_s` is the greatest lag of the boards before."""
    over_s = course.began_s if course.over_s is None else course.over_s
    limits = (
        ("the boards were live again", course.again_s(lambda sight: sight.is_live, course.began_s), fault.live_s),
        ("the boards were complete", course.again_s(lambda sight: sight.is_complete, over_s), fault.complete_s),
        (
            "the boards of distinct counts were complete",
            course.again_s(lambda sight: sight.has_distinct, over_s),
            fault.distinct_s,
        ),
        ("the boards moved on", course.stood_s, fault.stands_s),
    )
    found = [
        f"{what} after {took_s:.1f} s: expected within {within_s:.0f} s"
        for what, took_s, within_s in limits
        if within_s is not None and took_s > within_s
    ]
    if fault.steady and course.lag_s > usual_lag_s + STEADY_S:
        found.append(f"the boards lagged {course.lag_s:.1f} s: expected {usual_lag_s:.1f} s as before")
    if fault.keeps_channels and course.lost:
        found.append(f"{course.lost} channels were parted: expected none")
    return [*found, *([f"{course.stale} channels were ranked by old windows"] if course.stale else [])]


def killed(*names: str) -> Callable[[Stack], None]:
    """Return what kills processes without a word; the supervisor starts them again."""

    def act(stack: Stack) -> None:
        before = stack.processes()
        for name in names:
            stack.kill(name)
        wait_until(lambda: _are_new(stack, names, before), AGAIN_S, f"{' and '.join(names)} to be started again")

    return act


def valkey_killed(stack: Stack) -> None:
    """The cause is gone once it answers."""
    stack.kill("valkey")
    wait_until(stack.redis_answers, AGAIN_S, "valkey to answer again", 0.05)


def in_a_batch(sink: str, server: str) -> Callable[[Stack], None]:
    """Return what kills a sink while it writes a batch: its server stands still."""

    def act(stack: Stack) -> None:
        before = stack.processes()
        with paused(stack, server):
            time.sleep(BATCH_S)
            stack.kill(sink)
        wait_until(lambda: _are_new(stack, (sink,), before), AGAIN_S, f"{sink} to be started again")

    return act


def history_rebalanced(stack: Stack) -> None:
    """A second sink takes its share and is killed, a third one takes its place and leaves."""
    names = [HISTORY.format(number) for number in (1, 2, 3)]
    second = _sink(stack, 2)
    try:
        _wait_for_sinks(stack, {names[0], names[1]})
    finally:
        second.kill()
    third = _sink(stack, 3)
    try:
        _wait_for_sinks(stack, {names[0], names[2]})
    finally:
        third.end()
    _wait_for_sinks(stack, {names[0]})


def producer_replaced(stack: Stack) -> None:
    """The second producer dies for good; once the first one has had its share for a while, another one is added."""
    stack.end(SECOND, kill=True)
    time.sleep(SESSION_S + 8)
    stack.begin(SECOND)
    wait_until(lambda: SECOND in stack.processes(), AGAIN_S, f"{SECOND} to be started again")


def worker_killed(stack: Stack) -> None:
    """It dies while it asks Helix for the list."""
    stack.run_task("refresh_channel_list")
    time.sleep(0.1)
    killed("worker")(stack)


def checkpoints_fail(disk: CheckpointDisk, stack: Stack) -> None:
    """The folder becomes read-only, then full; each time the log tells of it, and of its mending."""
    for spoil, mend in ((disk.forbid, disk.allow), (disk.fill, disk.empty)):
        failing, mended = (stack.log("flink-job").count(text) for text in (FAILING, MENDED))
        spoil()
        try:
            wait_until(partial(_tells, stack, FAILING, failing), REPORTED_S, f"the log to tell that {FAILING}")
        finally:
            mend()
        wait_until(partial(_tells, stack, MENDED, mended), REPORTED_S, f"the log to tell that {MENDED}")


def poisoned(stack: Stack) -> None:
    """What nobody can use is written to four topics, and has to be among the dead letters, all of it."""
    written = poison(now_ms())
    before = letters(stack)
    for topic, values in written.items():
        stack.produce(topic, *values)
    expected = Counter({topic: len(values) for topic, values in written.items()}) + before
    wait_until(lambda: letters(stack) == expected, AGAIN_S, f"the dead letters to be {dict(expected)}", 1)


def letters(stack: Stack) -> Counter[str]:
    """Return how many dead letters there are of each topic, those of chat among them."""
    stack.manage("dead_letters", "--scan", "chat")
    rows = map(json.loads, stack.manage("dead_letters", "list", "--json", "--limit", "0").splitlines())
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row["topic"]] += row["count"]
    return counts


def _sink(stack: Stack, number: int) -> Sink:
    return Sink(stack.env, stack.var / "log" / f"{HISTORY.format(number)}.log", str(number))


def _wait_for_sinks(stack: Stack, names: set[str]) -> None:
    what = f"history to be shared by {', '.join(sorted(names))}"
    wait_until(lambda: holders(stack.kafka, "history") == names, REBALANCE_S, what, 0.5)


def _are_new(stack: Stack, names: tuple[str, ...], before: dict[str, int]) -> bool:
    now = stack.processes()
    return all(name in now and now[name] != before[name] for name in names)


def _tells(stack: Stack, text: str, before: int) -> bool:
    return stack.log("flink-job").count(text) > before
