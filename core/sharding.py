"""Which partition a channel belongs to, and which connection listens to it."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


def partition_of(channel_id: str, partitions: int) -> int:
    """Return the channel's partition: CRC-32 of its id, as librdkafka's `consistent` partitioner."""
    return zlib.crc32(channel_id.encode()) % partitions


@dataclass(slots=True)
class Moves:
    """What to change: logins to join and to part by connection number; new numbers are new connections."""

    join: dict[int, list[str]] = field(default_factory=dict)
    part: dict[int, list[str]] = field(default_factory=dict)


def plan(wanted: Iterable[str], connections: Mapping[int, Iterable[str]], per_connection: int) -> Moves:
    """Return the fewest moves that make the connections listen to `wanted`, the first ones joined first.

    A channel that is wanted and has a connection stays where it is; free places are filled before new
    connections are opened.
    """
    order = list(dict.fromkeys(wanted))
    keep = set(order)
    moves = Moves()
    room: dict[int, int] = {}
    placed: set[str] = set()
    for number, logins in connections.items():
        gone = [login for login in logins if login not in keep]
        stay = [login for login in logins if login in keep]
        placed.update(stay)
        room[number] = per_connection - len(stay)
        if gone:
            moves.part[number] = gone
    following = max(connections, default=-1) + 1
    for login in (login for login in order if login not in placed):
        number = next((n for n, free in room.items() if free > 0), following)
        if number == following:
            following += 1
            room[number] = per_connection
        room[number] -= 1
        moves.join.setdefault(number, []).append(login)
    return moves
