"""Where a channel stands among the live ones that are like it: by size, by category and by language."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import redis.asyncio
from asgiref.sync import async_to_sync
from django.conf import settings

from apps.dashboard.directory import language_name
from apps.ingest import snapshot
from apps.metrics.boards import BoardReader, LiveValues
from core.errors import ServiceAway
from core.ranking import age_of
from core.size_bands import band_of
from core.standing import FEWEST, percentile

KEPT_MS = 3_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Peer:
    """A live channel, as it is compared with others."""

    category: str
    language: str
    values: Mapping[str, float]

    @property
    def size(self) -> str:
        """The label of the band of its viewers, empty while they are unknown."""
        return band_of(round(self.values["viewers"])).label if "viewers" in self.values else ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A channel's place in one group: the percentage of the others below it, None where that says nothing.

    `label` is what the channels of the group have in common, `among` how many of them have a value.
    """

    key: str
    label: str
    percent: int | None
    among: int


Field = Mapping[str, Peer]

_GROUPS: Mapping[str, Callable[[Peer], str]] = {
    "size": lambda peer: peer.size,
    "category": lambda peer: peer.category,
    "language": lambda peer: peer.language,
}


def standings(channel_id: str, metric: str, field: Field) -> list[Standing]:
    """Return a channel's place in each group; only channels that the metric's board would rank are compared."""
    own = field.get(channel_id)
    return [_standing(key, group, own, metric, field) for key, group in _GROUPS.items()]


def _standing(key: str, group: Callable[[Peer], str], own: Peer | None, metric: str, field: Field) -> Standing:
    label = group(own) if own else ""
    if own is None or not label:
        return Standing(key, label, None, 0)
    values = [peer.values[metric] for peer in field.values() if metric in peer.values and group(peer) == label]
    percent = percentile(own.values[metric], values) if metric in own.values else None
    return Standing(key, label, percent, len(values))


def note(standing: Standing) -> str:
    """Return what stands under a channel's place. The script does the same in static/js/standing.js."""
    if not standing.label:
        return "not known of this channel now"
    if standing.among < FEWEST:
        return f"fewer than {FEWEST} live channels: {standing.label}"
    return f"among {standing.among:,} live channels: {standing.label}"


class FieldCache:
    """The live channels, read at most once in KEPT_MS for all who ask a process."""

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._read_ms: int | None = None
        self._field: Field = {}

    def get(self, now_ms: int) -> Field:
        """Return the live channels by id. Raises: ServiceAway."""
        with self._reading:
            if self._read_ms is None or not 0 <= now_ms - self._read_ms < KEPT_MS:
                self._field = async_to_sync(_read_field)()
                self._read_ms = now_ms
            return self._field

    def clear(self) -> None:
        """Forget what was read."""
        self._read_ms = None


FIELD = FieldCache()


def read_standings(channel_id: str, metric: str, now_ms: int) -> list[Standing]:
    """Return a channel's place now; places that say nothing while Redis is away."""
    try:
        return standings(channel_id, metric, FIELD.get(now_ms))
    except ServiceAway as error:
        log.warning("a channel is shown without its place among others: %s", error)
        return standings(channel_id, metric, {})


def standing_json(standing: Standing) -> dict[str, Any]:
    """Return a place as the script takes it."""
    return {"key": standing.key, "percent": standing.percent, "note": note(standing)}


async def _read_field() -> Field:
    reader = BoardReader(settings.REDIS_BOARDS_URL)
    streams = redis.asyncio.Redis.from_url(settings.REDIS_STREAMS_URL, socket_timeout=5)
    try:
        newest_ms, values = await reader.newest_end_ms(), await reader.all_values()
        known = await snapshot.read(streams)
    except (redis.RedisError, ValueError, KeyError, TypeError) as error:
        raise ServiceAway(f"the streams that are live cannot be read: {error}") from error
    finally:
        await reader.aclose()
        await streams.aclose()
    live = {stream.id: stream for stream in known.streams.values() if stream.live} if known else {}
    return {
        channel_id: Peer(live[channel_id].category, language_name(live[channel_id].language), _ranked(found))
        for channel_id, found in values.items()
        if channel_id in live and newest_ms is not None and age_of(found.end_ms, newest_ms) != "gone"
    }


def _ranked(live: LiveValues) -> dict[str, float]:
    """Return the values that may be compared: nothing counts as 0 that nobody listened to."""
    return {
        key: value
        for key, value in live.values.items()
        if key == "viewers" or (live.coverage > 0 and key not in live.unranked)
    }
