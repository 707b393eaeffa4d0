"""The live channels outside the channel list, in Redis: written by Celery, read by the start page of the admin site."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

import redis

from core.channels.outside import OutsideChannel
from core.contracts import redis_keys

# The list is written once a minute. After this long without a successful poll, it no longer shows rising channels.
TTL_S = 600
_FIELDS = frozenset(field.name for field in fields(OutsideChannel))


@dataclass(frozen=True, slots=True)
class OutsideList:
    """Channels outside the channel list, most viewers first, and the time of the Helix poll."""

    fetched_ms: int
    channels: tuple[OutsideChannel, ...]


def write(client: redis.Redis, channels: Iterable[OutsideChannel], fetched_ms: int) -> None:
    """Replace the list; it expires after TTL_S. Raises: redis.RedisError."""
    body = {"fetched_ms": fetched_ms, "channels": [asdict(channel) for channel in channels]}
    client.set(redis_keys.OUTSIDE_LIST, json.dumps(body), ex=TTL_S)


def read(client: redis.Redis) -> OutsideList | None:
    """Return the list, or None if it is missing or from a version with other fields. Raises: redis.RedisError."""
    raw = client.get(redis_keys.OUTSIDE_LIST)
    try:
        return _decode(raw) if isinstance(raw, (bytes, str)) and raw else None
    except (ValueError, KeyError, TypeError):
        return None


def _decode(raw: bytes | str) -> OutsideList:
    data: dict[str, Any] = json.loads(raw)
    rows = ({name: row[name] for name in _FIELDS} for row in data["channels"])
    return OutsideList(int(data["fetched_ms"]), tuple(OutsideChannel(**row) for row in rows))
