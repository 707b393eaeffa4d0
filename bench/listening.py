"""`python -m bench.listening`: messages a CPU-second of the real producer, from its socket to acknowledged in Kafka.

All its threads count, librdkafka's too; augmentation and hashing are on. A source on loopback sends as fast as the
producer reads, so that the producer is what limits.
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
from bench.machine import ROOT, keep, peak_mb, table
from drills.stack import Stack, wait_until

CHANNELS = 100
MESSAGES = 400_000
LIMIT_S = 180.0
JOINS_S = 120.0
IDLE_S = 5.0
AIM = 40_000
SPOKEN = ("message", "copy", "bot")


def main() -> int:
    """Print the figures; return 1 when a message is missing."""
    parser = options(__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    given = parser.parse_args()
    wanted, idle_s = (2_000, 0.5) if given.smoke else (given.messages, IDLE_S)
    with (
        instance(given.on, start, CHANNELS_WANTED=str(CHANNELS)) as stack,
        silenced(stack),
        source(stack) as (port, speak),
        producer(stack, port) as process,
    ):
        figures = measured(stack, speak, process, wanted, idle_s)
    rows = [[name.replace("_", " "), value] for name, value in figures.items()]
    print(table([["producer", "figure"], *rows]))
    wrong = [f"{figures['lost']:,} lost, {figures['sent']:,} sent, {figures['messages']:,} heard"]
    wrong = wrong if figures["lost"] or figures["messages"] != figures["sent"] else []
    if given.smoke:
        return exit_code(wrong)
    keep("listening", figures)
    rate = figures["messages_per_cpu_s"]
    return exit_code(wrong, [f"{rate:,} messages a CPU-second: expected {AIM:,}"] if rate < AIM else [])


def start(stack: Stack) -> None:
    """Start what listens, with channels that hardly speak."""
    stack.start("--listening", "--channels", str(CHANNELS), "--rate", "1", "--seed", "1")


@contextmanager
def silenced(stack: Stack) -> Iterator[None]:
    """Stop the producers and the channel list while the source runs: it knows only the current channels."""
    ended = [name for name in stack.programs() if name in ("beat", "worker") or name.startswith("producer")]
    for name in ended:
        stack.end(name)
    try:
        yield
    finally:
        for name in ended:
            stack.begin(name)


def measured(stack: Stack, speak: Any, process: psutil.Process, messages: int, idle_s: float) -> dict[str, Any]:
    """Let the source send, and return what that cost the producer."""
    listed = len(channels(stack))
    assert listed, "the list of streams is empty"
    wait_for_joins(stack, listed)
    assert process.status() != psutil.STATUS_ZOMBIE, "the producer ended: see bench-producer.log"
    rendered = int(speak(f"render {messages}").split()[1])
    assert rendered, "no channel is joined at the source"
    idle_cpu_s = cpu_s(process)
    time.sleep(idle_s)
    before, began_cpu_s, began_s = spoken(stack), cpu_s(process), time.monotonic()
    idle = (began_cpu_s - idle_cpu_s) / idle_s
    speak("go")
    sent_s = time.monotonic() - began_s
    wait_until(lambda: is_through(stack, before + rendered), LIMIT_S, "all messages to be acknowledged", 0.1)
    spent_s, cpu = time.monotonic() - began_s, cpu_s(process) - began_cpu_s
    heard = spoken(stack) - before
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
    """Wait until the producer has joined every channel of the list. Raises: AssertionError, with its log."""

    def joined() -> bool:
        return channels_in(stack, "confirmed") == channels_in(stack, "wanted") == listed

    try:
        wait_until(joined, JOINS_S, "all joins")
    except AssertionError as error:
        states = ", ".join(f"{channels_in(stack, state)} {state}" for state in ("wanted", "confirmed"))
        raise AssertionError(f"{error}: {listed} on the list, {states}\n{stack.log('bench-producer')}") from error


@contextmanager
def source(stack: Stack) -> Iterator[tuple[int, Any]]:
    """Run the source; yield its port, and what says a line to it and waits for the answer."""
    path = stack.var / "channels.json"
    path.write_text(json.dumps(channels(stack)))
    command = [sys.executable, "-m", "bench.source", str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None and process.stdout is not None
        to, said = process.stdin, process.stdout

        def speak(line: str) -> str:
            to.write(f"{line}\n")
            to.flush()
            return said.readline()

        try:
            yield int(said.readline().split()[1]), speak
        finally:
            process.kill()


@contextmanager
def producer(stack: Stack, irc_port: int) -> Iterator[psutil.Process]:
    """Run the producer of the copy, connected to the source."""
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
    """Return id and login of every channel on the list."""
    return [(stream["id"], stream["login"]) for stream in stack.channel_list()["streams"]]


def channels_in(stack: Stack, state: str) -> int:
    """Return how many channels are wanted or confirmed; 0 while the producer does not answer."""
    try:
        return int(stack.metrics().get(f'twitchly_irc_channels{{state="{state}"}}', 0))
    except httpx.HTTPError:
        return 0


def spoken(stack: Stack) -> int:
    """Return how many messages were given to Kafka's driver so far."""
    page = stack.metrics()
    return int(sum(page.get(f'twitchly_records_total{{kind="{kind}"}}', 0) for kind in SPOKEN))


def lost(stack: Stack) -> int:
    """Return how many records were dropped or not confirmed."""
    page = stack.metrics()
    return int(sum(value for name, value in page.items() if name.startswith("twitchly_records_lost_total")))


def is_through(stack: Stack, messages: int) -> bool:
    """Say whether all messages were given to Kafka or lost, and hardly anything waits to be acknowledged."""
    page = stack.metrics()
    waiting = page["twitchly_records_buffered"] + page["twitchly_records_in_flight"]
    # Pulses and clocks never end: a second of them may be on the way.
    return spoken(stack) + lost(stack) >= messages and waiting <= 2 * CHANNELS


def cpu_s(process: psutil.Process) -> float:
    """Return the CPU time of all threads so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    sys.exit(main())
