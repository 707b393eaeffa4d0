"""`python -m bench.scaling`: what the stream job costs as channels are added, at a constant rate for each of them.

Chat is written in real time; the task manager's CPU time is that of a steady minute, after its code was compiled.
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
from bench.machine import keep, peak_mb, table
from core.pipeline.topics import TOPIC
from core.times import SECOND_MS
from drills.stack import Stack, now_ms

PREFIX = "bench-scaling."
AIM_CORES = 1.2
WARM_S, SMOKE_WARM_S = 75, 2
# Flink gathers its counts every 10 s, when somebody asks.
TELLS_S = 15.0
# A feeder that is later than this does not give the rate that it is asked for.
LATE_MS = 2_000
COLUMNS = ("channels", "messages/s", "cores", "CPU-s/million", "peak MB", "behind", "feeder late ms")


def main() -> int:
    """Print a row a number of channels; return 1 when the job or the feeder fell behind."""
    parser = options(__doc__)
    parser.add_argument("--channels", type=int, nargs="*", default=[500, 1_000, 2_000, 5_000])
    parser.add_argument("--rate", type=int, default=4, help="messages a second, by channel")
    parser.add_argument("--seconds", type=int, default=60)
    given = parser.parse_args()
    if given.smoke:
        given.channels, given.seconds = [10], 2
    steps = []
    for channels in given.channels:
        with instance(given.on, Stack.servers) as stack:
            warm_s = SMOKE_WARM_S if given.smoke else WARM_S
            steps.append(cost(stack, channels, given.rate, given.seconds, warm_s))
    print(table([COLUMNS, *([step[name] for name in COLUMNS] for step in steps)]))
    if not given.smoke:
        keep("scaling", {"seconds": given.seconds, "steps": steps})
    behind = [f"{one['channels']:,} channels: behind" for one in steps if one["behind"] > 0]
    slow = [f"{one['channels']:,} channels: feeder late" for one in steps if one["feeder late ms"] > LATE_MS]
    slow += [f"{steps[-1]['cores']} cores: expected {AIM_CORES}"] if steps[-1]["cores"] > AIM_CORES else []
    return exit_code(behind, [] if given.smoke else slow)


def cost(stack: Stack, channels: int, rate: int, seconds: int, warm_s: int) -> dict[str, Any]:
    """Measure one number of channels."""
    stack.manage("create_topics", env={"KAFKA_TOPIC_PREFIX": PREFIX})
    cluster = FlinkCluster(stack.flink_client(), stack.flink)
    feed = Feed(stack.kafka, Chat(channels, channels * rate, TOPIC["chat"].partitions, 1))
    with flink(stack, PREFIX) as started:
        feed.run(warm_s)
        feed.late_ms, before_s, began_s = 0, stack.cpu_s(TASK_MANAGER), time.monotonic()
        written = feed.run(seconds)
        cpu_s, spent_s = stack.cpu_s(TASK_MANAGER) - before_s, time.monotonic() - began_s
        job, peak = cluster.jobs(f"{PREFIX}twitchly")[0], peak_mb(started.process.pid)
        left = left_behind(lambda: feed.written - cluster.counters(job.id).records_read)
    return {
        "channels": channels,
        "messages/s": channels * rate,
        "cores": round(cpu_s / spent_s, 3),
        "CPU-s/million": round(cpu_s / written * 1e6, 1),
        "peak MB": round(peak),
        "behind": left,
        "feeder late ms": feed.late_ms,
    }


def left_behind(count: Callable[[], int]) -> int:
    """Return how many records are not read when Flink has told anew: each answer is from up to 10 s before."""
    until_s = time.monotonic() + TELLS_S
    while (left := count()) > 0 and time.monotonic() < until_s:
        time.sleep(0.5)
    return left


class Feed:
    """Writes chat as it happens; `written` counts its records, `late_ms` is how far it fell behind the clock."""

    def __init__(self, bootstrap: str, chat: Chat) -> None:
        self._producer = Producer({"bootstrap.servers": bootstrap, "compression.type": "lz4", "linger.ms": 20})
        self._chat = chat
        self._next_ms = -(-now_ms() // SECOND_MS) * SECOND_MS
        self.written = 0
        self.late_ms = 0

    def run(self, seconds: int) -> int:
        """Write for so long; return how many records. What was missed since the last run is never written."""
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
            raise AssertionError("Kafka did not take the chat")
        return self.written - before


if __name__ == "__main__":
    sys.exit(main())
