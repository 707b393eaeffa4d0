"""Sans-I/O session of one client of the simulated IRC server: takes bytes and a time, and returns the reply.

Source: dev.twitch.tv, "Chat & Chatbots", "IRC".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from simulator.irc_lines import HOST
from simulator.limits import CHANNELS_PER_CONNECTION
from simulator.rooms import Rooms
from simulator.source import Channel, digits_of

CAPABILITIES = ("twitch.tv/commands", "twitch.tv/membership", "twitch.tv/tags")
ANONYMOUS = re.compile(r"justinfan[0-9]{1,20}")
LOGIN = re.compile(r"[a-z0-9][a-z0-9_]{0,40}")
TOKEN = re.compile(r"oauth:[\w-]{1,200}", re.ASCII)
MAX_LINE_BYTES = 16_384
WELCOME = (
    ("001", "Welcome, GLHF!"),
    ("002", f"Your host is {HOST}"),
    ("003", "This server is rather new"),
    ("004", "-"),
    ("375", "-"),
    ("372", "You are in a maze of twisty passages, all alike."),
    ("376", ">"),
)
SUSPENDED = "This channel does not exist or has been suspended."


class IrcSession:
    """State of one client. `should_close` is set when the connection must be closed."""

    def __init__(self, rooms: Rooms, send: Callable[[bytes], None]) -> None:
        """`send` takes lines that are not replies: chat and PING."""
        self.send = send
        self.nick = ""
        self.tags = False
        self.commands = False
        self.should_close = False
        self.awaits_pong = False
        self.joined: set[str] = set()
        self._rooms = rooms
        self._joins = rooms.join_window()
        self._token = ""
        self._buffer = b""

    @property
    def anonymous(self) -> bool:
        """True if the client is anonymous."""
        return ANONYMOUS.fullmatch(self.nick) is not None

    def receive(self, data: bytes, now_s: float) -> bytes:
        """Return the reply to a client's bytes; lines may arrive in pieces. `now_s` is monotonic."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > MAX_LINE_BYTES:
            self._buffer = b""
            self.should_close = True
        answers: list[str] = []
        for line in lines:
            if not self.should_close:
                answers += self._answer(line, now_s)
        return "".join(f"{answer}\r\n" for answer in answers).encode()

    def leave(self) -> None:
        """Leave all rooms after the connection has been closed."""
        for login in self.joined:
            self._rooms.sessions(login).discard(self)
        self.joined.clear()

    def expel(self, login: str, *, suspended: bool) -> None:
        """Remove the client from a room and notify it according to its capabilities."""
        self._leave(login)
        reply = self._suspension(login) if suspended and self.commands else self._echo("PART", login)
        self.send(f"{reply}\r\n".encode())

    def _answer(self, line: bytes, now_s: float) -> Sequence[str]:
        command, params = parse_line(line)
        first = params[0] if params else ""
        match command:
            case "CAP":
                return self._cap(params)
            case "PASS":
                self._token = first
            case "NICK":
                return self._nick(first.lower(), now_s)
            case "PING":
                return [f":{HOST} PONG {HOST} :{first or HOST}"]
            case "PONG":
                self.awaits_pong = False
            case "JOIN":
                return self._join(first, now_s)
            case "PART":
                return self._part(first)
            case "QUIT":
                self.should_close = True
            # Messages from clients are ignored.
            case "" | "USER" | "PRIVMSG":
                pass
            case _:
                return [f":{HOST} 421 {self.nick or '*'} {command[:50]} :Unknown command"]
        return []

    def _cap(self, params: Sequence[str]) -> list[str]:
        action, requested = (params[0].upper() if params else ""), " ".join(params[1:]).split()
        if action == "LS":
            return [f":{HOST} CAP * LS :{' '.join(CAPABILITIES)}"]
        if action == "END":
            return []
        if action != "REQ":
            return [f":{HOST} 410 {self.nick or '*'} {action or '*'} :Invalid CAP command"]
        if not requested or not set(requested) <= set(CAPABILITIES):
            return [f":{HOST} CAP * NAK :{' '.join(requested)}"]
        self.tags |= "twitch.tv/tags" in requested
        self.commands |= "twitch.tv/commands" in requested
        return [f":{HOST} CAP * ACK :{' '.join(requested)}"]

    def _nick(self, nick: str, now_s: float) -> list[str]:
        if self.nick:
            return []
        self._rooms.violations.connections += self._rooms.logins.exceeded(now_s)
        refusal = self._refusal(nick)
        if refusal:
            self.should_close = True
            return [f":{HOST} NOTICE * :{refusal}"]
        self.nick = nick
        welcome = [f":{HOST} {number} {nick} :{text}" for number, text in WELCOME]
        return welcome if self.anonymous or not self.commands else [*welcome, self._own_state("GLOBALUSERSTATE")]

    def _refusal(self, nick: str) -> str:
        if ANONYMOUS.fullmatch(nick) or (LOGIN.fullmatch(nick) and TOKEN.fullmatch(self._token)):
            return ""
        badly_formed = self._token and not self._token.startswith("oauth:")
        return "Improperly formatted auth" if badly_formed else "Login authentication failed"

    def _join(self, names: str, now_s: float) -> list[str]:
        if not self.nick:
            return []
        if not names:
            return [f":{HOST} 461 {self.nick} JOIN :Not enough parameters"]
        answers: list[str] = []
        for login in _logins(names):
            self._rooms.join_attempts += 1
            if self._joins.exceeded(now_s):
                self._rooms.violations.joins += 1
                self.should_close = True
                break
            answers += self._admit(login)
        return answers

    def _admit(self, login: str) -> list[str]:
        channel = self._rooms.channels.get(login)
        if channel is None or login in self._rooms.unresponsive:
            return []
        if login in self._rooms.suspended:
            return [self._suspension(login)] if self.commands else []
        if login not in self.joined and len(self.joined) >= CHANNELS_PER_CONNECTION:
            self._rooms.violations.channels += 1
            return []
        self.joined.add(login)
        self._rooms.sessions(login).add(self)
        return self._confirmation(channel)

    def _confirmation(self, channel: Channel) -> list[str]:
        nick, room = self.nick, f"#{channel.login}"
        answers = [
            self._echo("JOIN", channel.login),
            f":{nick}.{HOST} 353 {nick} = {room} :{nick}",
            f":{nick}.{HOST} 366 {nick} {room} :End of /NAMES list",
        ]
        if not self.commands:
            return answers
        if not self.anonymous:
            answers.append(self._own_state(f"USERSTATE {room}"))
        state = self._rooms.state(channel).decode().removesuffix("\r\n")
        return [*answers, self._with_tags(*state.split(" ", 1))]

    def _part(self, names: str) -> list[str]:
        left = [login for login in _logins(names) if login in self.joined]
        for login in left:
            self._leave(login)
        return [self._echo("PART", login) for login in left]

    def _leave(self, login: str) -> None:
        self.joined.discard(login)
        self._rooms.sessions(login).discard(self)

    def _echo(self, command: str, login: str) -> str:
        return f":{self.nick}!{self.nick}@{self.nick}.{HOST} {command} #{login}"

    def _suspension(self, login: str) -> str:
        return self._with_tags("@msg-id=msg_channel_suspended", f":{HOST} NOTICE #{login} :{SUSPENDED}")

    def _own_state(self, command: str) -> str:
        tags = f"@badge-info=;badges=;color=;display-name={self.nick};emote-sets=0;user-type="
        if command == "GLOBALUSERSTATE":
            tags = f"{tags};user-id={digits_of(f'user {self.nick}', 9)}"
        else:
            tags = f"{tags};mod=0;subscriber=0"
        return self._with_tags(tags, f":{HOST} {command}")

    def _with_tags(self, tags: str, line: str) -> str:
        return f"{tags} {line}" if self.tags else line


def parse_line(line: bytes) -> tuple[str, list[str]]:
    """Return a client line's upper-case command and its parameters; tags and prefix are ignored."""
    rest = line.decode("utf-8", "replace").replace("\r", "").replace("\0", "").strip(" ")
    for mark in ("@", ":"):
        if rest.startswith(mark):
            rest = rest.partition(" ")[2].lstrip(" ")
    rest, colon, trailing = rest.partition(" :")
    words = rest.split()
    if not words:
        return "", []
    return words[0].upper(), [*words[1:], trailing] if colon else words[1:]


def _logins(names: str) -> Iterable[str]:
    # A name that is repeated in one line counts as one join.
    return dict.fromkeys(name[1:].lower() for name in names.split(",") if name.startswith("#"))
