"""Faults of the simulated Twitch: requests, defaults and active faults. Pure: the time is passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import TwitchlyError

MAX_SECONDS = 3_600
MAX_COUNT = 1_000_000


class BadFault(TwitchlyError):
    """An invalid fault request. The message says what was expected."""


@dataclass(frozen=True, slots=True)
class FaultRequest:
    """A requested fault; 0 for `connections` or `channels` means all.

    `rate` is messages a second in total (flood) or bytes a second per connection (slow).
    """

    kind: str
    seconds: float
    connections: int = 1
    channels: int = 1
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Fault:
    """A started fault, active in [`from_ms`, `until_ms`)."""

    id: str
    kind: str
    from_ms: int
    until_ms: int
    connections: int
    channels: int
    rate: float


IRC_DEFAULTS = (
    FaultRequest("reconnect", 30),
    FaultRequest("reset", 0),
    FaultRequest("half_open", 120),
    FaultRequest("freeze", 12, connections=0),
    FaultRequest("flood", 15, rate=2_000),
    FaultRequest("slow", 20, rate=2_048),
    FaultRequest("bad_bytes", 15),
    FaultRequest("join_refused", 30),
    FaultRequest("suspended", 30),
    FaultRequest("duplicates", 15),
)
# Helix is polled about once a minute; a shorter fault could go unnoticed.
HELIX_DEFAULTS = (
    *(
        FaultRequest(kind, 90)
        for kind in (
            "token_revoked",
            "rate_limited",
            "server_error",
            "hang",
            "bad_paging",
            "malformed",
            "short_pages",
            "cursor_refused",
        )
    ),
    *(FaultRequest(kind, 90, channels=5) for kind in ("bad_starts", "absent", "old_answers", "old_texts")),
)
DEFAULTS: Mapping[str, FaultRequest] = {request.kind: request for request in (*IRC_DEFAULTS, *HELIX_DEFAULTS)}
_LARGEST: Mapping[str, float] = {
    "seconds": MAX_SECONDS,
    "connections": MAX_COUNT,
    "channels": MAX_COUNT,
    "rate": MAX_COUNT,
}


class Faults:
    """The active faults of IRC and Helix."""

    def __init__(self) -> None:
        self._started = 0
        self._faults: list[Fault] = []

    def begin(self, request: FaultRequest, now_ms: int) -> Fault:
        """Start a fault now."""
        self._started += 1
        fault = Fault(
            id=f"{request.kind}-{self._started}",
            kind=request.kind,
            from_ms=now_ms,
            until_ms=now_ms + round(request.seconds * 1000),
            connections=request.connections,
            channels=request.channels,
            rate=request.rate,
        )
        self._faults = [*self.all_active(now_ms), fault]
        return fault

    def active(self, kind: str, now_ms: int) -> Fault | None:
        """Return the newest active fault of a kind."""
        return next((fault for fault in reversed(self.all_active(now_ms)) if fault.kind == kind), None)

    def all_active(self, now_ms: int) -> list[Fault]:
        """Return the active faults in order of their start."""
        return [fault for fault in self._faults if now_ms < fault.until_ms]

    def end_all(self) -> None:
        """End every fault now."""
        self._faults = []


def parse_request(body: Any) -> FaultRequest:
    """Parse a fault request from a decoded JSON body. Raises: BadFault."""
    if not isinstance(body, dict) or not isinstance(body.get("kind"), str) or body["kind"] not in DEFAULTS:
        raise BadFault(f"expected an object whose kind is one of {', '.join(DEFAULTS)}")
    unknown = body.keys() - _LARGEST.keys() - {"kind"}
    if unknown:
        raise BadFault(f"unknown fields {', '.join(sorted(unknown))}: expected only kind, {', '.join(_LARGEST)}")
    values = {name: _number(name, body[name]) for name in _LARGEST if name in body}
    return replace(DEFAULTS[body["kind"]], **values)


def _number(name: str, value: Any) -> Any:
    whole, largest = name in ("connections", "channels"), _LARGEST[name]
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise BadFault(f"expected {name} as a {'whole ' if whole else ''}number")
    if not 0 <= value <= largest:
        raise BadFault(f"expected {name} between 0 and {largest:g}")
    return value
