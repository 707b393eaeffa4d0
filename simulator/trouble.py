"""What the active faults do to the bytes of one connection: pure, the time is passed in."""

from __future__ import annotations

import re
from itertools import cycle

from simulator.faults import Fault

# Only what carries an id: of the rest nobody can tell a second copy from a second event.
_WITH_ID = re.compile(rb"^((?:@[^ \r\n]+ )?:[^ \r\n]+ (?:PRIVMSG|USERNOTICE) [^\n]*\n)", re.MULTILINE)
_GARBAGE = (
    b"\0\0\0\r\n",
    b"\xff\xfe\xc3(\x80\xed\xa0\x80\r\n",
    b"@badges=;room-id\r\n",
    b"@=;==;;\\;id= :\r\n",
    b"@tmi-sent-ts=99 :nobody!nobody@nobody.tmi.twitch.tv PRIVMSG\r\n",
    b"@x=" + b"y" * 20_480 + b"\r\n",
    b":tmi.twitch.tv SOMERSAULT #nowhere :hop\r\n",
    b"\r\n\r\r\n",
)


class Trouble:
    """The faults of one connection, and the bytes that they hold back."""

    def __init__(self, now_s: float) -> None:
        self._faults: dict[str, Fault] = {}
        self._garbage = cycle(_GARBAGE)
        self._held = bytearray()
        self._allowance = 0.0
        self._asked_s = now_s

    @property
    def held_bytes(self) -> int:
        """How much waits."""
        return len(self._held)

    @property
    def over(self) -> bool:
        """Whether no fault acts any more and nothing waits."""
        return not self._faults and not self._held

    @property
    def deaf(self) -> bool:
        """Whether nothing is heard or said any more."""
        return self._has("half_open")

    def begin(self, fault: Fault) -> None:
        """Let a fault act."""
        self._faults[fault.id] = fault

    def end(self, fault: Fault) -> None:
        """Let a fault act no more."""
        self._faults.pop(fault.id, None)

    def distort(self, lines: bytes) -> bytes:
        """Return whole lines as the client is to get them."""
        if self._has("duplicates"):
            lines = _WITH_ID.sub(rb"\1\1", lines)
        return lines + next(self._garbage) if lines and self._has("bad_bytes") else lines

    def pass_on(self, data: bytes, now_s: float) -> bytes:
        """Take bytes for the client, and return what may go to it now. `now_s` never goes backwards."""
        if self.deaf:
            self._held.clear()
            return b""
        self._held += data
        may = self._may_go(now_s)
        going = bytes(self._held[:may])
        del self._held[:may]
        return going

    def _may_go(self, now_s: float) -> int:
        rates = [fault.rate for fault in self._faults.values() if fault.kind == "slow"]
        passed_s, self._asked_s = now_s - self._asked_s, now_s
        if self._has("freeze"):
            return 0
        if not rates:
            return len(self._held)
        # What was not used is not saved up: a trickle never becomes a gush.
        self._allowance = min(self._allowance + passed_s * min(rates), len(self._held))
        may = int(self._allowance)
        self._allowance -= may
        return may

    def _has(self, kind: str) -> bool:
        return any(fault.kind == kind for fault in self._faults.values())
