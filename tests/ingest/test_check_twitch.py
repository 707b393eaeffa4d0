"""The check of Twitch against the simulated one, whole and with one thing wrong at a time."""

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
    """A simulated Twitch that the settings name, over TLS; its parameter is the messages/s of all channels."""
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


class Said:
    """The output of the command, and whether it failed."""

    def __init__(self, text: str, error: str) -> None:
        self.text, self.error = text, error
        found = re.findall(r"^(OK|FAILED|NOTE|LEFT OUT) +(.+?)  +[0-9.]+ s  (.*)$", text, re.MULTILINE)
        self.states = {step: state for state, step, _ in found}
        self.texts = {step: text for _, step, text in found}


async def check(chat_seconds: float = 15) -> Said:
    return await asyncio.to_thread(check_now, chat_seconds)


def check_now(chat_seconds: float) -> Said:
    out = io.StringIO()
    try:
        call_command("check_twitch", f"--chat-seconds={chat_seconds}", stdout=out)
    except CommandError as error:
        assert error.returncode == 1
        return Said(out.getvalue(), str(error))
    return Said(out.getvalue(), "")


async def test_every_step_succeeds_against_the_simulated_twitch(twitch: Simulated) -> None:
    said = await check()
    assert list(said.states) == STEPS
    assert set(said.states.values()) == {"OK"}, said.text
    assert said.text.endswith("Twitch is ready\n")
    assert re.search(r"TLSv1\.[23], certificate valid", said.texts["IRC connection"])
    assert re.search(r"5 on the first page; \w+ leads with [0-9,]+ viewers", said.texts["streams"])


async def test_without_encryption_it_says_so(twitch: Simulated, settings: Settings) -> None:
    settings.TWITCH_IRC_PORT, settings.TWITCH_IRC_TLS = twitch.irc, False
    said = await check()
    assert said.error == ""
    assert "not encrypted" in said.texts["IRC connection"]


async def test_a_certificate_that_is_not_trusted_fails_the_connection(twitch: Simulated, settings: Settings) -> None:
    settings.TWITCH_IRC_CA_FILE = ""
    said = await check()
    assert said.states["IRC connection"] == "FAILED"
    assert "certificate verify failed" in said.texts["IRC connection"]
    assert "TWITCH_IRC_CA_FILE" in said.text
    assert said.states["users"] == "OK"
    assert {said.states[step] for step in STEPS[5:]} == {"LEFT OUT"}


async def test_a_twitch_that_is_not_there_fails_and_leaves_out_what_needs_it(settings: Settings) -> None:
    use(settings, "http://127.0.0.1:1")
    settings.TWITCH_IRC_HOST, settings.TWITCH_IRC_PORT, settings.TWITCH_IRC_TLS = "127.0.0.1", 1, False
    said = await check()
    assert said.error == "Twitch is not ready: token, IRC connection failed"
    assert said.states["streams"] == said.states["PING"] == "LEFT OUT"


async def test_half_of_the_credentials_fail(twitch: Simulated, settings: Settings) -> None:
    settings.TWITCH_CLIENT_ID = "mine"
    said = await check()
    assert said.states["credentials"] == "FAILED"
    assert "TWITCH_CLIENT_SECRET" in said.text


@pytest.mark.parametrize("twitch", [0.0], indirect=True)
async def test_a_chat_without_a_word_is_a_note(twitch: Simulated) -> None:
    said = await check(chat_seconds=0.1)
    assert said.states["chat"] == "NOTE"
    assert said.error == ""


async def test_a_channel_that_twitch_refuses_fails_the_join(twitch: Simulated) -> None:
    await twitch.fault("suspended", channels=5, seconds=60)
    said = await check()
    assert said.states["join"] == "FAILED"
    assert "suspended" in said.texts["join"]
    assert said.states["chat"] == "LEFT OUT"
    assert said.states["PING"] == "OK"


async def test_an_api_with_errors_fails_the_token_and_says_which(twitch: Simulated) -> None:
    await twitch.fault("server_error", seconds=60)
    said = await check()
    assert said.states["token"] == "FAILED"
    assert "HTTP 50" in said.texts["token"]
    assert said.states["join"] == "LEFT OUT"
    assert said.states["PING"] == "OK"


async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"NICK ")
    await reader.readline()
    writer.close()


async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.write(b":tmi.twitch.tv CAP * NAK :twitch.tv/tags twitch.tv/commands\r\n")
    await reader.read()


@pytest.mark.parametrize(("server", "why"), [(closing, "closed the connection"), (refusing, "capabilities refused")])
async def test_an_irc_server_that_is_none_fails_the_capabilities(
    twitch: Simulated, settings: Settings, server: object, why: str
) -> None:
    listening = await asyncio.start_server(server, "127.0.0.1", 0)  # type: ignore[arg-type]
    settings.TWITCH_IRC_PORT, settings.TWITCH_IRC_TLS = listening.sockets[0].getsockname()[1], False
    said = await check()
    assert said.states["capabilities"] == "FAILED"
    assert why in said.texts["capabilities"]
    assert said.states["PING"] == "LEFT OUT"
    listening.close()
