"""Which gaps a fault of the simulated Twitch excuses: of the channels it touched, until they must be heard again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.proof.comparison import Fault
from drills.stack import FaultTime

# A message may be under way this long, and a gap begins 2 s before the last bytes that came.
BEFORE_MS = 5_000
# A half-open connection has to be noticed by then; its fault goes on, but touches nothing that is opened later.
NOTICED_MS = 40_000
# Seconds from a fault's end until all it touched must be heard again: 50 channels join at 20 per 11 s after a
# backoff of some seconds. None excuses no gap at all: Helix being away must not touch what is heard.
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
}
# A freeze holds up every connection where nothing else is asked for.
_OF_ALL = frozenset({"freeze"})
# After these, channels wait to be joined; and these keep them waiting, which the simulated Twitch cannot tell.
CUTTING_OFF = frozenset({"reconnect", "reset", "half_open", "slow", "join_refused", "suspended"})
_HOLDING_UP = frozenset({"reconnect", "reset", "half_open", "freeze", "slow"})


def excuse(answer: Mapping[str, Any], *, all_connections: bool = False, cut_off: Sequence[Fault] = ()) -> Fault:
    """Return what a fault excuses, from the simulated Twitch's answer when it was asked for.

    `cut_off` are the faults of its burst that cut off channels: this one may keep those from being joined again.
    """
    kind, from_ms, until_ms = answer["kind"], int(answer["from_ms"]), int(answer["until_ms"])
    recovery_s = RECOVERY_S[kind]
    if recovery_s is None:
        return Fault(from_ms, until_ms, frozenset())
    ends_ms = from_ms + NOTICED_MS if kind == "half_open" else until_ms
    touched = None if all_connections or kind in _OF_ALL else frozenset(answer["channels"])
    fault = Fault(from_ms - BEFORE_MS, ends_ms + recovery_s * 1000, touched)
    return _with(fault, cut_off) if kind in _HOLDING_UP else fault


def excused_share(faults: Sequence[Fault], channels: Collection[str], from_ms: int, until_ms: int) -> float:
    """Return the share of the time of all channels in [`from_ms`, `until_ms`] in which no gap can be wrong."""
    excused_ms = sum(_excused_ms(faults, channel_id, from_ms, until_ms) for channel_id in channels)
    return excused_ms / max(1, len(channels) * (until_ms - from_ms))


def fault_time(fault: Fault) -> FaultTime:
    """Return a fault as `check_ledger --faults` reads it."""
    if fault.channels is None:
        return fault.from_ms, fault.until_ms
    return fault.from_ms, fault.until_ms, sorted(fault.channels)


def _with(fault: Fault, cut_off: Sequence[Fault]) -> Fault:
    channels = fault.channels
    for before in cut_off:
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
