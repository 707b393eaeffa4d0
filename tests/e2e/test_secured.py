"""Processes connect to servers that require TLS and a password, and report wrong credentials."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.history_dump import differences
from drills.stack import wait_until
from tests.e2e.secured import Secured

pytestmark = pytest.mark.server

SETUP = "import django; django.setup(); "
# A window record for each sink, written with the product's Kafka producer. The live one ends in half an hour, because
# boards drop a window a minute after its end, and a sink can take longer to start.
PRODUCE = """
import json, time
from twitchly import kafka
end = int(time.time()) // 10 * 10_000 + 1_800_000
def window(grain, span, end):
    return json.dumps({"v": 1, "grain": grain, "channel_id": "1", "start_ms": end - span, "end_ms": end,
        "messages": 60, "words": 240, "observed_ms": span, "viewers": 1_000,
        "viewers_sum": 60_000, "viewers_max": 1_100, "viewer_pulses": 60})
producer = kafka.producer()
producer.produce(kafka.topic_name("windows-live"), window("live", 30_000, end), key="1")
hour = end // 3_600_000 * 3_600_000
producer.produce(kafka.topic_name("windows"), window("hour", 3_600_000, hour), key="1")
assert producer.flush(20) == 0
"""
# Uses each Redis connection: boards, groups, Celery's broker.
USE_REDIS = """
import asyncio, json
from channels.layers import get_channel_layer
from django.conf import settings
from apps.metrics.board_reader import BoardReader
from core.contracts import group, redis_keys
from twitchly.celery import app
import redis
client = redis.Redis.from_url(settings.REDIS_BOARDS_URL)
async def tick():
    layer = get_channel_layer()
    name = await layer.new_channel()
    await layer.group_add(group.NAME, name)
    await layer.group_send(group.NAME, group.Tick({}).to_message())
    return (await asyncio.wait_for(layer.receive(name), 10))["type"]
app.connection_for_write().ensure_connection(max_retries=0)
app.send_task("apps.ingest.tasks.refresh_channel_list")
print(json.dumps([client.zscore(redis_keys.board("viewers"), "1"), asyncio.run(tick())]))
"""
# A broadcast's summary, whose maps have several cells.
SUMMARY = """
from apps.metrics.cassandra import open_session
open_session().execute("INSERT INTO stream_summary (channel_id, started_ms, ended_ms, messages, chatters_by_hour,"
    " moments) VALUES ('1', 1795132800000, 1795136400000, 5, {0: 3, 1: 4}, {60000: 2.5}) USING TIMESTAMP 1234567")
