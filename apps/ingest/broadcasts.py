"""What happened to a channel's broadcast between two polls of Helix, as records of `channel-events`.

The ids name the broadcast, or the poll: told twice, an event is still one event.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.ingest.models import Channel
from apps.ingest.snapshot import Stream
from core.readable_text import one_line
from core.records import TEXT_MAX, event_record

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
    return dt.datetime.fromisoformat(stream.started_at) if stream.started_at else None


def changes(known: Channel | None, stream: Stream, now_ms: int) -> list[dict[str, Any]]:
    """Return what is new about a live channel; `known` is its row as the last poll left it."""
    started_ms = milliseconds(started_at(stream))
    if known is None or not known.is_wanted:
        is_fresh = started_ms is not None and now_ms - started_ms <= FRESH_MS
        return [_start(stream, started_ms)] if is_fresh and started_ms is not None else []
    if started_ms is not None and started_ms != milliseconds(known.started_at):
        return [*_end(known, min(milliseconds(known.offline_since) or now_ms, started_ms)), _start(stream, started_ms)]
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
        return _end(known, now_ms) if is_last_look else []
    return _end(known, noticed_ms)


def _start(stream: Stream, started_ms: int) -> dict[str, Any]:
    return event_record(
        event_id=f"{stream.id}-stream_start-{started_ms}",
        kind="stream_start",
        channel_id=stream.id,
        at_ms=started_ms,
        text=one_line(stream.title, TEXT_MAX),
    )


def _end(known: Channel, at_ms: int) -> list[dict[str, Any]]:
    started_ms = milliseconds(known.started_at)
    if started_ms is None:
        return []
    return [
        event_record(
            event_id=f"{known.id}-stream_end-{started_ms}",
            kind="stream_end",
            channel_id=known.id,
            at_ms=at_ms,
            started_ms=started_ms,
        )
    ]
