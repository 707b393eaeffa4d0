"""`python -m bench.scaling`: the cost of the stream job by number of channels, at a constant rate per channel.

Chat is written in real time. The task manager's CPU time is measured over a minute, after a warm-up.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import orjson
from confluent_kafka import Producer

from apps.metrics.flink_cluster import FlinkCluster
from bench.chat import Chat
from bench.command import exit_code, instance, options
from bench.contenders import TASK_MANAGER, flink
from bench.machine import peak_mb, save, table
from core.pipeline.topics import TOPIC
from core.times import SECOND_MS
from drills.stack import Stack, now_ms

PREFIX = "bench-scaling."
TARGET_CORES = 1.2
WARM_S, SMOKE_WARM_S = 75, 2
# Flink refreshes its counters on request, at most every 10 s.
COUNTERS_S = 15.0
# A feeder that is later than this does not reach the requested rate.
LATE_MS = 2_000
COLUMNS = ("channels", "messages/s", "cores", "CPU-s/million", "peak MB", "unread records", "feeder delay, ms")


def main() -> int:
    """Print a row for each number of channels; return 1 if the job fell behind."""
    parser = options(__doc__)
    parser.add_argument("--channels", type=int, nargs="*", default=[500, 1_000, 2_000, 5_000])
    parser.add_argument("--rate", type=int, default=4, help="messages per second per channel")
    parser.add_argument("--seconds", type=int, default=60)
    args = parser.parse_args()
    if args.smoke:
        args.channels, args.seconds = [10], 2
    steps = []
    for channels in args.channels:
        with instance(args.on, Stack.servers) as stack:
            warm_s = SMOKE_WARM_S if args.smoke else WARM_S
            steps.append(cost(stack, channels, args.rate, args.seconds, warm_s))
    print(table([COLUMNS, *([step[name] for name in COLUMNS] for step in steps)]))
    if not args.smoke:
        save("scaling", {"seconds": args.seconds, "steps": steps})
    behind = [f"{step['channels']:,} channels: the job fell behind" for step in steps if step["unread records"] > 0]
    slow = [
        f"{step['channels']:,} channels: the feeder was late" for step in steps if step["feeder delay, ms"] > LATE_MS
    ]
    slow += [f"{steps[-1]['cores']} cores: expected {TARGET_CORES}"] if steps[-1]["cores"] > TARGET_CORES else []
    return exit_code(behind, [] if args.smoke else slow)


def cost(stack: Stack, channels: int, rate: int, seconds: int, warm_s: int) -> dict[str, Any]:
    """Measure the cost for one number of channels."""
    stack.manage("create_topics", env={"KAFKA_TOPIC_PREFIX": PREFIX})
    cluster = FlinkCluster(stack.flink_client(), stack.flink)
    feed = Feed(stack.kafka, Chat(channels, channels * rate, TOPIC["chat"].partitions, 1))
    with flink(stack, PREFIX) as started:
        feed.run(warm_s)
        feed.late_ms, before_s, began_s = 0, stack.cpu_s(TASK_MANAGER), time.monotonic()
        written = feed.run(seconds)
        cpu_s, spent_s = stack.cpu_s(TASK_MANAGER) - before_s, time.monotonic() - began_s
        job, peak = cluster.jobs(f"{PREFIX}twitchly")[0], peak_mb(started.process.pid)
        behind = unread_records(lambda: feed.written - cluster.counters(job.id).records_read)
    return {
        "channels": channels,
        "messages/s": channels * rate,
        "cores": round(cpu_s / spent_s, 3),
        "CPU-s/million": round(cpu_s / written * 1e6, 1),
        "peak MB": round(peak),
        "unread records": behind,
        "feeder delay, ms": feed.late_ms,
    }


def unread_records(count: Callable[[], int]) -> int:
    """Wait until Flink has refreshed its counters, which may be 10 s old; return how many records are unread."""
    until_s = time.monotonic() + COUNTERS_S
    while (unread := count()) > 0 and time.monotonic() < until_s:
        time.sleep(0.5)
    return unread


class Feed:
    """Writes chat in real time; `written` counts the records, `late_ms` is the greatest delay behind the clock."""

    def __init__(self, bootstrap: str, chat: Chat) -> None:
        self._producer = Producer({"bootstrap.servers": bootstrap, "compression.type": "lz4", "linger.ms": 20})
        self._chat = chat
        self._next_ms = -(-now_ms() // SECOND_MS) * SECOND_MS
        self.written = 0
        self.late_ms = 0

    def run(self, seconds: int) -> int:
        """Write for `seconds` and return the number of records; the time since the last run is skipped."""
        before, self._next_ms = self.written, max(self._next_ms, -(-now_ms() // SECOND_MS) * SECOND_MS)
        for _ in range(seconds):
            for partition, key, fields in self._chat.second(self._next_ms):
                while (now := now_ms()) < fields["at_ms"]:
                    self._producer.poll(0.005)
                self.late_ms = max(self.late_ms, now - fields["at_ms"])
                self._producer.produce(f"{PREFIX}chat", orjson.dumps(fields), key, partition)
                self.written += 1
            self._next_ms += SECOND_MS
        if self._producer.flush(10):
            raise AssertionError("Kafka did not accept the chat")
        return self.written - before


if __name__ == "__main__":
    sys.exit(main())
