"""`python -m bench.latency`: from Twitch's time on a message to the browser frame that counts it, stage by stage.

Measured from outside, by a websocket client that watches one channel after the other; when each message was sent is
read from the simulated Twitch's ledger. Everything runs on this machine.
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
from bench.machine import keep, table
from bench.usage import Usage
from core.contracts import redis_keys
from core.pipeline.topics import TOPIC
from core.proof.ledger import parse_entry
from core.times import SECOND_MS
from drills.stack import Stack, wait_until

AIM_MEDIAN_MS = 1_500
AIM_P99_MS = 2_300
WATCHED, SMOKE_WATCHED = 6, 1
SMOKE_S = 5.0
CHAT, LIVE = "chat", "windows-live"

# When a window's row was taken by Kafka, and when a frame with it arrived, by its end in ms.
Times = dict[int, float]


def main() -> int:
    """Print the figures; return 1 when a watched channel has no frame that counts its messages."""
    parser = options(__doc__)
    parser.add_argument("--channels", default="600")
    parser.add_argument("--rate", default="2000")
    parser.add_argument("--seconds", type=float, default=120.0)
    given = parser.parse_args()

    def start(stack: Stack) -> None:
        stack.start("--channels", given.channels, "--rate", given.rate, "--seed", "3")

    with instance(given.on, start, PUBLIC_BOARD="true") as stack:
        wait_until(lambda: stack.listed_channels() <= stack.covered() != set(), 180, "all channels to be covered")
        watched_n, seconds = (SMOKE_WATCHED, SMOKE_S) if given.smoke else (WATCHED, given.seconds)
        figures = measured(stack, watched_n, seconds)
    told = {name: value for name, value in figures.items() if not isinstance(value, dict | list)}
    print(table([["message to frame", "figure"], *([name.replace("_", " "), value] for name, value in told.items())]))
    print(table([["process", "cores"], *map(list, figures["cores"].items())]))
    if given.smoke:
        return exit_code([] if figures["frames"] else ["no frame came"])
    keep("latency", figures)
    aims = {"median_ms": AIM_MEDIAN_MS, "p99_ms": AIM_P99_MS}
    return exit_code(
        [], [f"{name} {figures[name]}: expected {aim}" for name, aim in aims.items() if figures[name] > aim]
    )


def measured(stack: Stack, channels: int, seconds: float) -> dict[str, Any]:
    """Watch the busiest channels, one after the other, and return the latencies of their messages."""
    found: Any = stack.boards.zrevrange(redis_keys.board("messages"), 0, channels - 1)
    rows, done = Rows(stack, frozenset(found)), threading.Event()
    reading = threading.Thread(target=rows.read, args=(done,))
    reading.start()
    usage = Usage(stack)
    frames = {channel_id: watched(stack, channel_id, seconds / channels) for channel_id in found}
    cores, peaks = usage.cores(), usage.peak_mb()
    done.set()
    reading.join()
    latencies = [one for channel_id in found for one in of_messages(stack, channel_id, frames[channel_id])]
    to_kafka = [taken - end for taken, end in rows.lags(frames)]
    to_frame = [at - taken for channel, end, at in arrived(frames) if (taken := rows.taken.get((channel, end)))]
    return {
        "messages": len(latencies),
        "median_ms": round(statistics.median(latencies)),
        "p99_ms": round(statistics.quantiles(latencies, n=100)[98]),
        "worst_ms": round(max(latencies)),
        "message_to_chat_in_kafka_median_ms": round(statistics.median(rows.chat_ms)),
        "waiting_for_the_window_s_end_mean_ms": SECOND_MS // 2,
        "end_to_row_in_kafka_median_ms": round(statistics.median(to_kafka)),
        "row_to_frame_median_ms": round(statistics.median(to_frame)),
        "frames": len(to_frame),
        "cores": cores,
        "peak_mb": peaks,
        "percentiles_ms": [round(one) for one in statistics.quantiles(latencies, n=100)],
    }


def watched(stack: Stack, channel_id: str, seconds: float) -> Times:
    """Watch a channel; return when the first frame with each window end arrived."""
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
    # The first frame is a snapshot: it arrives when it is asked for.
    times.pop(min(times), None)
    return times


def of_messages(stack: Stack, channel_id: str, frames: Times) -> Iterable[float]:
    """Yield, for each message that was sent while frames came, how long the frame took that counts it."""
    ends = sorted(frames)
    for sent_ms in sent(stack, channel_id, ends[0] - SECOND_MS, ends[-1]):
        counted = next((end for end in ends if end > sent_ms), None)
        if counted is not None:
            yield frames[counted] - sent_ms


def sent(stack: Stack, channel_id: str, from_ms: int, until_ms: int) -> list[int]:
    """Return when each message of a channel was sent, by the ledger."""
    files = sorted((stack.var / "ledger").glob("*.tsv"))
    entries = (parse_entry(line) for path in files for line in path.read_bytes().splitlines(keepends=True))
    return sorted(
        entry.sent_ms
        for entry in entries
        if entry and entry.channel_id == channel_id and entry.connections and from_ms <= entry.sent_ms < until_ms
    )


def arrived(frames: dict[str, Times]) -> list[tuple[str, int, float]]:
    """Return channel, window end and arrival of every frame."""
    return [(channel_id, end, at) for channel_id, times in frames.items() for end, at in times.items()]


class Rows:
    """When Kafka took the messages and the rows of some channels; `chat_ms` is how long each message took to it."""

    def __init__(self, stack: Stack, channels: frozenset[str]) -> None:
        self.taken: dict[tuple[str, int], float] = {}
        self.chat_ms: list[float] = []
        self._channels = channels
        self._consumer = Consumer({"bootstrap.servers": stack.kafka, "group.id": "latency"})
        places = [(name, number) for name in (CHAT, LIVE) for number in range(TOPIC[name].partitions)]
        self._consumer.assign([TopicPartition(name, number, OFFSET_END) for name, number in places])

    def read(self, done: threading.Event) -> None:
        """Take records until told to stop."""
        while not done.is_set():
            for message in self._consumer.consume(5_000, timeout=0.2):
                if (message.key() or b"").decode() not in self._channels:
                    continue
                fields = json.loads(message.value() or b"")
                if message.topic() == LIVE:
                    self.taken[fields["channel_id"], fields["end_ms"]] = message.timestamp()[1]
                elif fields["kind"] == "message":
                    self.chat_ms.append(message.timestamp()[1] - fields["sent_ms"])
        self._consumer.close()

    def lags(self, frames: dict[str, Times]) -> Sequence[tuple[float, int]]:
        """Return when Kafka took the row of each frame, and the end of its window."""
        keys = [(channel_id, end) for channel_id, end, _ in arrived(frames)]
        return [(self.taken[key], key[1]) for key in keys if key in self.taken]


if __name__ == "__main__":
    sys.exit(main())
