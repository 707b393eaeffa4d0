"""The two most popular JavaScript chat clients, unmodified, over WebSocket."""

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
    reason="Node.js or the npm packages are missing: run `make test`",
)
LIMIT_S = 30


class ClientOutput:
    """The events that a client process prints."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.events: list[dict[str, Any]] = []
        self._process = process
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith('{"event"'):
                self.events.append(json.loads(line))

    def of_type(self, kind: str, since: int = 0) -> list[dict[str, Any]]:
        return [event for event in self.events[since:] if event["event"] == kind]

    def wait_for_messages(self, channels: list[str], since: int = 0) -> None:
        """Wait until each channel has been joined and has received a message, counting events from index `since`."""
        for kind in ("joined", "message"):
            wait_until(
                lambda kind=kind: {event["channel"] for event in self.of_type(kind, since)} >= set(channels),  # type: ignore[misc]
                LIMIT_S,
                f"`{kind}` in {channels}: {self.events[-3:]}",
            )


@contextmanager
def client(script: str, port: int, *channels: str) -> Iterator[ClientOutput]:
    """Run a client during the block."""
    command = ["node", f"tests/clients/{script}", str(port), *channels]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT) as process:
        yield ClientOutput(process)
        process.kill()


@pytest.fixture(params=["tmi.mjs", "twurple.mjs"])
def script(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def output(script: str, twitch: SimulatedTwitch, channels: list[str]) -> Iterator[ClientOutput]:
    with client(script, twitch.ports["simulated WebSocket"], *channels) as output:
        yield output


def test_clients_join_and_read_tags(output: ClientOutput, twitch: SimulatedTwitch, channels: list[str]) -> None:
    output.wait_for_messages(channels)
    messages = output.of_type("message")
    assert in_ledger(twitch, {message["id"] for message in messages})
    entries = twitch.ledger()
    for message in messages:
        entry = entries[message["id"]]
        assert (message["room"], int(message["sent"])) == (entry.channel_id, entry.sent_ms)
        assert message["user"].isdigit()
        assert message["text"] > 0
    assert output.of_type("failed") == []


def test_clients_reconnect_on_request(output: ClientOutput, twitch: SimulatedTwitch, channels: list[str]) -> None:
    output.wait_for_messages(channels)
    event_count = len(output.events)
    twitch.fault("reconnect", seconds=2, connections=0)
    wait_until(lambda: bool(output.of_type("connected", event_count)), LIMIT_S, "a new connection")
    output.wait_for_messages(channels, event_count)


def test_clients_answer_pings_and_stay_connected(script: str) -> None:
    # A client on a busy machine may take seconds to answer.
    with pinging(every_s=5.0, pong_within_s=5.0) as server, client(script, server.ws_port, "streamer") as output:
        wait_until(
            lambda: len(output.of_type("ping")) >= 3, LIMIT_S, f"further PINGs after the first PONG: {output.events}"
        )
        assert (len(output.of_type("connected")), server.clients) == (1, 1)
