"""Sans-I/O session of one anonymous IRC connection: bytes and times in; events, bytes and wake-up times out.

Times are ms on a monotonic clock. Source: dev.twitch.tv, "IRC" and "Rate Limits".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from core.irc.lines import Line, parse
from core.irc.silence import Silence

JOINS_PER_WINDOW = 20
# Longer than Twitch's 10 s, because the server counts JOINs when it reads them.
JOIN_WINDOW_MS = 11_000
JOIN_ANSWER_MS = 10_000
JOIN_RETRY_MAX_MS = 300_000
# A join counts as failed after this many attempts, but is still retried.
JOIN_FAILED_TRIES = 3
WELCOME_WITHIN_MS = 15_000
PING_EVERY_MS = 15_000
PONG_WITHIN_MS = 10_000
# Longer lines are invalid: tags are limited to 8 KiB, and the longest recorded text is far shorter than 56 KiB.
MAX_LINE_BYTES = 65_536
SWEEP_EVERY_MS = 5_000

# Gap reasons by the msg-id with which Twitch refuses a join.
REFUSED = {"msg_channel_suspended": "suspended", "msg_banned": "refused", "tos_ban": "refused"}


@dataclass(frozen=True, slots=True)
class Joined:
    """Twitch confirmed the join of a channel."""

    login: str


@dataclass(frozen=True, slots=True)
class Left:
    """A channel is no longer joined; the session rejoins it."""

    login: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Twitch refused to let us join a channel; the session retries later."""

    login: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Twitch will close this connection soon: open another one before leaving."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection is unusable: close it and open another one."""

    reason: str


# Chat messages and notices are events of type Line.
Event = Line | Joined | Left | Refused | Reconnect | Ended


@dataclass(slots=True)
class _Pending:
    tries: int = 0
    retry_at_ms: int = 0


class JoinBudget:
    """Rate limit for JOINs; several sessions may share a budget.

    Sessions that wait for an exhausted budget are served in order of `delay_ms`.
    """

    def __init__(self, limit: int = JOINS_PER_WINDOW, window_ms: int = JOIN_WINDOW_MS) -> None:
        self._limit = limit
        self._window_ms = window_ms
        self._times: deque[int] = deque()
        self._free_ms = 0

    def take(self, now_ms: int, delay_ms: int = 0) -> bool:
        """Consume one join if the budget allows it, and return whether it did."""
        while self._times and self._times[0] <= now_ms - self._window_ms:
            self._times.popleft()
        if len(self._times) >= self._limit or now_ms < self.free_at_ms(delay_ms):
            return False
        self._times.append(now_ms)
        if len(self._times) == self._limit:
            self._free_ms = self._times[0] + self._window_ms
        return True

    def free_at_ms(self, delay_ms: int = 0) -> int:
        """Return when the next JOIN is allowed; a past time means now."""
        return self._free_ms + delay_ms if self._free_ms else 0


