"""What happened to a channel's broadcast between two polls of Helix, as records of `channel-events`.

The ids name the broadcast, or the poll: sent twice, an event is still one event. The end of a broadcast that comes
back is withdrawn; `reported_ms` orders the two, however often and in which order they are read.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.channels.models import Channel
from apps.ingest.channel_list import Stream
from core.inputs.moments import read_moment
from core.inputs.readable_text import one_line
from core.irc.channel_events import END_WITHDRAWN, stream_end_id
from core.pipeline.records import TEXT_MAX, event_record

# A channel that comes to the list while its stream is older than this did not start: it rose.
FRESH_MS = 120_000


def moment(ms: int) -> dt.datetime:
    """Return ms since the epoch as a time."""
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC)


def milliseconds(at: dt.datetime | None) -> int | None:
    """Return a time as ms since the epoch."""
    return None if at is None else round(at.timestamp() * 1000)


def started_at(stream: Stream) -> dt.datetime | None:
    """Return when the stream began, None where Helix did not say."""
    return read_moment(stream.started_at)


def changes(known: Channel | None, stream: Stream, now_ms: int) -> list[dict[str, Any]]:
    """Return what is new about a live channel; `known` is its row as the last poll left it."""
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
        *(_new_words(known, stream, now_ms) if known.is_wanted else ()),
    ]


def _began(known: Channel | None, started_ms: int, now_ms: int) -> bool:
    """Say whether a new broadcast began, rather than a channel joining the list in mid-stream."""
    is_fresh = now_ms - started_ms <= FRESH_MS
    known_ms = None if known is None else milliseconds(known.started_at)
    if known is None:
        return is_fresh
    if known_ms is not None:
        return started_ms > known_ms and (known.is_wanted or is_fresh)
    # Its start was unknown until now: it began if the channel had been offline by then.
    offline_ms = milliseconds(known.offline_since) if known.is_wanted else None
    return is_fresh or (offline_ms is not None and started_ms >= offline_ms)


def _new_words(known: Channel, stream: Stream, now_ms: int) -> list[dict[str, Any]]:
    return [
        event_record(
            event_id=f"{stream.id}-{kind}-{now_ms}",
            kind=kind,
            channel_id=stream.id,
            at_ms=now_ms,
            text=one_line(new, TEXT_MAX),
        )
        for kind, old, new in (("title", known.title, stream.title), ("category", known.category, stream.category))
        if old != new
    ]


def ending(known: Channel, now_ms: int, *, is_last_look: bool) -> list[dict[str, Any]]:
    """Return the end of the stream of a channel that is offline, once a second poll confirms it.

    The end lies where the first poll noticed it. A channel that leaves the list now (`is_last_look`) is not
    polled again.
    """
    noticed_ms = milliseconds(known.offline_since)
    if noticed_ms is None:
        return _end(known, now_ms, now_ms) if is_last_look else []
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
            # A start may be a little ahead of our clock.
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
