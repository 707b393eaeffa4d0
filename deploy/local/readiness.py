"""Black-box checks that the servers are ready and that a board updates."""

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

BOARD_KEY = "board:messages"
WINDOW_ENDS_KEY = "ends:live"
STREAMS_KEY = "streams"
BOARDS_DATABASE = 0
STREAMS_DATABASE = 3
FRESH_MS = 10_000


def accepts_connections(port: int) -> bool:
    """Return True if `port` of the loopback address accepts connections. Raises: OSError."""
    with socket.create_connection(("127.0.0.1", port), timeout=2):
        return True


def get_json(url: str, context: ssl.SSLContext | None = None) -> Any:
    """Return the parsed JSON at `url`. Raises: OSError."""
    with _open(url, 5, context) as response:
        return json.load(response)


def http_responds(url: str) -> bool:
    """Return whether `url` responds with a status below 500. Raises: OSError."""
    try:
        with _open(url, 10):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500


def _open(url: str, timeout_s: float, context: ssl.SSLContext | None = None) -> Any:
    """Open a local URL directly, ignoring http_proxy: a proxy cannot reach this machine."""
    handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)]
    return urllib.request.build_opener(*handlers).open(url, timeout=timeout_s)


def rest_context(conf: Path) -> ssl.SSLContext:
    """Load the client key of Flink's REST API from an instance's configuration folder. Raises: OSError."""
    context = ssl.create_default_context(cafile=conf / "flink" / "rest-ca.pem")
    context.load_cert_chain(conf / "flink" / "rest.pem")
    return context


def redis_command(port: int, database: int, *words: str) -> Any:
    """Send one command and return its reply. Raises: OSError. Source: Redis, "RESP protocol description"."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection, connection.makefile("rb") as replies:
        for command in (("SELECT", str(database)), words):
            parts = b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in command)
            connection.sendall(b"*%d\r\n%s" % (len(command), parts))
            reply = _read_reply(replies.readline, replies.read)
        return reply


def _read_reply(read_line: Callable[[], bytes], read: Callable[[int], bytes]) -> Any:
    line = read_line()
    kind, value = line[:1], line[1:].strip().decode()
    if kind == b"*":
        return [_read_reply(read_line, read) for _ in range(int(value))]
    if kind == b"$":
        return None if value == "-1" else read(int(value) + 2)[:-2].decode()
    if kind in (b"+", b":"):
        return value
    raise OSError(f"unexpected reply from Valkey: {line[:80]!r}")


@dataclass(frozen=True, slots=True)
class BoardSample:
    """The top channel with its value, and the end of the newest window."""

    top: list[str]
    end_ms: float


def read_board(port: int) -> BoardSample | None:
    """Return a sample of the live board, or None while it is empty. Raises: OSError."""
    top = redis_command(port, BOARDS_DATABASE, "ZREVRANGE", BOARD_KEY, "0", "0", "WITHSCORES")
    newest = redis_command(port, BOARDS_DATABASE, "ZREVRANGE", WINDOW_ENDS_KEY, "0", "0", "WITHSCORES")
    return BoardSample(top, float(newest[1])) if top and newest else None


class BoardUpdated:
    """Condition that becomes true once the top channel's value and the newest window have both changed.

    The newest window must also be recent: after a restart from a checkpoint, the board first replays old windows.
    """

    def __init__(self, read: Callable[[], BoardSample | None], now_ms: Callable[[], int]) -> None:
        self._read = read
        self._now_ms = now_ms
        self._first: BoardSample | None = None

    def __call__(self) -> bool:
        sample = self._read()
        if sample is None:
            return False
        if self._first is None:
            self._first = sample
        has_changed = sample.top != self._first.top and sample.end_ms > self._first.end_ms
        return has_changed and sample.end_ms >= self._now_ms() - FRESH_MS


def is_job_running(overview: Any) -> bool:
    """Return whether all tasks of a job are running; a job in state RUNNING may still be deploying them.

    Source: Flink, "REST API", /jobs/overview.
    """
    return any(
        job["state"] == "RUNNING" and 0 < job["tasks"]["total"] == job["tasks"]["running"] + job["tasks"]["finished"]
        for job in overview["jobs"]
    )


def joined_channels(status: Any) -> int:
    """Return the number of joined channels from the status of the simulated Twitch."""
    return int(status["irc"]["joined"])


def streams_fetched_ms(port: int) -> int:
    """Return the time of the last channel list refresh, or 0 before the first."""
    text = redis_command(port, STREAMS_DATABASE, "GET", STREAMS_KEY)
    return int(json.loads(text)["fetched_ms"]) if text else 0
