"""An anonymous IRC client that collects the fields of chat messages needed for counting."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from tests.recount.clock import now_ms

# Twitch accepts 20 joins in 10 s.
JOINS, JOINS_S = 20, 10.5
PRIVMSG = re.compile(r"@(?P<tags>\S+) :(?P<login>[^!\s]*)\S* PRIVMSG #(?P<channel>\S+) :(?P<text>.*)", re.DOTALL)
ACTION = re.compile("\x01ACTION (?P<text>.*)\x01", re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """One PRIVMSG; `sent_ms` is Twitch's tmi-sent-ts. `is_copy` marks a shared copy from another channel."""

    sent_ms: int
    id: str
    channel_id: str
    user: str
    text: str
    is_copy: bool


def read_message(line: str) -> Message | None:
    """Return the message in a line, or None for another command."""
    match = PRIVMSG.fullmatch(line)
    if match is None:
        return None
    tags = dict(pair.partition("=")[::2] for pair in match["tags"].split(";"))
    action = ACTION.fullmatch(match["text"])
    return Message(
        int(tags["tmi-sent-ts"]),
        tags["id"],
        tags["room-id"],
        tags["user-id"],
        action["text"] if action else match["text"],
        tags.get("source-room-id") not in (None, "", tags["room-id"]),
    )


class Listener(threading.Thread):
    """Joins channels and collects messages until `end`; a lost connection sets `failure` and ends the thread."""

    def __init__(self, host: str, port: int, logins: Iterable[str]) -> None:
        super().__init__(daemon=True)
        self.failure: OSError | None = None
        self.messages: dict[str, Message] = {}
        self._logins = sorted(logins)
        self._joined: set[str] = set()
        self._socket = socket.create_connection((host, port), timeout=10)
        self._socket.settimeout(None)
        self._ended = threading.Event()

    def join_all(self, limit_s: float) -> int:
        """Join every channel; return the time in ms from which all channels are heard. Raises: TimeoutError."""
        self._send("CAP REQ :twitch.tv/tags twitch.tv/commands", "PASS oauth:none", "NICK justinfan20406")
        self.start()
        for at in range(0, len(self._logins), JOINS):
            if at:
                time.sleep(JOINS_S)
            self._send(f"JOIN {','.join(f'#{login}' for login in self._logins[at : at + JOINS])}")
        until_s = time.monotonic() + limit_s
        while len(self._joined) < len(self._logins):
            if time.monotonic() > until_s:
                raise TimeoutError(f"joined {len(self._joined)} of {len(self._logins)} channels")
            time.sleep(0.05)
        return now_ms()

    def end(self) -> None:
        """Stop listening. Raises: OSError if the connection was lost before."""
        self._ended.set()
        if self.failure is not None:
            raise self.failure
        self._socket.shutdown(socket.SHUT_RDWR)
        self.join(10)

    def run(self) -> None:
        """Read until the connection ends."""
        rest = b""
        try:
            while data := self._socket.recv(65_536):
                *lines, rest = (rest + data).split(b"\r\n")
                for line in lines:
                    self._take(line.decode("utf-8", "replace"))
        except OSError as error:
            self.failure = None if self._ended.is_set() else error
        else:
            self.failure = None if self._ended.is_set() else OSError("the IRC server closed the connection")

    def _take(self, line: str) -> None:
        if line.startswith("PING"):
            self._send(line.replace("PING", "PONG", 1))
        elif " 366 " in line:
            self._joined.add(line.partition("#")[2].split(" ")[0])
        elif (message := read_message(line)) is not None:
            self.messages[message.id] = message

    def _send(self, *lines: str) -> None:
        self._socket.sendall("".join(f"{line}\r\n" for line in lines).encode())
