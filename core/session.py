"""One anonymous IRC connection to Twitch, without I/O: bytes and a time in; events, bytes and a wake-up time out.

Times are ms on any clock that never goes back. Source: twitch.md "Connecting", "Limits".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from core.irc import Line, parse

JOINS_PER_WINDOW = 20
# A little more than the 10 s of the rule: two clocks and a network lie between us and the server.
JOIN_WINDOW_MS = 10_500
JOIN_ANSWER_MS = 10_000
JOIN_RETRY_MAX_MS = 300_000
PING_EVERY_MS = 15_000
PONG_WITHIN_MS = 10_000
# A line longer than this is no IRC: tags up to 8 KiB, and the longest recorded text far below the rest.
MAX_LINE_BYTES = 65_536

REFUSED = frozenset({"msg_channel_suspended", "msg_banned", "tos_ban"})


@dataclass(frozen=True, slots=True)
class Joined:
    """Twitch confirmed that we hear this channel."""

    login: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Twitch said why we cannot hear this channel; it is asked again later."""

    login: str
    reason: str


@dataclass(frozen=True, slots=True)
class Received:
    """A line for the reader: chat and notices."""

    line: Line


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection is of no more use: close it and open another."""

    reason: str


Event = Joined | Refused | Received | Ended


@dataclass(slots=True)
class _Pending:
    tries: int = 0
    retry_at_ms: int = 0


class Session:
    """Handshake, paced joins until each is confirmed, PING watchdog.

    Feed it with `receive_data` and, at `wake_at_ms`, with `tick`; send what `data_to_send` returns.
    `heard_ms` is when bytes came last.
    """

    def __init__(self, nick: str, now_ms: int) -> None:
        self._buffer = bytearray()
        self._out: list[str] = ["CAP REQ :twitch.tv/tags twitch.tv/commands", f"NICK {nick}"]
        self._nick = nick.lower()
        self._welcome = False
        self._pending: dict[str, _Pending] = {}
        self._joined: set[str] = set()
        self._join_times: deque[int] = deque()
        self.heard_ms = now_ms
        self._pinged_ms: int | None = None

    @property
    def joined(self) -> frozenset[str]:
        """The logins that Twitch confirmed."""
        return frozenset(self._joined)

    def join(self, logins: Iterable[str]) -> None:
        """Ask for channels, most wanted first; they are joined as the limits allow."""
        for login in logins:
            if login not in self._joined:
                self._pending.setdefault(login, _Pending())

    def part(self, logins: Iterable[str]) -> None:
        """Leave channels, or stop asking for them."""
        for login in logins:
            pending = self._pending.pop(login, None)
            if login in self._joined or (pending is not None and pending.tries):
                self._out.append(f"PART #{login}")
            self._joined.discard(login)

    def data_to_send(self) -> bytes:
        """Return what is to be sent now, once."""
        data = "".join(f"{line}\r\n" for line in self._out).encode()
        self._out.clear()
        return data

    def receive_data(self, data: bytes, now_ms: int) -> list[Event]:
        """Take bytes as they came and return what they mean, in order."""
        self.heard_ms, self._pinged_ms = now_ms, None
        self._buffer += data
        *lines, rest = self._buffer.split(b"\n")
        if len(rest) > MAX_LINE_BYTES:
            return [Ended(f"a line of more than {MAX_LINE_BYTES} bytes")]
        self._buffer = bytearray(rest)
        events: list[Event] = []
        for raw in lines:
            self._line(parse(bytes(raw)), events)
        return events

    def tick(self, now_ms: int) -> list[Event]:
        """Do what is due: joins, retries, PING. Ends the session when a PING stays without answer."""
        if self._pinged_ms is not None and now_ms - self._pinged_ms >= PONG_WITHIN_MS:
            return [Ended("silent")]
        if self._pinged_ms is None and now_ms - self.heard_ms >= PING_EVERY_MS:
            self._pinged_ms = now_ms
            self._out.append("PING :twitchly")
        if self._welcome:
            self._send_joins(now_ms)
        return []

    def wake_at_ms(self, now_ms: int) -> int:
        """Return when `tick` is due at the latest."""
        due = [self.heard_ms + PING_EVERY_MS if self._pinged_ms is None else self._pinged_ms + PONG_WITHIN_MS]
        if self._welcome and self._pending:
            retry = min(pending.retry_at_ms for pending in self._pending.values())
            free = self._join_times[0] + JOIN_WINDOW_MS if len(self._join_times) >= JOINS_PER_WINDOW else 0
            due.append(max(retry, free))
        return max(now_ms, min(due))

    def _send_joins(self, now_ms: int) -> None:
        while self._join_times and self._join_times[0] <= now_ms - JOIN_WINDOW_MS:
            self._join_times.popleft()
        for login, pending in self._pending.items():
            if len(self._join_times) >= JOINS_PER_WINDOW:
                return
            if pending.retry_at_ms <= now_ms:
                pending.retry_at_ms = now_ms + min(JOIN_ANSWER_MS * 2**pending.tries, JOIN_RETRY_MAX_MS)
                pending.tries += 1
                self._join_times.append(now_ms)
                self._out.append(f"JOIN #{login}")

    def _line(self, line: Line, events: list[Event]) -> None:
        match line.command:
            case "PING":
                self._out.append(f"PONG :{line.params[-1] if line.params else 'tmi.twitch.tv'}")
            case "001":
                self._welcome = True
            case "JOIN" if line.nick.lower() == self._nick:
                if self._pending.pop(line.channel, None) is not None:
                    self._joined.add(line.channel)
                    events.append(Joined(line.channel))
            case "NOTICE" if line.tags.get("msg-id") in REFUSED:
                events.append(Refused(line.channel, line.tags["msg-id"]))
            case "RECONNECT":
                events.append(Ended("Twitch asked to reconnect"))
            case "CAP" if "NAK" in line.params[:2]:
                events.append(Ended("capabilities refused"))
            case "PONG" | "CAP" | "JOIN" | "PART" | "353" | "366":
                pass
            case _:
                events.append(Received(line))
