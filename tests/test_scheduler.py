"""Celery beat, as started by `make run`, writes no schedule file and runs all tasks at startup."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
import redis

from deploy.local.layout import ROOT, Layout
from deploy.local.ports import Ports
from deploy.local.programs import Simulation, app_programs
from tests.valkey import Valkey
from twitchly.celery import app
from twitchly.scheduler import StartupScheduler

TASKS = {entry["task"] for entry in app.conf.beat_schedule.values()}


@pytest.fixture
def beat_command(tmp_path: Path) -> list[str]:
    programs = app_programs(Layout(ROOT, tmp_path, Ports(), {}), Simulation())
    return next(list(program.command) for program in programs if program.name == "beat")


def test_beat_ignores_a_damaged_schedule_file_and_writes_none(
    beat_command: list[str], valkey_server: Valkey, tmp_path: Path
) -> None:
    damaged = tmp_path / "celerybeat-schedule"
    damaged.write_bytes(b"not a database")
    environment = {**os.environ, "TWITCHLY_VAR": str(tmp_path), "REDIS_URL": valkey_server.url}
    queue = redis.Redis.from_url(f"{valkey_server.url}/1", decode_responses=True)
    queue.flushdb()
    process = subprocess.Popen(
        beat_command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline and queue.llen("celery") < len(TASKS):
            time.sleep(0.05)
        messages = queue.lrange("celery", 0, -1)
    finally:
        process.terminate()
        output = process.communicate(timeout=20)[0]
    assert len(messages) >= len(TASKS), output
    assert {task for task in TASKS if any(task in message for message in messages)} == TASKS
    assert [path.name for path in tmp_path.iterdir()] == [damaged.name]
    assert damaged.read_bytes() == b"not a database"


def test_all_tasks_are_due_at_startup() -> None:
    scheduler = StartupScheduler(app)
    assert {entry.task for entry in scheduler.schedule.values()} == TASKS
    assert all(entry.is_due()[0] for entry in scheduler.schedule.values())
