"""Effect of active faults on the bytes of one connection. Pure: the time is passed in."""

from __future__ import annotations

import re
from itertools import cycle

from simulator.faults import Fault

# Only lines with an id are duplicated, because a duplicate of any other line would be a second event.
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


class Disruption:
    """The faults of one connection and the bytes that they hold back."""

    def __init__(self, now_s: float) -> None:
        self._faults: dict[str, Fault] = {}
        self._garbage = cycle(_GARBAGE)
        self._held = bytearray()
        self._allowance = 0.0
        self._last_call_s = now_s

    @property
    def held_bytes(self) -> int:
        """The number of bytes held back."""
        return len(self._held)

    @property
    def is_over(self) -> bool:
        """True if no fault is active and nothing is held back."""
        return not self._faults and not self._held

    @property
    def is_half_open(self) -> bool:
        """True if the connection neither receives nor sends."""
        return self._has("half_open")

    def begin(self, fault: Fault) -> None:
        """Apply a fault."""
        self._faults[fault.id] = fault

    def end(self, fault: Fault) -> None:
        """Remove a fault."""
        self._faults.pop(fault.id, None)

    def distort(self, lines: bytes) -> bytes:
        """Return complete lines with duplicates and garbage applied."""
        if self._has("duplicates"):
            lines = _WITH_ID.sub(rb"\1\1", lines)
        return lines + next(self._garbage) if lines and self._has("bad_bytes") else lines

    def release(self, data: bytes, now_s: float) -> bytes:
        """Queue bytes for the client and return those to send now. `now_s` is monotonic."""
        if self.is_half_open:
            self._held.clear()
            return b""
        self._held += data
        count = self._releasable_bytes(now_s)
        released = bytes(self._held[:count])
        del self._held[:count]
        return released

    def _releasable_bytes(self, now_s: float) -> int:
        rates = [fault.rate for fault in self._faults.values() if fault.kind == "slow"]
        passed_s, self._last_call_s = now_s - self._last_call_s, now_s
        if self._has("freeze"):
            return 0
        if not rates:
            return len(self._held)
        # Unused allowance does not accumulate.
        self._allowance = min(self._allowance + passed_s * min(rates), len(self._held))
        count = int(self._allowance)
        self._allowance -= count
        return count

    def _has(self, kind: str) -> bool:
        return any(fault.kind == kind for fault in self._faults.values())
