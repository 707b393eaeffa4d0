"""The faults of `make drill`: how each is injected, and the limits that apply to it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from drills.board_recovery import BoardRecovery
from drills.faults import SECOND_PRODUCER, paused, stopped
from drills.poison import bad_chat, poison
from drills.sink import Sink, holders
from drills.stack import Stack, now_ms, wait_until
from drills.tmpfs import Tmpfs

# A process is restarted immediately and counts as running after 3 s; Kafka and Cassandra wait longer after each exit.
RESTART_S = 60.0
# Within this time a sink starts writing a batch to its suspended server.
BATCH_S = 2.0
# With two producers, the survivor takes over the partitions after the session timeout of 10 s.
SESSION_S = 10.0 + 2.0
# The task manager continues for 10 s before it notices the loss of the job manager.
MANAGER_LOSS_S = 30.0
# A lost member of a consumer group is detected after 10 s; then its partitions are reassigned.
REBALANCE_S = 60.0
# Boards that a fault does not affect may lag this much more than before, because the machine has other load.
STEADY_S = 1.0
# Checkpoints start every 10 s; one that cannot be written may take a minute to fail.
LOGGED_S = 90.0
FAILING, RECOVERED = "checkpoint failed", "checkpoints complete again"
HISTORY = "sink-history-{}"


@dataclass(frozen=True, slots=True)
class PipelineFault:
    """One fault. `act` injects it and returns when its cause has ended; recovery must then take at most `limit_s`.

    The fault is watched for at least `watch_s`. With `gaps`, messages may be missed. The other limits are in seconds:
    `live_s` counts from the injection; `complete_s` and `distinct_s` count from the end of the cause; `pause_s` limits
    the time without updates. `steady` boards must lag no more than before. `rejected` is the number of unusable chat
    records.
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
    pause_s: float | None = None
    keeps_channels: bool = False
    rejected: int = 0


def pipeline_faults(disk: Tmpfs | None) -> list[PipelineFault]:
    """Return every fault in the order of injection; without a disk, checkpoint faults are omitted."""
    task, job = "flink-taskmanager", "flink-jobmanager"
    disks = [PipelineFault("checkpoints fail", partial(checkpoints_fail, disk), 420, steady=True)] if disk else []
    return [
        *disks,
        PipelineFault("task manager killed", killed(task), live_s=20),
        PipelineFault("job manager killed", killed(job), watch_s=MANAGER_LOSS_S, live_s=45),
        PipelineFault("both managers killed", killed(job, task), watch_s=MANAGER_LOSS_S, live_s=45),
        PipelineFault("flink-job killed", killed("flink-job"), steady=True),
        PipelineFault("kafka killed", killed("kafka"), 180, gaps=True),
        PipelineFault("kafka suspended 30 s", stopped("kafka", 30), 180, gaps=True),
        PipelineFault("cassandra suspended 60 s", stopped("cassandra", 60), 180, steady=True),
        PipelineFault("cassandra killed", killed("cassandra"), 180, steady=True),
        PipelineFault(
            "valkey emptied", lambda s: s.boards.flushall(), complete_s=2, distinct_s=10, keeps_channels=True
        ),
        PipelineFault("valkey killed", valkey_killed, complete_s=2, distinct_s=10, keeps_channels=True),
        PipelineFault("sink history killed", in_a_batch("sink-history", "cassandra"), steady=True),
        PipelineFault("sink boards killed", in_a_batch("sink-boards", "valkey")),
        PipelineFault("history rebalanced", history_rebalanced, steady=True),
        PipelineFault("twitch killed", killed("twitch"), gaps=True),
        PipelineFault("producer killed", killed("producer"), gaps=True, pause_s=SESSION_S),
        PipelineFault("producer replaced", producer_replaced, gaps=True, pause_s=SESSION_S),
        PipelineFault("producer suspended 30 s", stopped(SECOND_PRODUCER, 30), gaps=True, pause_s=SESSION_S),
        PipelineFault("web killed", killed("web"), steady=True),
        PipelineFault("worker killed", worker_killed, steady=True),
        PipelineFault("beat killed", killed("beat"), steady=True),
        PipelineFault("poison", poisoned, steady=True, rejected=len(bad_chat(0))),
    ]