class Session:
    """Handshake, rate-limited joins with retries, PING watchdog and detection of silent channels.

    Call `receive_data` on input and `tick` at `wake_at_ms`; send the bytes from `data_to_send`.
    `heard_ms` is the time of the last input, `lag_ms` the delay of the newest bytes, measured by PING.
    """

    def __init__(self, nick: str, now_ms: int, budget: JoinBudget | None = None, join_delay_ms: int = 0) -> None:
        self._buffer = b""
        self._out: list[str] = ["CAP REQ :twitch.tv/tags twitch.tv/commands", f"NICK {nick}"]
        self._nick = nick.lower()
        self._budget = budget or JoinBudget()
        self._join_delay_ms = join_delay_ms
        self._pending: dict[str, _Pending] = {}
        self._joined: dict[str, None] = {}
        self._silence = Silence()
        self._began_ms = self._swept_ms = self._ping_sent_ms = now_ms
        self._pinged_ms: int | None = None
        self._is_welcomed = self._has_capabilities = False
        self.heard_ms = now_ms
        self.lag_ms = 0

    @property
    def is_ready(self) -> bool:
        """True if the login succeeded and the capabilities were granted."""
        return self._is_welcomed and self._has_capabilities

    @property
    def joined(self) -> frozenset[str]:
        """The logins whose joins were confirmed."""
        return frozenset(self._joined)

    @property
    def pending(self) -> int:
        """The number of unconfirmed joins."""
        return len(self._pending)

    @property
    def failed(self) -> int:
        """The number of joins that failed repeatedly."""
        return sum(pending.tries >= JOIN_FAILED_TRIES for pending in list(self._pending.values()))

    def join(self, logins: Iterable[str]) -> None:
        """Queue joins in order of priority; they are sent as the limits allow."""
        for login in logins:
            if login not in self._joined:
                self._pending.setdefault(login, _Pending())

    def part(self, logins: Iterable[str]) -> list[str]:
        """Part channels or cancel their joins; return those that were joined."""
        left = []
        for login in logins:
            pending = self._pending.pop(login, None)
            if login in self._joined:
                left.append(login)
                self._forget(login)
            if login in left or (pending is not None and pending.tries):
                self._out.append(f"PART #{login}")
        return left

    def data_to_send(self) -> bytes:
        """Remove and return the bytes to send."""
        data = "".join(f"{line}\r\n" for line in self._out).encode()
        self._out.clear()
        return data

    def receive_data(self, data: bytes, now_ms: int) -> list[Event]:
        """Parse received bytes and return their events in order."""
        self.heard_ms, self._pinged_ms = now_ms, None
        *lines, self._buffer = (self._buffer + data).split(b"\n") if self._buffer else data.split(b"\n")
        events: list[Event] = []
        for raw in lines:
            line = parse(raw)
            if line.command == "PRIVMSG":
                self._silence.heard(line.channel, now_ms)
                events.append(line)
            else:
                self._handle_line(line, now_ms, events)
        if len(self._buffer) > MAX_LINE_BYTES:
            events.append(Ended(f"line longer than {MAX_LINE_BYTES} bytes"))
        return events

    def tick(self, now_ms: int) -> list[Event]:
        """Run due work: joins, retries, PING. End the session if a PING is not answered."""
        if self._pinged_ms is not None and now_ms - self._pinged_ms >= PONG_WITHIN_MS:
            return [Ended("silent")]
        if not self.is_ready and now_ms - self._began_ms >= WELCOME_WITHIN_MS:
            return [Ended("no welcome")]
        if self._pinged_ms is None and now_ms - self.heard_ms >= PING_EVERY_MS:
            self._pinged_ms = self._ping_sent_ms = now_ms
            self._out.append("PING :twitchly")
        events: list[Event] = []
        if now_ms - self._swept_ms >= SWEEP_EVERY_MS:
            self._swept_ms = now_ms
            self._sweep(now_ms, events)
        if self.is_ready:
            self._send_joins(now_ms)
        return events

    def wake_at_ms(self, now_ms: int) -> int:
        """Return the latest time for the next `tick`."""
        due = self.heard_ms + PING_EVERY_MS if self._pinged_ms is None else self._pinged_ms + PONG_WITHIN_MS
        if not self.is_ready:
            due = min(due, self._began_ms + WELCOME_WITHIN_MS)
        if self._joined:
            due = min(due, self._swept_ms + SWEEP_EVERY_MS)
        if self.is_ready and self._pending:
            retry = min(pending.retry_at_ms for pending in self._pending.values())
            due = min(due, max(retry, self._budget.free_at_ms(self._join_delay_ms)))
        return max(now_ms, due)

    def _send_joins(self, now_ms: int) -> None:
        for login, pending in self._pending.items():
            if pending.retry_at_ms <= now_ms:
                if not self._budget.take(now_ms, self._join_delay_ms):
                    return
                pending.retry_at_ms = now_ms + min(JOIN_ANSWER_MS * 2**pending.tries, JOIN_RETRY_MAX_MS)
                pending.tries += 1
                self._out.append(f"JOIN #{login}")

    def _sweep(self, now_ms: int, events: list[Event]) -> None:
        """Rejoin channels that are suspiciously silent, because some servers lose joins."""
        for login in self._silence.due(now_ms):
            # Part only if the limit allows the JOIN that follows.
            if not self._budget.take(now_ms, self._join_delay_ms):
                return
            self._silence.mark_rejoined(login)
            self._out += [f"PART #{login}", f"JOIN #{login}"]
            self._leave(login, "silent", events)
            self._pending[login] = _Pending(1, now_ms + JOIN_ANSWER_MS)

    def _handle_line(self, line: Line, now_ms: int, events: list[Event]) -> None:
        match line.command:
            case "PING":
                self._out.append(f"PONG :{line.params[-1] if line.params else 'tmi.twitch.tv'}")
            case "PONG":
                self.lag_ms = now_ms - self._ping_sent_ms
            case "001":
                self._is_welcomed = True
            case "CAP" if "ACK" in line.params[:2]:
                self._has_capabilities = True
            case "JOIN" if line.nick.lower() == self._nick:
                self._confirm(line.channel, now_ms, events)
            case "366" if len(line.params) > 1:
                self._confirm(line.params[1].removeprefix("#").lower(), now_ms, events)
            case "PART" if line.nick.lower() == self._nick:
                self._leave(line.channel, "parted", events)
            case "NOTICE" if line.tag("msg-id") in REFUSED:
                reason = REFUSED[line.tag("msg-id")]
                events.append(Refused(line.channel, reason))
                self._leave(line.channel, reason, events)
            case "RECONNECT":
                events.append(Reconnect())
            case "CAP" if "NAK" in line.params[:2]:
                events.append(Ended("capabilities refused"))
            case "CAP" | "JOIN" | "PART" | "353" | "366":
                pass
            case _:
                events.append(line)

    def _confirm(self, login: str, now_ms: int, events: list[Event]) -> None:
        if self._pending.pop(login, None) is not None:
            self._joined[login] = None
            self._silence.watch(login, now_ms)
            events.append(Joined(login))

    def _leave(self, login: str, reason: str, events: list[Event]) -> None:
        if login in self._joined:
            self._forget(login)
            self._pending[login] = _Pending()
            events.append(Left(login, reason))

    def _forget(self, login: str) -> None:
        del self._joined[login]
        self._silence.unwatch(login)
