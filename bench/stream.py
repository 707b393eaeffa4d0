"""`python -m bench.stream`: records a CPU-second of the stream job, replayed from Kafka, beside what others would use.

All read the same topic. The job computes all columns of all grains; the others the three sums of the live windows.
Of a sample of channels the live windows at every 10th second and the minutes are compared with the Python reference.
All CPU time of a process counts, its compiler's too; the aim is of the job once it is warm.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import psutil
from confluent_kafka import Producer

from bench.chat import Chat
from bench.contenders import PREFIX, Contender, FlinkWindows, SumWindows, Windows, ring, streams
from bench.machine import keep, peak_mb, table
from core.records import ChatRecord, read_chat
from core.times import MINUTE_MS, SECOND_MS
from core.topics import TOPIC
from drills.stack import Stack, wait_until

AIM = 35_000
LIMIT_S = 900.0
SAMPLED = 20
TASK_MANAGER = "flink-taskmanager"
COLUMNS = ("rows/s", "per CPU-s", "warm", "CPU-s/million", "peak MB", "windows", "cells", "wrong")

Sample = dict[str, list[ChatRecord]]


def main() -> int:
    """Print a row a contender; return 1 when the job is below its aim, 2 when a cell of it is wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--channels", type=int, default=1_000)
    options.add_argument("--rate", type=int, default=2_000)
    options.add_argument("--seconds", type=int, default=500)
    options.add_argument("--only", nargs="*", default=[], help="names of contenders; all without")
    given = options.parse_args()
    stack = Stack()
    try:
        stack.servers()
        stack.manage("create_topics", env={"KAFKA_TOPIC_PREFIX": PREFIX})
        start_ms = (int(time.time()) - given.seconds - 120) // 60 * MINUTE_MS
        chat = Chat(given.channels, given.rate, TOPIC["chat"].partitions, 1)
        sample, records, size = written(stack, chat, start_ms, given.seconds)
        # The watermark stays half a second behind the last record.
        last_ms = start_ms + (given.seconds - 1) * SECOND_MS // MINUTE_MS * MINUTE_MS
        figures = {
            name: measured(stack, contender, windows(stack, frozenset(sample), last_ms), sample, records)
            for name, contender, windows in contenders(stack)
            if not given.only or name in given.only
        }
    finally:
        stack.remove()
    print(f"{records:,} records of {size / records:.0f} bytes, {given.channels:,} channels")
    print(table([["", *COLUMNS], *([name, *(row[column] for column in COLUMNS)] for name, row in figures.items())]))
    keep(f"stream-{given.channels}", {"records": records, "channels": given.channels, **figures})
    ours = figures.get("flink")
    return 0 if ours is None else 2 if ours["wrong"] else int(ours["warm"] < AIM)


def contenders(stack: Stack) -> list[tuple[str, Contender, type[Windows]]]:
    """Return the names, what runs them, and how their windows are read."""
    return [
        ("flink", lambda: flink(stack), FlinkWindows),
        ("plain Python, sums", lambda: ring(stack), SumWindows),
        ("Kafka Streams DSL, sums", lambda: streams(stack, "dsl"), SumWindows),
        ("Kafka Streams processor, sums", lambda: streams(stack, "processor"), SumWindows),
    ]


@contextmanager
def flink(stack: Stack) -> Iterator[tuple[psutil.Process, str]]:
    """Run the job as it is; yield the task manager, and where its windows are."""
    job = stack.manage("submit_flink_job", env={"KAFKA_TOPIC_PREFIX": PREFIX}).split()[1]
    try:
        yield psutil.Process(stack.processes()[TASK_MANAGER]), ""
    finally:
        stack.cancel_job(job)


def measured(stack: Stack, contender: Contender, windows: Windows, sample: Sample, records: int) -> dict[str, Any]:
    """Let a contender read all of it, and return what that cost and whether it is right.

    "Warm" leaves out the first third, in which a virtual machine compiles; how far it is, its windows tell.
    """
    idle_s = stack.cpu_s(TASK_MANAGER)
    began_s = time.monotonic()
    course: list[tuple[int, float]] = []
    with contender() as (process, topic):
        windows.listen(topic)
        wait_until(lambda: looked(windows, process, course), LIMIT_S, "the windows of all channels")
        spent_s = time.monotonic() - began_s
        is_ours = process.pid == stack.processes()[TASK_MANAGER]
        cpu_s = course[-1][1] - (idle_s if is_ours else 0.0)
        peak = peak_mb(process.pid)
    count, warm_s = next(one for one in course if one[0] >= windows.count / 3)
    warm = (windows.count - count) / windows.count * records / max(0.01, course[-1][1] - warm_s)
    wrong, cells = windows.compare(sample)
    return {
        "rows/s": round(records / spent_s),
        "per CPU-s": round(records / cpu_s),
        "warm": round(warm),
        "CPU-s/million": round(cpu_s / records * 1e6, 1),
        "peak MB": round(peak),
        "windows": windows.count,
        "cells": cells,
        "wrong": wrong,
    }


def looked(windows: Windows, process: psutil.Process, course: list[tuple[int, float]]) -> bool:
    """Note how many windows there are and what they cost so far; say whether all have come."""
    done = windows.is_done()
    course.append((windows.count, sum(process.cpu_times()[:2])))
    return done


def written(stack: Stack, chat: Chat, start_ms: int, seconds: int) -> tuple[Sample, int, int]:
    """Write chat to Kafka; return the records of the sampled channels, and how many there were, of how many bytes."""
    producer = Producer({"bootstrap.servers": stack.kafka, "compression.type": "lz4", "linger.ms": 20})
    sample: Sample = {channel_id: [] for channel_id in chat.ids[:: max(1, len(chat.ids) // SAMPLED)]}
    records = size = 0
    now_ms = int(time.time() * 1000)
    for second in range(seconds):
        for partition, key, fields in chat.second(start_ms + second * SECOND_MS):
            value = orjson.dumps(fields)
            producer.produce(f"{PREFIX}chat", value, key, partition)
            records, size = records + 1, size + len(value)
            if key in sample:
                sample[key].append(read_chat(value, now_ms))
        while len(producer) > 50_000:
            producer.poll(0.05)
    if producer.flush(60):
        raise AssertionError("Kafka did not take the chat")
    return sample, records, size


if __name__ == "__main__":
    sys.exit(main())
