"""The channel list in Redis: written by Celery, read by the producer and the pages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import redis
import redis.asyncio

from core.channels.stream import Stream
from core.contracts import redis_keys

_FIELDS = frozenset(field.name for field in fields(Stream))


@dataclass(frozen=True, slots=True)
class ChannelList:
    """Streams by channel id, those with the most viewers first and offline ones last, and the time of the Helix poll.

    `excluded` holds the ids of channels that must not be found: blocked or opted out.
    """

    fetched_ms: int
    streams: Mapping[str, Stream]
    excluded: frozenset[str] = frozenset()


def encode(streams: Iterable[Stream], fetched_ms: int, excluded: Iterable[str] = ()) -> bytes:
    """Serialize a channel list."""
    rows = [asdict(stream) for stream in streams]
    return json.dumps({"fetched_ms": fetched_ms, "streams": rows, "barred": sorted(excluded)}).encode()


def decode(raw: bytes | str) -> ChannelList:
    """Parse a channel list, ignoring unknown fields.

    Raises: ValueError, KeyError, TypeError if `raw` is malformed.
    """
    data: dict[str, Any] = json.loads(raw)
    streams = [Stream(**{name: row[name] for name in _FIELDS & row.keys()}) for row in data["streams"]]
    excluded = frozenset(map(str, data.get("barred", ())))
    return ChannelList(int(data["fetched_ms"]), {stream.id: stream for stream in streams}, excluded)


def write(
    client: redis.Redis,
    streams: Iterable[Stream],
    fetched_ms: int,
    *,
    excluded: Iterable[str] = (),
    curation: str = "",
) -> None:
    """Replace the channel list. `curation` is the digest of the curation that the list reflects."""
    client.mset(
        {redis_keys.CHANNEL_LIST: encode(streams, fetched_ms, excluded), redis_keys.CHANNEL_LIST_CURATION: curation}
    )


def read_curation_digest(client: redis.Redis) -> str:
    """Return the digest of the curation that the list reflects, or "" if unknown."""
    raw = client.get(redis_keys.CHANNEL_LIST_CURATION)
    return raw.decode() if isinstance(raw, bytes) else ""


async def read(client: redis.asyncio.Redis) -> ChannelList | None:
    """Return the channel list, or None if it is missing; callers then keep the previous list. Raises: RedisError."""
    raw = await client.get(redis_keys.CHANNEL_LIST)
    return decode(raw) if raw else None


def read_sync(client: redis.Redis) -> ChannelList | None:
    """Return the channel list like `read`, for callers without an event loop. Raises: redis.RedisError."""
    raw = client.get(redis_keys.CHANNEL_LIST)
    return decode(raw) if isinstance(raw, (bytes, str)) and raw else None
