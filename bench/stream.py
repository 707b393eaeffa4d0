"""`python -m bench.stream`: records a CPU-second of the stream job, replayed from Kafka, beside other programs.

All read the same topic. The job computes all columns of all grains; a second job of Flink and the other programs
compute the three sums of the live windows. For a sample of channels the live windows at every 10th second, and the
minutes, are compared with the Python reference. All CPU time of a process counts, its compiler's too; the aim is for
the whole job once it is warm.
"""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import psutil
from confluent_kafka import Consumer, Producer, TopicPartition

from bench.chat import Chat
from bench.command import exit_code, instance, options
from bench.contenders import (
    PARTITIONS,
    PREFIX,
    Contender,
    FlinkSumWindows,
    FlinkWindows,
    SumWindows,
    Windows,
    build_streams,
    flink,
    flink_sums,
    ring,
    streams,
)
from bench.machine import keep, peak_mb, table
from core.pipeline.records import ChatRecord, read_chat
from core.pipeline.topics import TOPIC
from core.times import MINUTE_MS, SECOND_MS
from drills.stack import Stack, wait_until

AIM = 35_000
LIMIT_S = 900.0
SAMPLED = 20
SMOKE_AT_ONCE = 3
JAVA = "Kafka Streams"
COLUMNS = ("rows/s", "per CPU-s", "warm", "CPU-s/million", "peak MB", "windows", "cells", "wrong")

Sample = dict[str, list[ChatRecord]]
Entry = tuple[str, Contender, Callable[[frozenset[str], int], Windows]]


def main() -> int:
    """Print a row a contender; return 1 when a window is wrong."""
    parser = options(__doc__)
    parser.add_argument("--channels", type=int, default=1_000)
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--seconds", type=int, default=500)
    parser.add_argument("--only", nargs="*", default=[], help="names of contenders; all without")
    given = parser.parse_args()
    if given.smoke:
        given.channels, given.rate, given.seconds = 20, 50, 122
    with instance(given.on, Stack.servers) as stack:
        stack.manage("create_topics", env={"KAFKA_TOPIC_PREFIX": PREFIX})
        figures, records = compared(stack, chosen(stack, given), given)
    print(table([["", *COLUMNS], *([name, *(row[column] for column in COLUMNS)] for name, row in figures.items())]))
    if not given.smoke:
        keep(f"stream-{given.channels}", {"records": records, "channels": given.channels, **figures})
    wrong = [f"{row['wrong']:,} windows of {name}" for name, row in figures.items() if row["wrong"] or not row["cells"]]
    slow = [f"flink: {row['warm']:,} of {AIM:,}" for name, row in figures.items() if name == "flink"]
    return exit_code(wrong, slow if not given.smoke and figures.get("flink", {}).get("warm", AIM) < AIM else [])


def chosen(stack: Stack, given: Namespace) -> list[Entry]:
    """Return the selected contenders, without those that a smoke run cannot build."""
    found = [one for one in contenders(stack, given) if not given.only or one[0] in given.only]
    if not any(name.startswith(JAVA) for name, *_ in found) or build_streams(offline=given.smoke):
        return found
    print(f"{JAVA} is left out: its libraries are not on this machine", flush=True)
    return [one for one in found if not one[0].startswith(JAVA)]


def contenders(stack: Stack, given: Namespace) -> list[Entry]:
    """Return the names, what runs each, and how its windows are read."""
    return [
        ("flink", lambda: flink(stack, PREFIX), FlinkWindows),
        # For smoke, the task manager belongs to an instance that runs.
        ("flink, sums", lambda: flink_sums(stack, is_cold=not given.smoke), FlinkSumWindows),
        ("plain Python, sums", lambda: ring(stack), SumWindows),
        (f"{JAVA} DSL, sums", lambda: streams(stack, "dsl"), SumWindows),
        (f"{JAVA} processor, sums", lambda: streams(stack, "processor"), SumWindows),
    ]


def compared(stack: Stack, entries: list[Entry], given: Namespace) -> tuple[dict[str, dict[str, Any]], int]:
    """Write the chat and let each contender read it; return the figures, and how many records there were."""
    start_ms = (int(time.time()) - given.seconds - 120) // 60 * MINUTE_MS
    chat = Chat(given.channels, given.rate, TOPIC["chat"].partitions, 1)
    sample, records, size = written(stack, chat, start_ms, given.seconds)
    print(f"{records:,} records of {size / records:.0f} bytes, {given.channels:,} channels", flush=True)
    # The watermark stays half a second behind the last record.
    last_ms = start_ms + (given.seconds - 1) * SECOND_MS // MINUTE_MS * MINUTE_MS

    def figures_of(entry: Entry) -> dict[str, Any]:
        _, contender, windows = entry
        return measured(stack, contender, windows(frozenset(sample), last_ms), sample, records)

    # One after the other, so that each has the machine for itself; for smoke it is enough that each runs.
    with ThreadPoolExecutor(SMOKE_AT_ONCE if given.smoke else 1) as pool:
        return {name: found for (name, *_), found in zip(entries, pool.map(figures_of, entries), strict=True)}, records


def measured(stack: Stack, contender: Contender, windows: Windows, sample: Sample, records: int) -> dict[str, Any]:
    """Let a contender read all of it, and return what that cost and whether it is right.

    "Warm" leaves out the first third, in which a virtual machine compiles; its windows tell how far it is.
    """
    began_s = time.monotonic()
    course: list[tuple[int, float]] = []
    with contender() as started:
        consumer = Consumer({"bootstrap.servers": stack.kafka, "group.id": "bench", "auto.offset.reset": "earliest"})
        consumer.assign([TopicPartition(name, number, 0) for name in started.topics for number in range(PARTITIONS)])
        process = started.process
        wait_until(lambda: looked(windows, consumer, process, course), LIMIT_S, "the windows of all channels")
        spent_s = time.monotonic() - began_s
        peak = peak_mb(process.pid)
        consumer.close()
    cpu_s = course[-1][1] - started.idle_s
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


def looked(windows: Windows, consumer: Consumer, process: psutil.Process, course: list[tuple[int, float]]) -> bool:
    """Note how many windows there are and what they cost so far; return whether all have come."""
    done = windows.read(consumer)
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
