"""`python -m bench.stream`: records per CPU-second of the stream job and of other programs, replayed from Kafka.

All programs read the same topic. The stream job computes all columns of all grains; a second Flink job and the other
programs compute three sums of the live windows. For a sample of channels, the minute windows and every tenth second's
live window are compared with the Python reference. The CPU time of a process includes JIT compilation; the target
applies to the complete job after its warm-up.
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
from bench.machine import peak_mb, save, table
from core.pipeline.records import ChatRecord, read_chat
from core.pipeline.topics import TOPIC
from core.times import MINUTE_MS, SECOND_MS
from drills.stack import Stack, wait_until

TARGET = 35_000
LIMIT_S = 900.0
SAMPLED = 20
SMOKE_CONCURRENCY = 3
JAVA = "Kafka Streams"
COLUMNS = ("rows/s", "per CPU-s", "warm", "CPU-s/million", "peak MB", "windows", "cells", "wrong")

Sample = dict[str, list[ChatRecord]]
Entry = tuple[str, Contender, Callable[[frozenset[str], int], Windows]]


def main() -> int:
    """Print a row per contender; return 1 if a window is wrong."""
    parser = options(__doc__)
    parser.add_argument("--channels", type=int, default=1_000)
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--seconds", type=int, default=500)
    parser.add_argument("--only", nargs="*", default=[], help="names of contenders (default: all)")
    args = parser.parse_args()
    if args.smoke:
        args.channels, args.rate, args.seconds = 20, 50, 122
    with instance(args.on, Stack.servers) as stack:
        stack.manage("create_topics", env={"KAFKA_TOPIC_PREFIX": PREFIX})
        figures, records = compare(stack, selected(stack, args), args)
    print(table([["", *COLUMNS], *([name, *(row[column] for column in COLUMNS)] for name, row in figures.items())]))
    if not args.smoke:
        save(f"stream-{args.channels}", {"records": records, "channels": args.channels, **figures})
    errors = [
        f"{row['wrong']:,} wrong windows of {name}, {row['cells']:,} cells compared"
        for name, row in figures.items()
        if row["wrong"] or not row["cells"]
    ]
    slow = [
        f"flink: {row['warm']:,} records per CPU-second: expected {TARGET:,}"
        for name, row in figures.items()
        if name == "flink"
    ]
    return exit_code(errors, slow if not args.smoke and figures.get("flink", {}).get("warm", TARGET) < TARGET else [])


def selected(stack: Stack, args: Namespace) -> list[Entry]:
    """Return the selected contenders, without those that a smoke run cannot build."""
    entries = [entry for entry in contenders(stack, args) if not args.only or entry[0] in args.only]
    if not any(name.startswith(JAVA) for name, *_ in entries) or build_streams(offline=args.smoke):
        return entries
    print(f"skipping {JAVA}: its libraries are not on this machine", flush=True)
    return [entry for entry in entries if not entry[0].startswith(JAVA)]


def contenders(stack: Stack, args: Namespace) -> list[Entry]:
    """Return each contender's name, its start function and the reader of its windows."""
    return [
        ("flink", lambda: flink(stack, PREFIX), FlinkWindows),
        # Not restarted in a smoke run, because the task manager belongs to a running instance.
        ("flink, sums", lambda: flink_sums(stack, is_cold=not args.smoke), FlinkSumWindows),
        ("plain Python, sums", lambda: ring(stack), SumWindows),
        (f"{JAVA} DSL, sums", lambda: streams(stack, "dsl"), SumWindows),
        (f"{JAVA} processor, sums", lambda: streams(stack, "processor"), SumWindows),
    ]


def compare(stack: Stack, entries: list[Entry], args: Namespace) -> tuple[dict[str, dict[str, Any]], int]:
    """Write the chat and let each contender read it; return the figures and the number of records."""
    start_ms = (int(time.time()) - args.seconds - 120) // 60 * MINUTE_MS
    chat = Chat(args.channels, args.rate, TOPIC["chat"].partitions, 1)
    sample, records, size = write_chat(stack, chat, start_ms, args.seconds)
    print(f"{records:,} records of {size / records:.0f} bytes, {args.channels:,} channels", flush=True)
    # The watermark stays half a second behind the last record.
    last_ms = start_ms + (args.seconds - 1) * SECOND_MS // MINUTE_MS * MINUTE_MS

    def figures_of(entry: Entry) -> dict[str, Any]:
        _, contender, windows = entry
        return measure(stack, contender, windows(frozenset(sample), last_ms), sample, records)

    # One at a time, so that each has the machine to itself. In a smoke run, they only have to run.
    with ThreadPoolExecutor(SMOKE_CONCURRENCY if args.smoke else 1) as pool:
        results = pool.map(figures_of, entries)
        return {name: figures for (name, *_), figures in zip(entries, results, strict=True)}, records


def measure(stack: Stack, contender: Contender, windows: Windows, sample: Sample, records: int) -> dict[str, Any]:
    """Let a contender read all chat; return its cost and the number of wrong windows.

    "warm" excludes the first third of the windows, during which the JVM compiles code.
    """
    began_s = time.monotonic()
    progress: list[tuple[int, float]] = []
    with contender() as started:
        consumer = Consumer({"bootstrap.servers": stack.kafka, "group.id": "bench", "auto.offset.reset": "earliest"})
        consumer.assign([TopicPartition(name, number, 0) for name in started.topics for number in range(PARTITIONS)])
        process = started.process
        wait_until(lambda: read_all(windows, consumer, process, progress), LIMIT_S, "the windows of all channels")
        spent_s = time.monotonic() - began_s
        peak = peak_mb(process.pid)
        consumer.close()
    cpu_s = progress[-1][1] - started.cpu_before_s
    count, warm_s = next(sample for sample in progress if sample[0] >= windows.count / 3)
    warm = (windows.count - count) / windows.count * records / max(0.01, progress[-1][1] - warm_s)
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


def read_all(windows: Windows, consumer: Consumer, process: psutil.Process, progress: list[tuple[int, float]]) -> bool:
    """Read windows and append their number and CPU time to `progress`; return whether all have arrived."""
    done = windows.read(consumer)
    progress.append((windows.count, sum(process.cpu_times()[:2])))
    return done


def write_chat(stack: Stack, chat: Chat, start_ms: int, seconds: int) -> tuple[Sample, int, int]:
    """Write chat to Kafka; return the records of the sampled channels, and the count and total bytes of all records."""
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
        raise AssertionError("Kafka did not accept the chat")
    return sample, records, size


if __name__ == "__main__":
    sys.exit(main())
