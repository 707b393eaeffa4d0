"""How to see from outside that a server is ready, and that a board moves."""

from __future__ import annotations

import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BOARD = "board:messages"
ENDS = "ends:live"
STREAMS = "streams"
BOARDS_DATABASE = 0
STREAMS_DATABASE = 3
FRESH_MS = 10_000


def answers(port: int) -> bool:
    """Tell whether `port` of the loopback address takes connections. Raises: OSError."""
    with socket.create_connection(("127.0.0.1", port), timeout=2):
        return True


def get_json(url: str, context: ssl.SSLContext | None = None) -> Any:
    """Return what `url` holds. Raises: OSError."""
    with _open(url, 5, context) as response:
        return json.load(response)


def http_answers(url: str) -> bool:
    """Tell whether `url` gives an answer other than a server's error. Raises: OSError."""
    try:
        with _open(url, 10):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500


def _open(url: str, timeout_s: float, context: ssl.SSLContext | None = None) -> Any:
    """Open an address of this machine, which no proxy can reach, whatever http_proxy says."""
    handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)]
    return urllib.request.build_opener(*handlers).open(url, timeout=timeout_s)


def rest_context(conf: Path) -> ssl.SSLContext:
    """Return the keys of Flink's REST, from an instance's configuration folder. Raises: OSError."""
    context = ssl.create_default_context(cafile=conf / "flink" / "rest-ca.pem")
    context.load_cert_chain(conf / "flink" / "rest.pem")
    return context


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


@dataclass(frozen=True, slots=True)
class BoardLook:
    """The busiest channel with its value, and when the newest window ends."""

    top: list[str]
    end_ms: float


def look_at_board(port: int) -> BoardLook | None:
    """Return what the live board says, None while it is empty. Raises: OSError."""
    top = redis_command(port, BOARDS_DATABASE, "ZREVRANGE", BOARD, "0", "0", "WITHSCORES")
    newest = redis_command(port, BOARDS_DATABASE, "ZREVRANGE", ENDS, "0", "0", "WITHSCORES")
    return BoardLook(top, float(newest[1])) if top and newest else None


class BoardMoved:
    """Called again and again; true once the busiest channel's value and the newest window have both changed.

    The newest window must be of now, too: after a restart from a checkpoint the board first moves through the past.
    """

    def __init__(self, look: Callable[[], BoardLook | None], now_ms: Callable[[], int]) -> None:
        self._look = look
        self._now_ms = now_ms
        self._first: BoardLook | None = None

    def __call__(self) -> bool:
        seen = self._look()
        if seen is None:
            return False
        if self._first is None:
            self._first = seen
        moved = seen.top != self._first.top and seen.end_ms > self._first.end_ms
        return moved and seen.end_ms >= self._now_ms() - FRESH_MS


def job_runs(overview: Any) -> bool:
    """Tell whether a job has all its tasks running; a job that is RUNNING may still be deploying them.

    Source: Flink, "REST API", /jobs/overview.
    """
    return any(
        job["state"] == "RUNNING" and 0 < job["tasks"]["total"] == job["tasks"]["running"] + job["tasks"]["finished"]
        for job in overview["jobs"]
    )


def joined_channels(simulator: Any) -> int:
    """Return how many channels somebody has joined, as the simulated Twitch tells."""
    return int(simulator["irc"]["joined"])


def streams_fetched_ms(port: int) -> int:
    """Return when the list of streams was last read from Twitch, 0 when it was not."""
    text = redis_command(port, STREAMS_DATABASE, "GET", STREAMS)
    return int(json.loads(text)["fetched_ms"]) if text else 0
