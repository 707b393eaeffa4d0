"""Writes of the listening side: the list of channels, and the keys that user ids are hashed with."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from functools import cache

import httpx
import redis
from django.conf import settings

from apps.ingest import snapshot
from apps.ingest.helix import Helix
from apps.ingest.models import Channel, HashKey
from apps.ingest.snapshot import Stream
from core.errors import ServiceAway

KEY_DAYS_KEPT = 2
_UPDATED = ["login", "name", "category", "language", "title", "viewers", "last_seen_at"]


def refresh_streams(*, now_ms: int) -> int:
    """Ask Helix for the most viewed streams, keep them as channels and as the snapshot; return how many.

    An empty answer changes nothing. Raises: ServiceAway, TwitchRefused.
    """
    streams = helix().top_streams(settings.CHANNELS_WANTED)
    if not streams:
        raise ServiceAway("Helix names no live stream: the last list stays")
    save_channels(streams, seen_at=dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC))
    try:
        with redis.Redis.from_url(settings.REDIS_STREAMS_URL, socket_timeout=5) as client_redis:
            snapshot.write(client_redis, streams, now_ms)
    except redis.RedisError as error:
        raise ServiceAway(f"Redis did not take the stream snapshot: {error}") from error
    return len(streams)


@cache
def helix() -> Helix:
    """Return this process's Helix client, which keeps its token; the simulated Twitch takes any credentials."""
    return Helix(
        client=httpx.Client(timeout=10),
        url=settings.TWITCH_HELIX_URL,
        token_url=settings.TWITCH_TOKEN_URL,
        client_id=settings.TWITCH_CLIENT_ID or "simulated",
        client_secret=settings.TWITCH_CLIENT_SECRET or "simulated",
    )


def save_channels(streams: Sequence[Stream], *, seen_at: dt.datetime) -> None:
    """Insert or update a channel per stream; a renamed one is found again by its id."""
    channels = [
        Channel(
            id=stream.id,
            login=stream.login[:64],
            name=stream.name[:64],
            category=stream.category[:200],
            language=stream.language[:16],
            title=stream.title[:500],
            viewers=stream.viewers,
            last_seen_at=seen_at,
        )
        for stream in streams
    ]
    Channel.objects.bulk_create(channels, update_conflicts=True, unique_fields=["id"], update_fields=_UPDATED)


def hash_key(day: dt.date) -> bytes:
    """Return the day's key; whoever asks first makes it."""
    key, _ = HashKey.objects.get_or_create(day=day, defaults={"key": secrets.token_bytes(32)})
    return bytes(key.key)


def forget_hash_keys(*, today: dt.date) -> int:
    """Delete the keys of days that ended 48 h ago or more; return how many."""
    deleted, _ = HashKey.objects.filter(day__lt=today - dt.timedelta(days=KEY_DAYS_KEPT)).delete()
    return deleted
