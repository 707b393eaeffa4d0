"""Processes started before their servers log what they wait for, and exit on SIGTERM."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pytest_django import Settings

from twitchly import kafka

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("command", "waits_for"),
    [
        (["run_producer"], "waiting for topic chat on Kafka"),
        (["run_sink", "history"], "waiting for topic windows-live on Kafka"),
        (["run_sink", "boards"], "waiting for topic windows-live on Kafka"),
        (["submit_flink_job", "--watch"], "waiting for topic chat on Kafka"),
    ],
)
def test_a_process_logs_what_it_waits_for(command: list[str], waits_for: str, tmp_path: Path) -> None:
    env = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "fifty characters or more, as required in production",
        "TWITCHLY_VAR": str(tmp_path),
        "KAFKA_BOOTSTRAP": "127.0.0.1:9",
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True
    )
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in process.stderr or ():
            lines.put(line)

    threading.Thread(target=read, daemon=True).start()
    try:
        line = ""
        while waits_for not in line:
            line = lines.get(timeout=120)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 0


def test_a_stop_ends_the_wait_for_a_topic_after_the_current_attempt(settings: Settings) -> None:
    settings.KAFKA_BOOTSTRAP = "127.0.0.1:9"
    # A third call would end the test with StopIteration.
    stop_states = iter([False, True])
    kafka.wait_for_topic("chat", lambda: next(stop_states))
