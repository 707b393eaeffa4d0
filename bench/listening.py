"""`python -m bench.listening`: the producer's messages per CPU-second, from its socket to Kafka's acknowledgment.

The CPU time covers all threads, including librdkafka's. The producer works as in an instance: it also hashes
users and texts. A source on loopback sends as fast as the producer reads, so the producer is the bottleneck.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psutil

from bench.command import exit_code, instance, options
from bench.machine import ROOT, peak_mb, save, table
from drills.stack import Stack, wait_until

CHANNELS = 100
MESSAGES = 400_000
LIMIT_S = 180.0
JOINS_S = 120.0
IDLE_S = 5.0
TARGET = 40_000
CHAT_KINDS = ("message", "copy", "bot")


def main() -> int:
    """Print the figures; return 1 if a message is missing."""
    parser = options(__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    args = parser.parse_args()
    messages, idle_s = (2_000, 0.5) if args.smoke else (args.messages, IDLE_S)
    with (
        instance(args.on, start, CHANNELS_WANTED=str(CHANNELS)) as stack,
        producers_stopped(stack),
        source(stack) as (port, request),
        producer(stack, port) as process,
    ):
        figures = measure(stack, request, process, messages, idle_s)
    rows = [[name.replace("_", " "), value] for name, value in figures.items()]
    print(table([["producer", "figure"], *rows]))
    is_complete = not figures["lost"] and figures["messages"] == figures["sent"]
    counts = f"{figures['lost']:,} lost, {figures['sent']:,} sent, {figures['messages']:,} heard"
    errors = [] if is_complete else [counts]
    if args.smoke:
        return exit_code(errors)
    save("listening", figures)
    rate = figures["messages_per_cpu_s"]
    return exit_code(errors, [f"{rate:,} messages per CPU-second: expected {TARGET:,}"] if rate < TARGET else [])


def start(stack: Stack) -> None:
    """Start the listening processes, with hardly any chat."""
    stack.start("--ingest-only", "--channels", str(CHANNELS), "--rate", "1", "--seed", "1")


@contextmanager
def producers_stopped(stack: Stack) -> Iterator[None]:
    """Stop the producers and the channel list refresh, because the source knows only the current channels."""
    stopped = [name for name in stack.programs() if name in ("beat", "worker") or name.startswith("producer")]
    for name in stopped:
        stack.stop_process(name)
    try:
        yield
    finally:
        for name in stopped:
            stack.start_process(name)


def measure(stack: Stack, request: Any, process: psutil.Process, messages: int, idle_s: float) -> dict[str, Any]:
    """Let the source send and return the producer's figures."""
    listed = len(channels(stack))
    assert listed, "the channel list is empty"
    wait_for_joins(stack, listed)
    assert process.status() != psutil.STATUS_ZOMBIE, "the producer exited: see bench-producer.log"
    rendered = int(request(f"render {messages}").split()[1])
    assert rendered, "no channel is joined at the source"
    idle_cpu_s = cpu_s(process)
    time.sleep(idle_s)
    before, began_cpu_s, began_s = message_count(stack), cpu_s(process), time.monotonic()
    idle = (began_cpu_s - idle_cpu_s) / idle_s
    request("go")
    sent_s = time.monotonic() - began_s
    wait_until(lambda: all_acknowledged(stack, before + rendered), LIMIT_S, "all messages to be acknowledged", 0.1)
    spent_s, cpu = time.monotonic() - began_s, cpu_s(process) - began_cpu_s
    heard = message_count(stack) - before
    return {
        "sent": rendered,
        "messages": heard,
        "lost": lost(stack),
        "seconds_until_sent": round(sent_s, 1),
        "seconds_until_acknowledged": round(spent_s, 1),
        "cpu_seconds": round(cpu, 1),
        "messages_per_cpu_s": round(heard / cpu),
        "messages_per_s": round(heard / spent_s),
        "cores_when_idle": round(idle, 3),
        "peak_mb": round(peak_mb(process.pid), 1),
    }


def wait_for_joins(stack: Stack, listed: int) -> None:
    """Wait until the producer has joined every listed channel. Raises: AssertionError, with the producer's log."""

    def joined() -> bool:
        return channels_in(stack, "confirmed") == channels_in(stack, "wanted") == listed

    try:
        wait_until(joined, JOINS_S, "all joins")
    except AssertionError as error:
        states = ", ".join(f"{channels_in(stack, state)} {state}" for state in ("wanted", "confirmed"))
        raise AssertionError(f"{error}: {listed} on the list, {states}\n{stack.log('bench-producer')}") from error


@contextmanager
def source(stack: Stack) -> Iterator[tuple[int, Any]]:
    """Run the source; yield its port and a function that sends it a command and returns its reply."""
    path = stack.var / "channels.json"
    path.write_text(json.dumps(channels(stack)))
    command = [sys.executable, "-m", "bench.source", str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None and process.stdout is not None
        commands, replies = process.stdin, process.stdout

        def request(line: str) -> str:
            commands.write(f"{line}\n")
            commands.flush()
            return replies.readline()

        try:
            yield int(replies.readline().split()[1]), request
        finally:
            process.kill()


@contextmanager
def producer(stack: Stack, irc_port: int) -> Iterator[psutil.Process]:
    """Run the instance's producer, connected to the source."""
    command = [sys.executable, "manage.py", "run_producer", "--name", "producer-1", "--metrics-port"]
    environment = {**stack.env, "TWITCH_IRC_PORT": str(irc_port), "MALLOC_ARENA_MAX": "2"}
    log = stack.var / "log" / "bench-producer.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, str(stack.port + 13)], cwd=ROOT, env=environment, stdout=output, stderr=output
        ) as process,
    ):
        try:
            yield psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)


def channels(stack: Stack) -> list[tuple[str, str]]:
    """Return the id and login of every listed channel."""
    return [(stream["id"], stream["login"]) for stream in stack.channel_list()["streams"]]


def channels_in(stack: Stack, state: str) -> int:
    """Return the producer's number of channels in a state, "wanted" or "confirmed", or 0 if it does not respond."""
    try:
        return int(stack.metrics().get(f'twitchly_irc_channels{{state="{state}"}}', 0))
    except httpx.HTTPError:
        return 0


def message_count(stack: Stack) -> int:
    """Return how many messages the producer has passed to librdkafka."""
    page = stack.metrics()
    return int(sum(page.get(f'twitchly_records_total{{kind="{kind}"}}', 0) for kind in CHAT_KINDS))


def lost(stack: Stack) -> int:
    """Return how many records were dropped or not acknowledged."""
    page = stack.metrics()
    return int(sum(value for name, value in page.items() if name.startswith("twitchly_records_lost_total")))


def all_acknowledged(stack: Stack, messages: int) -> bool:
    """Return whether all messages were passed to Kafka or lost, and almost all are acknowledged."""
    page = stack.metrics()
    waiting = page["twitchly_records_buffered"] + page["twitchly_records_in_flight"]
    # Pulses and watermark records never stop; some of them are always in flight.
    return message_count(stack) + lost(stack) >= messages and waiting <= 2 * CHANNELS


def cpu_s(process: psutil.Process) -> float:
    """Return the CPU time used by all threads."""
    times = process.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    sys.exit(main())
