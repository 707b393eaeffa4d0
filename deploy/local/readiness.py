"""How to see from outside that a server is ready, and that a board moves."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

BOARD = "board:messages"
ENDS = "ends:live"
STREAMS = "streams"
BOARDS_DATABASE = 0
STREAMS_DATABASE = 3


def answers(port: int) -> bool:
    """Tell whether `port` of the loopback address takes connections. Raises: OSError."""
    with socket.create_connection(("127.0.0.1", port), timeout=2):
        return True


def get_json(url: str) -> Any:
    """Return what `url` holds. Raises: OSError."""
    with urllib.request.urlopen(url, timeout=5) as response:
        return json.load(response)


def http_answers(url: str) -> bool:
    """Tell whether `url` gives an answer other than a server's error. Raises: OSError."""
    try:
        with urllib.request.urlopen(url, timeout=10):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500


def redis_command(port: int, database: int, *words: str) -> Any:
    """Send one command and return its reply. Raises: OSError. Source: Redis, "RESP protocol description"."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection, connection.makefile("rb") as replies:
        for command in (("SELECT", str(database)), words):
            parts = b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in command)
            connection.sendall(b"*%d\r\n%s" % (len(command), parts))
            reply = _reply(replies.readline, replies.read)
        return reply


def _reply(read_line: Callable[[], bytes], read: Callable[[int], bytes]) -> Any:
    line = read_line()
    kind, rest = line[:1], line[1:].strip().decode()
    if kind == b"*":
        return [_reply(read_line, read) for _ in range(int(rest))]
    if kind == b"$":
        return None if rest == "-1" else read(int(rest) + 2)[:-2].decode()
    if kind in (b"+", b":"):
        return rest
    raise OSError(f"Valkey answered {line[:80]!r}")


class BoardMoved:
    """Called again and again; true once the busiest channel's value and the newest window have both changed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._first: tuple[list[str], float] | None = None

    def __call__(self) -> bool:
        top = redis_command(self._port, BOARDS_DATABASE, "ZREVRANGE", BOARD, "0", "0", "WITHSCORES")
        newest = redis_command(self._port, BOARDS_DATABASE, "ZREVRANGE", ENDS, "0", "0", "WITHSCORES")
        if not top or not newest:
            return False
        now = (top, float(newest[1]))
        if self._first is None:
            self._first = now
        return now[0] != self._first[0] and now[1] > self._first[1]


def streams_fetched_ms(port: int) -> int:
    """Return when the list of streams was last read from Twitch, 0 when it was not."""
    text = redis_command(port, STREAMS_DATABASE, "GET", STREAMS)
    return int(json.loads(text)["fetched_ms"]) if text else 0