def exceeded_limits(fault: PipelineFault, recovery: BoardRecovery, baseline_lag_s: float) -> list[str]:
    """Return a message for each exceeded limit; `baseline_lag_s` is the greatest lag of the boards before the fault."""
    over_s = recovery.began_s if recovery.over_s is None else recovery.over_s
    limits = (
        (
            "the boards were live again",
            recovery.seconds_until(lambda sample: sample.is_live, recovery.began_s),
            fault.live_s,
        ),
        (
            "the boards were complete",
            recovery.seconds_until(lambda sample: sample.is_complete, over_s),
            fault.complete_s,
        ),
        (
            "the boards of distinct counts were complete",
            recovery.seconds_until(lambda sample: sample.has_distinct, over_s),
            fault.distinct_s,
        ),
        ("the boards updated again", recovery.pause_s, fault.pause_s),
    )
    problems = [
        f"{event} after {took_s:.1f} s: expected within {within_s:.0f} s"
        for event, took_s, within_s in limits
        if within_s is not None and took_s > within_s
    ]
    if fault.steady and recovery.lag_s > baseline_lag_s + STEADY_S:
        problems.append(f"the boards lagged {recovery.lag_s:.1f} s: expected {baseline_lag_s:.1f} s as before")
    if fault.keeps_channels and recovery.lost:
        problems.append(f"the producer left {recovery.lost} channels: expected none")
    if recovery.stale:
        problems.append(f"{recovery.stale} channels were ranked by outdated windows")
    return problems


def killed(*names: str) -> Callable[[Stack], None]:
    """Return an action that kills processes with SIGKILL; the supervisor restarts them."""

    def act(stack: Stack) -> None:
        before = stack.processes()
        for name in names:
            stack.kill(name)
        wait_until(lambda: _are_new(stack, names, before), RESTART_S, f"{' and '.join(names)} to be restarted")

    return act


def valkey_killed(stack: Stack) -> None:
    """Kill Valkey; return once it responds again."""
    stack.kill("valkey")
    wait_until(stack.redis_responds, RESTART_S, "valkey to respond again", 0.05)


def in_a_batch(sink: str, server: str) -> Callable[[Stack], None]:
    """Return an action that kills a sink while it writes a batch to its suspended server."""

    def act(stack: Stack) -> None:
        before = stack.processes()
        with paused(stack, server):
            time.sleep(BATCH_S)
            stack.kill(sink)
        wait_until(lambda: _are_new(stack, (sink,), before), RESTART_S, f"{sink} to be restarted")

    return act


def history_rebalanced(stack: Stack) -> None:
    """Add a second sink and kill it, then add a third one and stop it."""
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
        third.stop()
    _wait_for_sinks(stack, {names[0]})


def producer_replaced(stack: Stack) -> None:
    """Kill the second producer; start it again after the first one has taken over its partitions."""
    stack.stop_process(SECOND_PRODUCER, kill=True)
    time.sleep(SESSION_S + 8)
    stack.start_process(SECOND_PRODUCER)
    wait_until(lambda: SECOND_PRODUCER in stack.processes(), RESTART_S, f"{SECOND_PRODUCER} to be restarted")


def worker_killed(stack: Stack) -> None:
    """Kill the worker while it requests the channel list from Helix."""
    stack.run_task("refresh_channel_list")
    time.sleep(0.1)
    killed("worker")(stack)


def checkpoints_fail(disk: Tmpfs, stack: Stack) -> None:
    """Make the disk read-only, then fill it; each time, the log must report the failure and the recovery."""
    for break_disk, repair in ((disk.make_read_only, disk.make_writable), (disk.fill, disk.empty)):
        failures, recoveries = (stack.log("flink-job").count(text) for text in (FAILING, RECOVERED))
        break_disk()
        try:
            wait_until(partial(_logs_more, stack, FAILING, failures), LOGGED_S, f"{FAILING!r} in the log")
        finally:
            repair()
        wait_until(partial(_logs_more, stack, RECOVERED, recoveries), LOGGED_S, f"{RECOVERED!r} in the log")


def poisoned(stack: Stack) -> None:
    """Write unusable records to four topics; all of them must become dead letters."""
    written = poison(now_ms())
    before = count_dead_letters(stack)
    for topic, values in written.items():
        stack.produce(topic, *values)
    expected = Counter({topic: len(values) for topic, values in written.items()}) + before
    wait_until(lambda: count_dead_letters(stack) == expected, RESTART_S, f"these dead letters: {dict(expected)}", 1)


def count_dead_letters(stack: Stack) -> Counter[str]:
    """Return the number of dead letters of each topic, including chat."""
    stack.manage("dead_letters", "--scan", "chat")
    rows = map(json.loads, stack.manage("dead_letters", "list", "--json", "--limit", "0").splitlines())
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row["topic"]] += row["count"]
    return counts


def _sink(stack: Stack, number: int) -> Sink:
    return Sink(stack.env, stack.var / "log" / f"{HISTORY.format(number)}.log", str(number))


def _wait_for_sinks(stack: Stack, names: set[str]) -> None:
    description = f"history to be shared by {', '.join(sorted(names))}"
    wait_until(lambda: holders(stack.kafka, "history") == names, REBALANCE_S, description, 0.5)


def _are_new(stack: Stack, names: tuple[str, ...], before: dict[str, int]) -> bool:
    now = stack.processes()
    return all(name in now and now[name] != before[name] for name in names)


def _logs_more(stack: Stack, text: str, before: int) -> bool:
    return stack.log("flink-job").count(text) > before
