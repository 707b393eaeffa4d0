"""The Redis snapshot of the wanted channels: written by Celery, read by the producer and the pages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import redis
import redis.asyncio

KEY = "streams"
# What was decided when the list was made, in short.
CURATION_KEY = "streams-curation"


@dataclass(frozen=True, slots=True)
class Stream:
    """A wanted channel's stream as Helix last told. `started_at` is ISO 8601 in UTC.

    A channel that is offline, kept for a while or pinned, has `live` False and no viewers.
    """

    id: str
    login: str
    name: str
    viewers: int | None
    category: str
    language: str
    title: str
    started_at: str
    live: bool = True


_FIELDS = frozenset(field.name for field in fields(Stream))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The streams by channel id, most viewers first and those offline last, and when Helix was asked.

    `barred` are the ids of channels that are not to be found: blocked, or opted out.
    """

    fetched_ms: int
    streams: Mapping[str, Stream]
    barred: frozenset[str] = frozenset()


def encode(streams: Iterable[Stream], fetched_ms: int, barred: Iterable[str] = ()) -> bytes:
    """Return the snapshot as stored."""
    rows = [asdict(stream) for stream in streams]
    return json.dumps({"fetched_ms": fetched_ms, "streams": rows, "barred": sorted(barred)}).encode()


def decode(raw: bytes | str) -> Snapshot:
    """Return the snapshot in `raw`, without fields that we do not know.

    Raises: ValueError, KeyError, TypeError when it is not one.
    """
    data: dict[str, Any] = json.loads(raw)
    streams = [Stream(**{name: row[name] for name in _FIELDS & row.keys()}) for row in data["streams"]]
    barred = frozenset(map(str, data.get("barred", ())))
    return Snapshot(int(data["fetched_ms"]), {stream.id: stream for stream in streams}, barred)


def write(
    client: redis.Redis,
    streams: Iterable[Stream],
    fetched_ms: int,
    *,
    barred: Iterable[str] = (),
    curation: str = "",
) -> None:
    """Replace the snapshot, made by this `curation`."""
    client.mset({KEY: encode(streams, fetched_ms, barred), CURATION_KEY: curation})


def curation_of(client: redis.Redis) -> str:
    """Return the curation that the snapshot was made by, "" where nobody knows."""
    raw = client.get(CURATION_KEY)
    return raw.decode() if isinstance(raw, bytes) else ""


async def read(client: redis.asyncio.Redis) -> Snapshot | None:
    """Return the snapshot, or None when there is none: keep the last one then. Raises: redis.RedisError."""
    raw = await client.get(KEY)
    return decode(raw) if raw else None


def read_now(client: redis.Redis) -> Snapshot | None:
    """Return the snapshot as `read` does, for callers without an event loop. Raises: redis.RedisError."""
    raw = client.get(KEY)
    return decode(raw) if isinstance(raw, (bytes, str)) and raw else None
