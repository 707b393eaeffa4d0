"""A simulated Twitch in a separate process, for third-party clients."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.proof.ledger import Entry, file_hour_ms, parse_entry
from deploy.local.ports import Ports, free_block
from drills.stack import wait_until

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class SimulatedTwitch:
    """A running simulator: its ports and its ledger."""

    ports: Ports
    folder: Path

    @property
    def helix(self) -> str:
        return f"http://127.0.0.1:{self.ports['simulated Helix']}"

    def is_ready(self) -> bool:
        """Return whether the control API responds."""
        try:
            return httpx.get(f"{self.helix}/simulator", timeout=2).is_success
        except httpx.HTTPError:
            return False

    def status(self) -> dict[str, Any]:
        """Return the simulator's status."""
        status: dict[str, Any] = httpx.get(f"{self.helix}/simulator", timeout=5).raise_for_status().json()
        return status

    def fault(self, kind: str, **options: float) -> None:
        """Start a fault."""
        body = {"kind": kind, **options}
        httpx.post(f"{self.helix}/simulator/faults", json=body, timeout=5).raise_for_status()

    def ledger(self) -> dict[str, Entry]:
        """Return the entries of the ledger by id."""
        files = [path for path in (self.folder / "ledger").iterdir() if file_hour_ms(path.name) is not None]
        entries = (parse_entry(line) for path in files for line in path.read_bytes().splitlines(keepends=True))
        return {entry.id: entry for entry in entries if entry is not None}

    def channels(self, count: int) -> list[str]:
        """Return the logins of the channels with the most viewers."""
        token = httpx.post(
            f"{self.helix}/oauth2/token",
            data={"client_id": "test", "client_secret": "test", "grant_type": "client_credentials"},
        ).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Client-Id": "test"}
        streams = httpx.get(f"{self.helix}/helix/streams", params={"first": count}, headers=headers).json()["data"]
        return [stream["user_login"] for stream in streams]


def command(twitch: SimulatedTwitch) -> Sequence[str]:
    names = {"irc": "simulated IRC", "helix": "simulated Helix", "ws": "simulated WebSocket", "tls": "simulated TLS"}
    ports = [word for option, name in names.items() for word in (f"--{option}-port", str(twitch.ports[name]))]
    audience = ["--channels", "4", "--rate", "40", "--seed", "3", "--ledger", str(twitch.folder / "ledger")]
    return [sys.executable, "manage.py", "simulate_twitch", *ports, *audience]


@pytest.fixture(scope="package")
def twitch() -> Iterator[SimulatedTwitch]:
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        twitch = SimulatedTwitch(Ports(free_block()), Path(folder))
        environment = {**os.environ, "TWITCHLY_VAR": folder, "TWITCHLY_PORT": str(twitch.ports.web)}
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(command(twitch), cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            wait_until(lambda: twitch.is_ready() or process.poll() is not None, 30, "the simulated Twitch")
            assert process.poll() is None, log.read_text()
            yield twitch
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


@pytest.fixture
def channels(twitch: SimulatedTwitch) -> list[str]:
    return twitch.channels(2)


def in_ledger(twitch: SimulatedTwitch, ids: set[str], limit_s: float = 5) -> bool:
    """Return whether, within `limit_s`, the ledger lists a receiving connection for each of these message ids."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        entries = twitch.ledger()
        if all(message_id in entries and entries[message_id].connections for message_id in ids):
            return True
        time.sleep(0.2)
    return False
