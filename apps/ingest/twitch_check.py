"""Connectivity check for Twitch, real or simulated: a sequence of steps, each with an outcome."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

from apps.ingest.helix import Helix
from apps.ingest.listening.connection import Server, monotonic_ms
from core.channels.stream import Stream
from core.errors import NotFound, TwitchlyError
from core.irc.lines import Line, parse
from core.irc.session import Ended, Refused, Session

RESPONSE_S = 10.0
CHAT_S = 15.0
READ_BYTES = 65_536
CAPABILITIES = frozenset({"twitch.tv/tags", "twitch.tv/commands"})
PING = "check_twitch"

# Advice for each failed step.
ADVICE: Mapping[str, str] = {
    "credentials": "set both TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET, or neither for the simulated Twitch",
    "token": "check TWITCH_CLIENT_ID, TWITCH_CLIENT_SECRET and TWITCH_TOKEN_URL; the simulated Twitch, if you use it, "
    "must be running",
    "streams": "check TWITCH_HELIX_URL, and whether this machine can reach it over HTTPS",
    "users": "check TWITCH_HELIX_URL; Helix responds, but not as expected",
    "IRC connection": "check TWITCH_IRC_HOST, TWITCH_IRC_PORT, TWITCH_IRC_TLS, TWITCH_IRC_CA_FILE and the firewall",
    "capabilities": "another server responds instead of Twitch: check TWITCH_IRC_HOST",
    "welcome": "Twitch may block this IP address temporarily: try again in a few minutes",
    "join": "the channel may be suspended, or another process has used up the join limit: try again in a minute",
    "chat": "",
    "PING": "the connection is half open: check proxies and firewalls in between",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of a step: `state` is OK, FAILED, NOTE (harmless) or SKIPPED (requires a step that failed)."""

    step: str
    state: str
    seconds: float
    text: str

    def __str__(self) -> str:
        advice = ADVICE.get(self.step, "") if self.state == "FAILED" else ""
        return f"{self.state:<8}  {self.step:<14}  {self.seconds:5.2f} s  {self.text}" + (
            f"\n{'':28}to do: {advice}" if advice else ""
        )


class _Failed(TwitchlyError):
    """A step failed; the message gives the reason."""


class _Note(Exception):
    """A step was inconclusive."""


class _Skipped(Exception):
    """A step was skipped because a step it depends on failed."""


class TwitchCheck:
    """Runs the steps. `credentials` are the client id and secret; `chat_s` is the time to wait for a chat message."""

    def __init__(self, helix: Helix, server: Server, credentials: tuple[str, str], chat_s: float = CHAT_S) -> None:
        self._helix = helix
        self._server = server
        self._credentials = credentials
        self._chat_s = chat_s
        self._has_token = False
        self._top: Stream | None = None
        self._connection: _IrcConnection | None = None

    async def outcomes(self) -> AsyncIterator[Outcome]:
        """Run all steps in order."""
        steps: Mapping[str, Callable[[], Awaitable[str]]] = {
            "credentials": self._check_credentials,
            "token": self._token,
            "streams": self._streams,
            "users": self._users,
            "IRC connection": self._connect,
            "capabilities": self._capabilities,
            "welcome": self._welcome,
            "join": self._join,
            "chat": self._chat,
            "PING": self._ping,
        }
        try:
            for name, step in steps.items():
                yield await _outcome(name, step)
        finally:
            if self._connection is not None:
                self._connection.close()

    async def _check_credentials(self) -> str:
        if all(self._credentials):
            return "set, using the real Twitch"
        if any(self._credentials):
            raise _Failed("only one of the two is set, using the simulated Twitch")
        return "none, using the simulated Twitch"

    async def _token(self) -> str:
        await asyncio.to_thread(lambda: self._helix.renew_token(until_s=self._helix.until(RESPONSE_S)))
        self._has_token = True
        return "issued"

    async def _streams(self) -> str:
        if not self._has_token:
            raise _Skipped
        streams = await asyncio.to_thread(lambda: self._helix.top_streams(1, until_s=self._helix.until(RESPONSE_S)))
        top = next((stream for stream in streams if stream.login), None)
        if top is None:
            raise NotFound("Helix returned no live stream")
        self._top = top
        return f"{len(streams)} on the first page; {top.login} leads with {top.viewers:,} viewers"

    async def _users(self) -> str:
        top = self._require_top()
        users = await asyncio.to_thread(lambda: self._helix.users(ids=[top.id], until_s=self._helix.until(RESPONSE_S)))
        if [user.id for user in users] != [top.id]:
            raise NotFound(f"Helix does not know the account {top.id} of {top.login}")
        return f"{top.id} is {users[0].login}"

    async def _connect(self) -> str:
        where = f"{self._server.host}:{self._server.port}"
        try:
            async with asyncio.timeout(RESPONSE_S):
                self._connection = await _IrcConnection.open(self._server)
        except OSError as error:
            raise _Failed(f"{where}: {error or 'no response'}") from error
        return f"{where}, {self._connection.encryption}"

    async def _capabilities(self) -> str:
        connection = self._require_connection()
        await connection.until(lambda: connection.capabilities >= CAPABILITIES, RESPONSE_S, "no response to CAP REQ")
        return " and ".join(sorted(CAPABILITIES))

    async def _welcome(self) -> str:
        connection = self._require_connection()
        await connection.until(lambda: connection.session.is_ready, RESPONSE_S, "no 001 received")
        return f"as {connection.nick}"

    async def _join(self) -> str:
        connection, top = self._require_connection(), self._require_top()
        connection.session.join([top.login])
        await connection.until(
            lambda: top.login in connection.session.joined, RESPONSE_S, f"#{top.login} was not confirmed"
        )
        return f"#{top.login} confirmed"

    async def _chat(self) -> str:
        connection = self._require_connection()
        if not connection.session.joined:
            raise _Skipped
        try:
            await connection.until(lambda: connection.has_chat, self._chat_s, "")
        except _Failed as failed:
            if str(failed):
                raise
            raise _Note(f"no message within {self._chat_s:.0f} s, which can be normal") from None
        return "the first message arrived"

    async def _ping(self) -> str:
        connection = self._require_connection()
        connection.send(f"PING :{PING}\r\n".encode())
        await connection.until(lambda: connection.has_pong, RESPONSE_S, "no PONG received")
        return "answered"

    def _require_top(self) -> Stream:
        if self._top is None:
            raise _Skipped
        return self._top

    def _require_connection(self) -> _IrcConnection:
        if self._connection is None or self._connection.ended:
            raise _Skipped
        return self._connection


