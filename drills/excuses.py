"""The gaps that a fault of the simulated Twitch excuses: those of affected channels until the recovery limit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.proof.comparison import Fault
from drills.stack import FaultTime

# A message may be in transit this long, and a gap starts 2 s before the last received bytes.
BEFORE_MS = 5_000
# A half-open connection must be detected within this time; the fault lasts longer, but does not affect connections
# that are opened after its start.
DETECTED_MS = 40_000
# Seconds from a fault's end until all affected channels must be heard again: 50 channels join at 20 per 11 s after a
# backoff of a few seconds. Faults with None excuse no gaps: they affect only Helix, which must not affect channels that
# are heard.
RECOVERY_S: Mapping[str, int | None] = {
    "reconnect": 60,
    "reset": 60,
    "half_open": 60,
    "freeze": 90,
    "flood": 10,
    "slow": 60,
    "bad_bytes": 60,
    "join_refused": 60,
    "suspended": 60,
    "duplicates": 10,
    "token_revoked": None,
    "rate_limited": None,
    "server_error": None,
    "hang": None,
    "bad_paging": None,
    "malformed": None,
    "short_pages": None,
    "cursor_refused": None,
    "bad_starts": None,
    "absent": None,
    "old_answers": None,
    "old_texts": None,
}
# A freeze affects every connection unless the request limits it.
_ALL_CONNECTIONS = frozenset({"freeze"})
# Faults of the first set leave channels waiting to be rejoined; those of the second prolong that wait. The simulated
# Twitch does not report which channels are waiting.
DISCONNECTING = frozenset({"reconnect", "reset", "half_open", "slow", "join_refused", "suspended"})
_DELAYING = frozenset({"reconnect", "reset", "half_open", "freeze", "slow"})


def excuse(response: Mapping[str, Any], *, all_connections: bool = False, disconnected: Sequence[Fault] = ()) -> Fault:
    """Return the gaps that a fault excuses, from the simulated Twitch's response to its request.

    `disconnected` are earlier faults of the burst that disconnected channels, whose rejoining this fault may delay.
    """
    kind, from_ms, until_ms = response["kind"], int(response["from_ms"]), int(response["until_ms"])
    recovery_s = RECOVERY_S[kind]
    if recovery_s is None:
        return Fault(from_ms, until_ms, frozenset())
    ends_ms = from_ms + DETECTED_MS if kind == "half_open" else until_ms
    affected = None if all_connections or kind in _ALL_CONNECTIONS else frozenset(response["channels"])
    fault = Fault(from_ms - BEFORE_MS, ends_ms + recovery_s * 1000, affected)
    return _with_disconnected(fault, disconnected) if kind in _DELAYING else fault


def excused_share(faults: Sequence[Fault], channels: Collection[str], from_ms: int, until_ms: int) -> float:
    """Return the share of all channels' time in [`from_ms`, `until_ms`] in which gaps are excused."""
    excused_ms = sum(_excused_ms(faults, channel_id, from_ms, until_ms) for channel_id in channels)
    return excused_ms / max(1, len(channels) * (until_ms - from_ms))


def fault_time(fault: Fault) -> FaultTime:
    """Return a fault in the format of `check_ledger --faults`."""
    if fault.channels is None:
        return fault.from_ms, fault.until_ms
    return fault.from_ms, fault.until_ms, sorted(fault.channels)


def _with_disconnected(fault: Fault, disconnected: Sequence[Fault]) -> Fault:
    channels = fault.channels
    for before in disconnected:
        if before.until_ms >= fault.from_ms:
            channels = None if channels is None or before.channels is None else channels | before.channels
    return replace(fault, channels=channels)


def _excused_ms(faults: Sequence[Fault], channel_id: str, from_ms: int, until_ms: int) -> int:
    total, reached_ms = 0, from_ms
    for fault in sorted(faults, key=lambda fault: fault.from_ms):
        if fault.channels is None or channel_id in fault.channels:
            begin_ms, end_ms = max(fault.from_ms, reached_ms), min(fault.until_ms, until_ms)
            total += max(0, end_ms - begin_ms)
            reached_ms = max(reached_ms, end_ms)
    return total
