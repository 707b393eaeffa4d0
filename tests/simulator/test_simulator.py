import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.simulator import PortTaken, listen
from tests.simulator.irc_peer import entries, port_of, simulated_twitch
from twitchly.env import ROOT


async def test_helix_streams_match_the_irc_channels(tmp_path: Path) -> None:
    async with simulated_twitch(tmp_path) as twitch:
        form = {"client_id": "a", "client_secret": "b", "grant_type": "client_credentials"}
        token = (await twitch.http.post("/oauth2/token", data=form)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Client-Id": "a"}
        streams = (await twitch.http.get("/helix/streams", headers=headers)).json()["data"]
    logins = {stream["user_login"] for stream in streams}
    assert logins
    assert logins <= {channel.login for channel in twitch.audience.channels}


def test_a_port_in_use_is_reported() -> None:
    with listen(0, "IRC") as taken, pytest.raises(PortTaken, match=f"port {port_of(taken)} for Helix"):
        listen(port_of(taken), "Helix")


def test_ports_are_logged_at_startup_and_the_certificate_is_next_to_the_ledger(tmp_path: Path) -> None:
    process = simulate(tmp_path)
    wait_until(lambda: "600 channels on IRC " in (tmp_path / "log").read_text())
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert "BEGIN CERTIFICATE" in (tmp_path / "tls" / "ca.pem").read_text()


def test_a_killed_replay_resumes_without_repeating_rows(tmp_path: Path) -> None:
    recording, ledger = tmp_path / "chat.csv", tmp_path / "ledger"
    rows = "".join(
        f"2025-01-01T00:00:{n // 20:02}.{n % 20 * 5:02},amberyak,user_{n % 7},number {n}\n" for n in range(60)
    )
    recording.write_text("arrived_at,channel,user,text\n" + rows)
    killed = simulate(tmp_path, "--replay", str(recording), "--speed", "2")
    wait_until(lambda: len(entries(ledger)) > 5)
    killed.kill()
    killed.wait()
    before = entries(ledger)
    assert len(before) < 60
    again = simulate(tmp_path, "--replay", str(recording), "--speed", "2")
    wait_until(lambda: len(entries(ledger)) == 60)
    again.send_signal(signal.SIGTERM)
    assert again.wait(60) == 0
    third = simulate(tmp_path, "--replay", str(recording), "--speed", "2")
    wait_until(lambda: "replay finished" in (tmp_path / "log").read_text().partition("row 60 of 60")[2])
    third.send_signal(signal.SIGINT)
    assert third.wait(60) == 0
    assert len({entry.id for entry in entries(ledger)}) == len(entries(ledger)) == 60


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--replay", "/nowhere/chat.csv"], "/nowhere/chat.csv"),
        (["--speed", "0"], "not a number above 0"),
        (["--rate", "fast"], "not a number above 0"),
        (["--channels", "-3"], "not a whole number above 0"),
    ],
)
def test_an_invalid_argument_is_reported_at_startup(tmp_path: Path, arguments: list[str], message: str) -> None:
    process = simulate(tmp_path, *arguments)
    assert process.wait(60) != 0
    assert message in (tmp_path / "log").read_text()


def simulate(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    ports = [word for name in ("irc", "helix", "ws", "tls") for word in (f"--{name}-port", "0")]
    command = [sys.executable, "manage.py", "simulate_twitch", *ports]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*command, "--ledger", str(folder / "ledger"), "--no-wait-for-joins", *arguments],
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )


def wait_until(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    for _ in range(int(timeout_s * 50)):
        if condition():
            return
        signal.sigtimedwait([], 0.02)
    raise AssertionError("the condition did not become true in time")
