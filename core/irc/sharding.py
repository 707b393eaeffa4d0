"""Assignment of channels to partitions and connections."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.irc.session import JOIN_WINDOW_MS, JOINS_PER_WINDOW

# Interval between connection attempts.
CONNECT_EVERY_MS = 2_000


def partition_of(channel_id: str, partitions: int) -> int:
    """Return a channel's partition by the CRC-32 of its id, as librdkafka's `consistent` partitioner does."""
    return zlib.crc32(channel_id.encode()) % partitions


@dataclass(slots=True)
class Moves:
    """Logins to join and to part, by connection number; unknown numbers are new connections."""

    join: dict[int, list[str]] = field(default_factory=dict)
    part: dict[int, list[str]] = field(default_factory=dict)


def plan(
    targets: Iterable[str], connections: Mapping[int, Iterable[str]], per_connection: int, *, strict: bool = False
) -> Moves:
    """Return the fewest moves after which the connections hold exactly the `targets` logins, in order of priority.

    Assigned channels stay on their connection. Existing connections are filled before new ones are opened. New ones
    are filled in the order in which their joins will be sent: one after the other if all share one budget (`strict`),
    otherwise in rotation.
    """
    order = list(dict.fromkeys(targets))
    keep = set(order)
    moves = Moves()
    room: dict[int, int] = {}
    assigned: set[str] = set()
    for number, logins in connections.items():
        removed = [login for login in logins if login not in keep]
        kept = [login for login in logins if login in keep]
        assigned.update(kept)
        room[number] = per_connection - len(kept)
        if removed:
            moves.part[number] = removed
    rest = [login for login in order if login not in assigned]
    for number, free in room.items():
        if free > 0 and rest:
            moves.join[number], rest = rest[:free], rest[free:]
    following = max(connections, default=-1) + 1
    moves.join |= {following + n: logins for n, logins in enumerate(_deal(rest, per_connection, strict))}
    return moves


def _deal(logins: list[str], per_connection: int, strict: bool) -> list[list[str]]:
    """Distribute `logins` over new connections so that joins are sent in order of priority."""
    if strict:
        return [logins[at : at + per_connection] for at in range(0, len(logins), per_connection)]
    dealt: list[list[str]] = [[] for _ in range(-(-len(logins) // per_connection))]
    waves = range(-(-per_connection // JOINS_PER_WINDOW))
    turns = sorted((n * CONNECT_EVERY_MS + wave * JOIN_WINDOW_MS, n) for n in range(len(dealt)) for wave in waves)
    start = 0
    for _, n in turns:
        end = start + min(JOINS_PER_WINDOW, per_connection - len(dealt[n]))
        dealt[n] += logins[start:end]
        start = end
    return [names for names in dealt if names]
