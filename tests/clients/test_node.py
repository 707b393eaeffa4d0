"""The two chat clients most used in JavaScript, unchanged, over WebSocket."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from drills.stack import wait_until
from tests.clients.conftest import ROOT, SimulatedTwitch, in_ledger
from tests.clients.pinging import pinging

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (ROOT / "node_modules" / "tmi.js").is_dir(),
    reason="Node.js or its packages are absent: `make test` installs them",
)
LIMIT_S = 30


class Heard:
    """What a client's process has printed so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.events: list[dict[str, Any]] = []
        self._process = process
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith('{"event"'):
                self.events.append(json.loads(line))

    def of(self, kind: str, since: int = 0) -> list[dict[str, Any]]:
        return [event for event in self.events[since:] if event["event"] == kind]

    def wait_for_messages(self, channels: list[str], since: int = 0) -> None:
        """Wait until each channel was joined and something was said in it, from event `since` on."""
        for kind in ("joined", "message"):
            wait_until(
                lambda kind=kind: {event["channel"] for event in self.of(kind, since)} >= set(channels),  # type: ignore[misc]
                LIMIT_S,
                f"`{kind}` in {channels}: {self.events[-3:]}",
            )


@contextmanager
def client(script: str, port: int, *channels: str) -> Iterator[Heard]:
    """Run a client until the block is left."""
    command = ["node", f"tests/clients/{script}", str(port), *channels]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT) as process:
        yield Heard(process)
        process.kill()


@pytest.fixture(params=["tmi.mjs", "twurple.mjs"])
def script(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def heard(script: str, twitch: SimulatedTwitch, channels: list[str]) -> Iterator[Heard]:
    with client(script, twitch.ports["simulated WebSocket"], *channels) as made:
        yield made


def test_it_joins_and_reads_tags(heard: Heard, twitch: SimulatedTwitch, channels: list[str]) -> None:
    heard.wait_for_messages(channels)
    messages = heard.of("message")
    assert in_ledger(twitch, {message["id"] for message in messages})
    entries = twitch.ledger()
    for message in messages:
        entry = entries[message["id"]]
        assert (message["room"], int(message["sent"])) == (entry.channel_id, entry.sent_ms)
        assert message["user"].isdigit()
        assert message["text"] > 0
    assert heard.of("failed") == []


def test_it_follows_a_reconnect(heard: Heard, twitch: SimulatedTwitch, channels: list[str]) -> None:
    heard.wait_for_messages(channels)
    before = len(heard.events)
    twitch.fault("reconnect", seconds=2, connections=0)
    wait_until(lambda: bool(heard.of("connected", before)), LIMIT_S, "a new connection")
    heard.wait_for_messages(channels, before)


def test_it_answers_ping_and_is_kept(script: str) -> None:
    with pinging(every_s=1.0, answer_within_s=0.8) as server, client(script, server.ws_port, "somebody") as heard:
        wait_until(lambda: len(heard.of("ping")) >= 3, LIMIT_S, f"PINGs after the answer to the first: {heard.events}")
        assert (len(heard.of("connected")), server.clients) == (1, 1)
