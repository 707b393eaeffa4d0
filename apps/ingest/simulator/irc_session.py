"""One client of the simulated IRC server, without I/O: bytes and a time go in, the answer's bytes come out.

Source: docs/twitch.md, "Connecting" and "Limits"; dev.twitch.tv, "IRC".
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from apps.ingest.simulator.source import Channel

HOST = "tmi.twitch.tv"
CAPABILITIES = ("twitch.tv/tags", "twitch.tv/commands", "twitch.tv/membership")
ANONYMOUS = re.compile(r"justinfan[0-9]{1,20}")
MAX_LINE_BYTES = 16_384
JOINS_PER_WINDOW = 20
JOIN_WINDOW_S = 10.0
WELCOME = (
    ("001", "Welcome, GLHF!"),
    ("002", f"Your host is {HOST}"),
    ("003", "This server is rather new"),
    ("004", "-"),
    ("375", "-"),
    ("372", "You are in a maze of twisty passages, all alike."),
    ("376", ">"),
)


class Rooms:
    """Who has joined which channel; every listener (TCP now) shares one."""

    def __init__(self, channels: Iterable[Channel]) -> None:
        self.channels = {channel.login: channel for channel in channels}
        self._sessions: dict[str, set[IrcSession]] = {login: set() for login in self.channels}
        self.violations = 0

    def sessions(self, login: str) -> set[IrcSession]:
        """Return the sessions that have joined a channel."""
        return self._sessions[login]

    def joined(self) -> int:
        """Return how many channels somebody has joined."""
        return sum(1 for sessions in self._sessions.values() if sessions)


class IrcSession:
    """What one client has asked for and is told. `over` is set when the connection is to be closed."""

    def __init__(self, rooms: Rooms, send: Callable[[bytes], None]) -> None:
        """`send` takes the lines that are not answers: chat, and our own PING."""
        self.send = send
        self.nick = ""
        self.tags = False
        self.over = False
        self.joined: set[str] = set()
        self._commands = False
        self._rooms = rooms
        self._buffer = b""
        self._join_times_s: deque[float] = deque()

    def receive(self, data: bytes, now_s: float) -> bytes:
        """Return the answer to what a client sent; a line may arrive in pieces. `now_s` never goes backwards."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > MAX_LINE_BYTES:
            self._buffer = b""
            self.over = True
        answers = [answer for line in lines for answer in self._answer(line, now_s)]
        return "".join(f"{answer}\r\n" for answer in answers).encode()

    def leave(self) -> None:
        """Leave every room: the connection is gone."""
        for login in self.joined:
            self._rooms.sessions(login).discard(self)
        self.joined.clear()

    def _answer(self, line: bytes, now_s: float) -> Sequence[str]:
        command, params = parse_line(line)
        match command:
            case "CAP":
                return self._cap(params)
            case "NICK":
                return self._nick(params)
            case "PING":
                return [f":{HOST} PONG {HOST} :{params[0] if params else HOST}"]
            case "JOIN":
                return self._join(params, now_s)
            case "PART":
                return self._part(params)
            case "QUIT":
                self.over = True
                return []
            # An anonymous client may greet and answer, but not speak.
            case "" | "PASS" | "USER" | "PONG" | "PRIVMSG":
                return []
        return [f":{HOST} 421 {self.nick or '*'} {command[:50]} :Unknown command"]

    def _cap(self, params: Sequence[str]) -> list[str]:
        action, wanted = (params[0].upper() if params else ""), " ".join(params[1:]).split()
        if action == "LS":
            return [f":{HOST} CAP * LS :{' '.join(CAPABILITIES)}"]
        if action == "END":
            return []
        if action != "REQ":
            return [f":{HOST} 410 {self.nick or '*'} {action or '*'} :Invalid CAP command"]
        if not wanted or not set(wanted) <= set(CAPABILITIES):
            return [f":{HOST} CAP * NAK :{' '.join(wanted)}"]
        self.tags |= "twitch.tv/tags" in wanted
        self._commands |= "twitch.tv/commands" in wanted
        return [f":{HOST} CAP * ACK :{' '.join(wanted)}"]

    def _nick(self, params: Sequence[str]) -> list[str]:
        if self.nick:
            return []
        if not params or not ANONYMOUS.fullmatch(params[0].lower()):
            self.over = True
            return [f":{HOST} NOTICE * :Login authentication failed"]
        self.nick = params[0].lower()
        return [f":{HOST} {number} {self.nick} :{text}" for number, text in WELCOME]

    def _join(self, params: Sequence[str], now_s: float) -> list[str]:
        if not self.nick:
            return []
        if not params:
            return [f":{HOST} 461 {self.nick} JOIN :Not enough parameters"]
        answers: list[str] = []
        for login in _logins(params[0]):
            self._count_join(now_s)
            channel = self._rooms.channels.get(login)
            if channel is not None:
                self.joined.add(login)
                self._rooms.sessions(login).add(self)
                answers += self._confirmation(channel)
        return answers

    def _confirmation(self, channel: Channel) -> list[str]:
        nick, room = self.nick, f"#{channel.login}"
        answers = [
            f":{nick}!{nick}@{nick}.{HOST} JOIN {room}",
            f":{nick}.{HOST} 353 {nick} = {room} :{nick}",
            f":{nick}.{HOST} 366 {nick} {room} :End of /NAMES list",
        ]
        if self._commands:
            tags = f"@emote-only=0;followers-only=-1;r9k=0;room-id={channel.id};slow=0;subs-only=0 "
            answers.append(f"{tags if self.tags else ''}:{HOST} ROOMSTATE {room}")
        return answers

    def _part(self, params: Sequence[str]) -> list[str]:
        left = [login for login in _logins(params[0] if params else "") if login in self.joined]
        for login in left:
            self.joined.discard(login)
            self._rooms.sessions(login).discard(self)
        return [f":{self.nick}!{self.nick}@{self.nick}.{HOST} PART #{login}" for login in left]

    def _count_join(self, now_s: float) -> None:
        times_s = self._join_times_s
        times_s.append(now_s)
        while times_s[0] <= now_s - JOIN_WINDOW_S:
            times_s.popleft()
        if len(times_s) > JOINS_PER_WINDOW:
            self._rooms.violations += 1


def parse_line(line: bytes) -> tuple[str, list[str]]:
    """Return a client line's command in upper case and its parameters; tags and prefix are passed over."""
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
    # A name asked for twice in one line is one join.
    return dict.fromkeys(name[1:].lower() for name in names.split(",") if name.startswith("#"))
