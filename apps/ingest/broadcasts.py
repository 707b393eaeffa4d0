"""Events of a channel's broadcast between two polls of Helix, as records of `channel-events`.

Event ids are derived from the broadcast or the poll, so an event that is sent twice counts once. If a broadcast
resumes, its reported end is withdrawn; `reported_ms` orders the two, in whatever order they are read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from apps.channels.models import Channel
from core.channels.known_text import KnownText
from core.channels.stream import Stream
from core.inputs.moments import read_moment
from core.inputs.readable_text import one_line
from core.irc.channel_events import END_WITHDRAWN, stream_end_id
from core.pipeline.records import TEXT_MAX, event_record

# A newly listed channel whose broadcast is older than this did not just start; it rose in the ranking.
FRESH_MS = 120_000


def moment(ms: int) -> dt.datetime:
    """Convert ms since the epoch to a datetime."""
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC)


def milliseconds(at: dt.datetime | None) -> int | None:
    """Convert a datetime to ms since the epoch."""
    return None if at is None else round(at.timestamp() * 1000)


def started_at(stream: Stream) -> dt.datetime | None:
    """Return the broadcast's start, None if Helix omitted it."""
    return read_moment(stream.started_at)


def change_events(
    known: Channel | None, stream: Stream, texts: Mapping[str, KnownText], now_ms: int
) -> list[dict[str, Any]]:
    """Return the events of a live channel since the previous poll, which left the row `known`.

    `texts` holds the title and the category of the stream.
    """
    started_ms = milliseconds(started_at(stream))
    if started_ms is not None and _began(known, started_ms, now_ms):
        start = _start(stream, started_ms)
        if known is None or not known.is_wanted:
            return [start]
        return [*_end(known, min(milliseconds(known.offline_since) or now_ms, started_ms), now_ms), start]
    if known is None:
        return []
    came_back = started_ms is not None and started_ms == milliseconds(known.started_at)
    return [
        *(_withdrawal(known, now_ms) if came_back else ()),
        *(_text_changes(known, texts) if known.is_wanted else ()),
    ]


def _began(known: Channel | None, started_ms: int, now_ms: int) -> bool:
    """Return whether a new broadcast began; otherwise the channel entered the list during a broadcast."""
    is_fresh = now_ms - started_ms <= FRESH_MS
    known_ms = None if known is None else milliseconds(known.started_at)
    if known is None:
        return is_fresh
    if known_ms is not None:
        return started_ms > known_ms and (known.is_wanted or is_fresh)
    # The start was unknown until now. The broadcast is new if the channel was offline before it.
    offline_ms = milliseconds(known.offline_since) if known.is_wanted else None
    return is_fresh or (offline_ms is not None and started_ms >= offline_ms)


def _text_changes(known: Channel, texts: Mapping[str, KnownText]) -> list[dict[str, Any]]:
    return [
        event_record(
            event_id=f"{known.id}-{kind}-{new.changed_ms}",
            kind=kind,
            channel_id=known.id,
            at_ms=new.changed_ms,
            text=one_line(new.text, TEXT_MAX),
        )
        for kind, old, new in (
            ("title", known.title, texts["title"]),
            ("category", known.category, texts["category"]),
        )
        if old != new.text
    ]


def end_events(known: Channel, now_ms: int, *, is_last_poll: bool) -> list[dict[str, Any]]:
    """Return the end of an offline channel's broadcast, once a second poll confirms it.

    The end is dated to the first poll that noticed it. A channel that leaves the list now (`is_last_poll`) needs no
    confirmation, as it is not polled again.
    """
    noticed_ms = milliseconds(known.offline_since)
    if noticed_ms is None:
        return _end(known, now_ms, now_ms) if is_last_poll else []
    return _end(known, noticed_ms, now_ms)


def _start(stream: Stream, started_ms: int) -> dict[str, Any]:
    return event_record(
        event_id=f"{stream.id}-stream_start-{started_ms}",
        kind="stream_start",
        channel_id=stream.id,
        at_ms=started_ms,
        text=one_line(stream.title, TEXT_MAX),
    )


def _end(known: Channel, at_ms: int, now_ms: int) -> list[dict[str, Any]]:
    """Return the end of the known broadcast, unless it has been reported."""
    started_ms = milliseconds(known.started_at)
    if started_ms is None or known.reported_end is not None:
        return []
    return [
        event_record(
            event_id=stream_end_id(known.id, started_ms),
            kind="stream_end",
            channel_id=known.id,
            # A start may be slightly ahead of the local clock.
            at_ms=max(at_ms, started_ms),
            started_ms=started_ms,
            reported_ms=now_ms,
        )
    ]


def _withdrawal(known: Channel, now_ms: int) -> list[dict[str, Any]]:
    """Return the withdrawal of the known broadcast's end, if that has been reported."""
    started_ms, ended_ms = milliseconds(known.started_at), milliseconds(known.reported_end)
    if started_ms is None or ended_ms is None:
        return []
    return [
        event_record(
            event_id=f"{known.id}-{END_WITHDRAWN}-{started_ms}-{ended_ms}",
            kind=END_WITHDRAWN,
            channel_id=known.id,
            at_ms=ended_ms,
            started_ms=started_ms,
            reported_ms=now_ms,
        )
    ]
