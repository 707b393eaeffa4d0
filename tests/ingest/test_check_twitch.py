"""The Twitch check against the simulated Twitch: healthy, and with individual faults."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from apps.ingest import services
from tests.simulator.irc_peer import Simulated, simulated_twitch

STEPS = [
    "credentials",
    "token",
    "streams",
    "users",
    "IRC connection",
    "capabilities",
    "welcome",
    "join",
    "chat",
    "PING",
]

RATE = 200.0


@pytest.fixture
async def twitch(tmp_path: Path, settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Simulated]:
    """A simulated Twitch over TLS, configured in the settings; the parameter is its total message rate per second."""
    async with simulated_twitch(tmp_path, rate=getattr(request, "param", RATE)) as simulated:
        use(settings, str(simulated.http.base_url))
        settings.TWITCH_IRC_HOST, settings.TWITCH_IRC_PORT, settings.TWITCH_IRC_TLS = "127.0.0.1", simulated.tls, True
        settings.TWITCH_IRC_CA_FILE = str(simulated.certificate)
        yield simulated


@pytest.fixture(autouse=True)
def fresh_helix() -> Iterator[None]:
    services.helix.cache_clear()
    yield
    services.helix.cache_clear()


def use(settings: Settings, url: str) -> None:
    settings.TWITCH_CLIENT_ID = settings.TWITCH_CLIENT_SECRET = ""
    settings.TWITCH_HELIX_URL = f"{url.rstrip('/')}/helix"
    settings.TWITCH_TOKEN_URL = f"{url.rstrip('/')}/oauth2/token"


class CommandResult:
    """The command's output and error."""

    def __init__(self, text: str, error: str) -> None:
        self.text, self.error = text, error
        steps = re.findall(r"^(OK|FAILED|NOTE|SKIPPED) +(.+?)  +[0-9.]+ s  (.*)$", text, re.MULTILINE)
        self.states = {step: state for state, step, _ in steps}
        self.texts = {step: text for _, step, text in steps}


async def check(chat_seconds: float = 15) -> CommandResult:
    return await asyncio.to_thread(check_now, chat_seconds)


def check_now(chat_seconds: float) -> CommandResult:
    out = io.StringIO()
    try:
        call_command("check_twitch", f"--chat-seconds={chat_seconds}", stdout=out)
    except CommandError as error:
        assert error.returncode == 1
        return CommandResult(out.getvalue(), str(error))
    return CommandResult(out.getvalue(), "")


async def test_every_step_succeeds_against_the_simulated_twitch(twitch: Simulated) -> None:
    result = await check()
    assert list(result.states) == STEPS
    assert set(result.states.values()) == {"OK"}, result.text
    assert result.text.endswith("Twitch is ready\n")
    assert re.search(r"TLSv1\.[23], certificate valid", result.texts["IRC connection"])
    assert re.search(r"5 on the first page; \w+ leads with [0-9,]+ viewers", result.texts["streams"])


async def test_an_unencrypted_connection_is_reported(twitch: Simulated, settings: Settings) -> None:
    settings.TWITCH_IRC_PORT, settings.TWITCH_IRC_TLS = twitch.irc, False
    result = await check()
    assert result.error == ""
    assert "not encrypted" in result.texts["IRC connection"]


async def test_an_untrusted_certificate_fails_the_connection(twitch: Simulated, settings: Settings) -> None:
    settings.TWITCH_IRC_CA_FILE = ""
    result = await check()
    assert result.states["IRC connection"] == "FAILED"
    assert "certificate verify failed" in result.texts["IRC connection"]
    assert "TWITCH_IRC_CA_FILE" in result.text
    assert result.states["users"] == "OK"
    assert {result.states[step] for step in STEPS[5:]} == {"SKIPPED"}


async def test_an_unreachable_twitch_fails_and_dependent_steps_are_skipped(settings: Settings) -> None:
    use(settings, "http://127.0.0.1:1")
    settings.TWITCH_IRC_HOST, settings.TWITCH_IRC_PORT, settings.TWITCH_IRC_TLS = "127.0.0.1", 1, False
    result = await check()
    assert result.error == "Twitch is not ready: token, IRC connection failed"
    assert result.states["streams"] == result.states["PING"] == "SKIPPED"


async def test_incomplete_credentials_fail(twitch: Simulated, settings: Settings) -> None:
    settings.TWITCH_CLIENT_ID = "mine"
    result = await check()
    assert result.states["credentials"] == "FAILED"
    assert "TWITCH_CLIENT_SECRET" in result.text


@pytest.mark.parametrize("twitch", [0.0], indirect=True)
async def test_a_silent_chat_is_reported_as_a_note(twitch: Simulated) -> None:
    result = await check(chat_seconds=0.1)
    assert result.states["chat"] == "NOTE"
    assert result.error == ""


async def test_a_refused_channel_fails_the_join_step(twitch: Simulated) -> None:
    await twitch.fault("suspended", channels=5, seconds=60)
    result = await check()
    assert result.states["join"] == "FAILED"
    assert "suspended" in result.texts["join"]
    assert result.states["chat"] == "SKIPPED"
    assert result.states["PING"] == "OK"


async def test_a_failing_api_fails_the_token_step_with_its_error(twitch: Simulated) -> None:
    await twitch.fault("server_error", seconds=60)
    result = await check()
    assert result.states["token"] == "FAILED"
    assert "HTTP 50" in result.texts["token"]
    assert result.states["join"] == "SKIPPED"
    assert result.states["PING"] == "OK"


async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"NICK ")
    await reader.readline()
    writer.close()


async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.write(b":tmi.twitch.tv CAP * NAK :twitch.tv/tags twitch.tv/commands\r\n")
    await reader.read()


@pytest.mark.parametrize(("server", "reason"), [(closing, "closed the connection"), (refusing, "capabilities refused")])
async def test_a_server_that_does_not_speak_irc_fails_the_capabilities_step(
    twitch: Simulated, settings: Settings, server: object, reason: str
) -> None:
    listening = await asyncio.start_server(server, "127.0.0.1", 0)  # type: ignore[arg-type]
    settings.TWITCH_IRC_PORT, settings.TWITCH_IRC_TLS = listening.sockets[0].getsockname()[1], False
    result = await check()
    assert result.states["capabilities"] == "FAILED"
    assert reason in result.texts["capabilities"]
    assert result.states["PING"] == "SKIPPED"
    listening.close()