class _IrcConnection:
    """An IRC socket and its session. The socket is read while a step waits."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._rest = b""
        self.nick = f"justinfan{random.randrange(10_000, 99_999)}"
        self.session = Session(self.nick, monotonic_ms())
        self.capabilities: frozenset[str] = frozenset()
        self.has_chat = self.has_pong = False
        self.ended = ""

    @classmethod
    async def open(cls, server: Server) -> _IrcConnection:
        return cls(*await asyncio.open_connection(server.host, server.port, ssl=server.context()))

    @property
    def encryption(self) -> str:
        """Description of the connection's encryption."""
        tls = self._writer.get_extra_info("ssl_object")
        return f"{tls.version()}, certificate valid" if tls else "not encrypted"

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    def close(self) -> None:
        self._writer.close()

    async def until(self, condition: Callable[[], bool], seconds: float, failure_text: str) -> None:
        """Read until `condition` holds. Raises: _Failed."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    if self.ended:
                        raise _Failed(self.ended)
                    await self._exchange()
        except TimeoutError:
            raise _Failed(failure_text) from None
        except OSError as error:
            self.ended = f"the connection was lost: {error}"
            raise _Failed(self.ended) from error

    async def _exchange(self) -> None:
        self.session.tick(monotonic_ms())
        self._writer.write(self.session.data_to_send())
        data = await self._reader.read(READ_BYTES)
        for event in self.session.receive_data(data, monotonic_ms()):
            match event:
                case Refused(login, reason):
                    raise _Failed(f"Twitch refuses #{login}: {reason}")
                case Ended(reason):
                    self.ended = reason
                case Line(command="PRIVMSG"):
                    self.has_chat = True
        self._observe(data)
        if not data:
            self.ended = "Twitch closed the connection"

    def _observe(self, data: bytes) -> None:
        """Parse replies that the session handles internally."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in map(parse, lines):
            if line.command == "CAP" and "ACK" in line.params[:2]:
                self.capabilities |= frozenset(line.params[-1].split())
            elif line.command == "PONG" and PING in line.params:
                self.has_pong = True


async def _outcome(name: str, step: Callable[[], Awaitable[str]]) -> Outcome:
    started_s = time.monotonic()

    def outcome(state: str, text: str) -> Outcome:
        return Outcome(name, state, time.monotonic() - started_s, text)

    try:
        return outcome("OK", await step())
    except TwitchlyError as error:
        return outcome("FAILED", str(error))
    except _Note as note:
        return outcome("NOTE", str(note))
    except _Skipped:
        return outcome("SKIPPED", "requires a step that failed")
