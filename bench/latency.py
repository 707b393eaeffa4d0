"""`python -m bench.latency`: latency from a message's Twitch timestamp to the frame that counts it, by stage.

A WebSocket client watches one channel after another; the send times come from the simulated Twitch's ledger.
Everything runs on this machine.
"""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

from confluent_kafka import OFFSET_END, Consumer, TopicPartition
from websockets.sync.client import connect
from websockets.typing import Origin

from bench.command import exit_code, instance, options
from bench.machine import save, table
from bench.usage import Usage
from core.contracts import redis_keys
from core.pipeline.topics import TOPIC
from core.proof.ledger import parse_entry
from core.times import SECOND_MS
from drills.stack import Stack, wait_until

TARGET_MEDIAN_MS = 1_500
TARGET_P99_MS = 2_300
WATCHED, SMOKE_WATCHED = 6, 1
SMOKE_S = 5.0
CHAT, LIVE = "chat", "windows-live"

# Arrival times in ms, by window end in ms.
Times = dict[int, float]


def main() -> int:
    """Print the figures; in a smoke run, return 1 if no frame arrived."""
    parser = options(__doc__)
    parser.add_argument("--channels", default="600")
    parser.add_argument("--rate", default="2000")
    parser.add_argument("--seconds", type=float, default=120.0)
    args = parser.parse_args()

    def start(stack: Stack) -> None:
        stack.start("--channels", args.channels, "--rate", args.rate, "--seed", "3")

    with instance(args.on, start, PUBLIC_BOARD="true") as stack:
        wait_until(lambda: stack.listed_channels() <= stack.covered() != set(), 180, "all channels to be covered")
        watched, seconds = (SMOKE_WATCHED, SMOKE_S) if args.smoke else (WATCHED, args.seconds)
        figures = measure(stack, watched, seconds)
    rows = [[name.replace("_", " "), value] for name, value in figures.items() if not isinstance(value, dict | list)]
    print(table([["message to frame", "figure"], *rows]))
    print(table([["process", "cores"], *map(list, figures["cores"].items())]))
    if args.smoke:
        return exit_code([] if figures["frames"] else ["no frame arrived"])
    save("latency", figures)
    targets = {"median_ms": TARGET_MEDIAN_MS, "p99_ms": TARGET_P99_MS}
    return exit_code(
        [], [f"{name} {figures[name]}: expected {target}" for name, target in targets.items() if figures[name] > target]
    )


def measure(stack: Stack, channels: int, seconds: float) -> dict[str, Any]:
    """Watch the busiest channels in turn and return the latencies of their messages."""
    busiest: Any = stack.boards.zrevrange(redis_keys.board("messages"), 0, channels - 1)
    kafka_times, done = KafkaTimes(stack, frozenset(busiest)), threading.Event()
    reading = threading.Thread(target=kafka_times.read, args=(done,))
    reading.start()
    usage = Usage(stack)
    frames = {channel_id: watch(stack, channel_id, seconds / channels) for channel_id in busiest}
    cores, peaks = usage.cores(), usage.peak_mb()
    done.set()
    reading.join()
    latencies = [
        latency_ms for channel_id in busiest for latency_ms in message_latencies(stack, channel_id, frames[channel_id])
    ]
    to_kafka = [stored_ms - end_ms for stored_ms, end_ms in kafka_times.stored(frames)]
    to_frame = [
        arrived_ms - stored_ms
        for channel, end_ms, arrived_ms in arrivals(frames)
        if (stored_ms := kafka_times.stored_ms.get((channel, end_ms)))
    ]
    return {
        "messages": len(latencies),
        "median_ms": round(statistics.median(latencies)),
        "p99_ms": round(statistics.quantiles(latencies, n=100)[98]),
        "worst_ms": round(max(latencies)),
        "message_to_kafka_median_ms": round(statistics.median(kafka_times.chat_ms)),
        "wait_for_window_end_mean_ms": SECOND_MS // 2,
        "window_end_to_kafka_median_ms": round(statistics.median(to_kafka)),
        "kafka_to_frame_median_ms": round(statistics.median(to_frame)),
        "frames": len(to_frame),
        "cores": cores,
        "peak_mb": peaks,
        "percentiles_ms": [round(value) for value in statistics.quantiles(latencies, n=100)],
    }