"""


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    servers = Secured()
    try:
        servers.start()
        wait_until(lambda: "chat" in _try(servers, "create_topics"), 180, "Kafka to create topics", every_s=2)
        wait_until(lambda: "Syncing" in _try(servers, "create_tables"), 180, "Cassandra to create tables", every_s=2)
        yield servers
    finally:
        servers.remove()


def _try(servers: Secured, *words: str) -> str:
    result = servers.run("manage.py", *words)
    return result.stdout if result.returncode == 0 else ""


@pytest.fixture(scope="module")
def stored(secured: Secured) -> None:
    """A live window and an hour, written through both sinks."""
    result = secured.run("-c", f"{SETUP}{PRODUCE}", DJANGO_SETTINGS_MODULE="twitchly.settings")
    assert result.returncode == 0, result.stderr
    sinks = [secured.popen("manage.py", "run_sink", name) for name in ("history", "boards")]
    try:
        wait_until(lambda: _has_rows(secured) and _on_board(secured), 90, "a window in history and on a board", 1)
    finally:
        for sink in sinks:
            sink.terminate()
        errors = [sink.communicate(timeout=30)[1] for sink in sinks]
    assert [sink.returncode for sink in sinks] == [0, 0], errors


def _run_code(secured: Secured, code: str) -> str:
    return secured.run("-c", f"{SETUP}{code}", DJANGO_SETTINGS_MODULE="twitchly.settings").stdout


def _has_rows(secured: Secured) -> bool:
    code = "from apps.metrics.cassandra import open_session as s; print(len(list(s().execute('SELECT * FROM {}'))))"
    return all("1" in _run_code(secured, code.format(table)) for table in ("live_window", "hour_window"))


def _on_board(secured: Secured) -> bool:
    return "1000.0" in _run_code(
        secured,
        "import redis; from django.conf import settings; from core.contracts import redis_keys; "
        "print(redis.Redis.from_url(settings.REDIS_BOARDS_URL).zscore(redis_keys.board('viewers'), '1'))",
    )


@pytest.mark.usefixtures("stored")
def test_every_kind_of_client_can_connect(secured: Secured) -> None:
    result = secured.run("-c", f"{SETUP}{USE_REDIS}", DJANGO_SETTINGS_MODULE="twitchly.settings")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1]) == [1000.0, "tick"]


@pytest.mark.usefixtures("stored")
def test_history_is_restored_with_write_times_and_expiry(secured: Secured, tmp_path: Path) -> None:
    assert secured.run("-c", f"{SETUP}{SUMMARY}", DJANGO_SETTINGS_MODULE="twitchly.settings").returncode == 0
    output = secured.manage("backup", str(tmp_path / "b"), "--only", "history")
    assert "stream_summary 1, channel_day 0, hour_window 1, channel_event 0, minute_window 0, live_window 1" in output
    refused = secured.run("manage.py", "restore", str(tmp_path / "b"))
    assert refused.returncode != 0
    assert "Cassandra is not empty" in refused.stderr
    other = {"CASSANDRA_KEYSPACE": "restored"}
    secured.manage("create_tables", **other)
    unsure = secured.run("manage.py", "restore", str(tmp_path / "b"), **other)
    assert "cannot read the opt-outs" in unsure.stderr
    assert "run manage.py migrate first" in unsure.stderr
    secured.manage("migrate", "-v", "0")
    assert "history: 3 of 3 rows" in secured.manage("restore", str(tmp_path / "b"), **other)
    files = [tmp_path / name for name in ("before", "after")]
    for path, env in zip(files, ({}, other), strict=True):
        result = secured.run("-m", "drills.history_dump", str(path), DJANGO_SETTINGS_MODULE="twitchly.settings", **env)
        assert result.returncode == 0, result.stderr
    assert len(files[0].read_text().splitlines()) == 3
    assert differences(*files) == []


@pytest.mark.parametrize(
    ("words", "env", "message"),
    [
        (
            ("manage.py", "create_topics"),
            {"KAFKA_PASSWORD_FILE": "", "KAFKA_PASSWORD": "wrong"},
            "uthentication failed",
        ),
        (("manage.py", "create_topics"), {"KAFKA_CA_FILE": ""}, "certificate verify failed"),
        (
            ("manage.py", "create_tables"),
            {"CASSANDRA_PASSWORD": "wrong"},
            "Provided username cassandra and/or password",
        ),
        (("manage.py", "create_tables"), {"CASSANDRA_CA_FILE": ""}, "CERTIFICATE_VERIFY_FAILED"),
        (
            ("-c", f"{SETUP}{USE_REDIS}"),
            {"REDIS_URL": "rediss://:wrong@127.0.0.1:PORT"},
            "invalid username-password pair",
        ),
        (("-c", f"{SETUP}{USE_REDIS}"), {"REDIS_CA_FILE": ""}, "CERTIFICATE_VERIFY_FAILED"),
    ],
)
def test_a_refused_connection_is_reported_with_the_reason(
    secured: Secured, words: tuple[str, ...], env: dict[str, str], message: str
) -> None:
    port = str(secured.layout.ports["Valkey"])
    variables = {name: value.replace("PORT", port) for name, value in env.items()}
    result = secured.run(*words, DJANGO_SETTINGS_MODULE="twitchly.settings", **variables)
    assert result.returncode != 0
    assert message in result.stderr