def watch(stack: Stack, channel_id: str, seconds: float) -> Times:
    """Watch a channel; return the arrival time of the first frame for each window end."""
    times: Times = {}
    url = stack.url.replace("http", "ws") + "/live"
    with connect(url, origin=Origin(stack.url)) as socket:
        socket.send(json.dumps({"type": "subscribe", "id": "one", "kind": "channels", "channels": [channel_id]}))
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            frame = json.loads(socket.recv(timeout=10))
            channel = frame["channels"].get(channel_id) if frame["type"] != "error" else None
            if channel and channel["end_ms"]:
                times.setdefault(channel["end_ms"], time.time() * 1000)
    # The first frame is a snapshot, which arrives on request.
    times.pop(min(times), None)
    return times


def message_latencies(stack: Stack, channel_id: str, frames: Times) -> Iterable[float]:
    """Yield the time from each message sent between the first and last frames to the frame that counts it."""
    ends = sorted(frames)
    for sent_ms in send_times(stack, channel_id, ends[0] - SECOND_MS, ends[-1]):
        counted_end = next((end for end in ends if end > sent_ms), None)
        if counted_end is not None:
            yield frames[counted_end] - sent_ms


def send_times(stack: Stack, channel_id: str, from_ms: int, until_ms: int) -> list[int]:
    """Return the send times of a channel's messages from the ledger."""
    files = sorted((stack.var / "ledger").glob("*.tsv"))
    entries = (parse_entry(line) for path in files for line in path.read_bytes().splitlines(keepends=True))
    return sorted(
        entry.sent_ms
        for entry in entries
        if entry and entry.channel_id == channel_id and entry.connections and from_ms <= entry.sent_ms < until_ms
    )


def arrivals(frames: dict[str, Times]) -> list[tuple[str, int, float]]:
    """Return the channel, window end and arrival time of every frame."""
    return [
        (channel_id, end_ms, arrived_ms) for channel_id, times in frames.items() for end_ms, arrived_ms in times.items()
    ]


class KafkaTimes:
    """Reads the Kafka timestamps of some channels' messages and windows.

    `stored_ms` maps channel and window end to the timestamp; `chat_ms` contains the delay of each message.
    """

    def __init__(self, stack: Stack, channels: frozenset[str]) -> None:
        self.stored_ms: dict[tuple[str, int], float] = {}
        self.chat_ms: list[float] = []
        self._channels = channels
        self._consumer = Consumer({"bootstrap.servers": stack.kafka, "group.id": "latency"})
        partitions = [(name, number) for name in (CHAT, LIVE) for number in range(TOPIC[name].partitions)]
        self._consumer.assign([TopicPartition(name, number, OFFSET_END) for name, number in partitions])

    def read(self, done: threading.Event) -> None:
        """Read records until `done` is set."""
        while not done.is_set():
            for message in self._consumer.consume(5_000, timeout=0.2):
                if (message.key() or b"").decode() not in self._channels:
                    continue
                fields = json.loads(message.value() or b"")
                if message.topic() == LIVE:
                    self.stored_ms[fields["channel_id"], fields["end_ms"]] = message.timestamp()[1]
                elif fields["kind"] == "message":
                    self.chat_ms.append(message.timestamp()[1] - fields["sent_ms"])
        self._consumer.close()

    def stored(self, frames: dict[str, Times]) -> Sequence[tuple[float, int]]:
        """Return the Kafka timestamp and the end of each frame's window."""
        keys = [(channel_id, end_ms) for channel_id, end_ms, _ in arrivals(frames)]
        return [(self.stored_ms[key], key[1]) for key in keys if key in self.stored_ms]


if __name__ == "__main__":
    sys.exit(main())
