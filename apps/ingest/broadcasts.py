"""Events of a channel's broadcast between two polls of Helix, as records of `channel-events`.

Event ids are derived from the broadcast or the poll, so an event that is sent twice counts once. When a broadcast is
first seen, its start is reported with Twitch's start time, however long ago that is, so that the time on air is known.
A correction, such as the withdrawal of an end after the broadcast resumed, is a later report. The report with the
greatest `reported_ms` wins, whatever order the reports are read in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from apps.channels.models import Channel
from core.channels.known_text import KnownText
from core.channels.stream import Stream
from core.inputs.readable_text import one_line
from core.inputs.timestamps import parse_timestamp
from core.irc.channel_events import END_WITHDRAWN, STREAM_END, STREAM_START, stream_end_id
from core.metrics.on_air import BROADCAST_MAX_MS
from core.pipeline.records import TEXT_MAX, event_record
from core.times import ms_of


def milliseconds(at: dt.datetime | None) -> int | None:
    """Convert a datetime to ms since the epoch."""
    return None if at is None else ms_of(at)


def started_at(stream: Stream) -> dt.datetime | None:
    """Return the broadcast's start, or None if Helix omitted it."""
    return parse_timestamp(stream.started_at)


def change_events(
    known: Channel | None, stream: Stream, texts: Mapping[str, KnownText], now_ms: int
) -> list[dict[str, Any]]:
    """Return the events of a live channel since the previous poll, whose result is the row `known`.

    `texts` contains the stream's title and category. The category of a new broadcast is reported as a change.
    """
    started_ms = milliseconds(started_at(stream))
    known_ms = None if known is None else milliseconds(known.started_at)
    if started_ms is not None and (known_ms is None or started_ms > known_ms):
        new = [_start(stream.id, stream.title, started_ms, now_ms), *_first_category(stream.id, texts["category"])]
        if known is None or not known.is_wanted:
            return new
        return [*_end(known, min(milliseconds(known.offline_since) or now_ms, started_ms), now_ms), *new]
    if known is None:
        return []
    again = []
    if started_ms is not None and started_ms == known_ms:
        again += _withdrawal(known, now_ms)
        if not known.is_wanted:
            again += [_start(known.id, known.title, started_ms, now_ms), *_first_category(known.id, texts["category"])]
    return [*again, *(_text_changes(known, texts) if known.is_wanted else ())]


def _text_changes(known: Channel, texts: Mapping[str, KnownText]) -> list[dict[str, Any]]:
    return [
        _text_change(known.id, kind, new)
        for kind, old, new in (
            ("title", known.title, texts["title"]),
            ("category", known.category, texts["category"]),
        )
        if old != new.text
    ]


def _first_category(channel_id: str, category: KnownText) -> list[dict[str, Any]]:
    return [_text_change(channel_id, "category", category)] if category.text else []


def _text_change(channel_id: str, kind: str, new: KnownText) -> dict[str, Any]:
    return event_record(
        event_id=f"{channel_id}-{kind}-{new.changed_ms}",
        kind=kind,
        channel_id=channel_id,
        at_ms=new.changed_ms,
        text=one_line(new.text, TEXT_MAX),
    )


def end_events(known: Channel, now_ms: int, *, is_last_poll: bool) -> list[dict[str, Any]]:
    """Return the end event of an offline channel's broadcast, once a second poll has confirmed the end.

    The end is dated to the first poll that noticed it. A channel that leaves the list now (`is_last_poll`) needs no
    confirmation, as it is not polled again.
    """
    noticed_ms = milliseconds(known.offline_since)
    if noticed_ms is None:
        return _end(known, now_ms, now_ms) if is_last_poll else []
    return _end(known, noticed_ms, now_ms)


def unlisted_events(known: Channel, now_ms: int) -> list[dict[str, Any]]:
    """Return the start event for a live channel that leaves the list, with `until_ms` set to now.

    `until_ms` is set because the end of the broadcast will not be observed.
    """
    started_ms = milliseconds(known.started_at)
    return [] if started_ms is None else [_start(known.id, known.title, started_ms, now_ms, until_ms=now_ms)]


def _start(channel_id: str, title: str, started_ms: int, now_ms: int, *, until_ms: int | None = None) -> dict[str, Any]:
    return event_record(
        event_id=f"{channel_id}-{STREAM_START}-{started_ms}",
        kind=STREAM_START,
        channel_id=channel_id,
        at_ms=started_ms,
        # A start may be slightly ahead of the local clock.
        until_ms=None if until_ms is None else max(until_ms, started_ms),
        text=one_line(title, TEXT_MAX),
        reported_ms=now_ms,
    )


def _end(known: Channel, at_ms: int, now_ms: int) -> list[dict[str, Any]]:
    """Return the end event of the known broadcast, unless the end was already reported."""
    started_ms = milliseconds(known.started_at)
    if started_ms is None or known.reported_end is not None:
        return []
    return [
        event_record(
            event_id=stream_end_id(known.id, started_ms),
            kind=STREAM_END,
            channel_id=known.id,
            # A start may be slightly ahead of the local clock, and polls may have been interrupted for days.
            at_ms=min(max(at_ms, started_ms), started_ms + BROADCAST_MAX_MS),
            started_ms=started_ms,
            reported_ms=now_ms,
        )
    ]


def _withdrawal(known: Channel, now_ms: int) -> list[dict[str, Any]]:
    """Return the event that withdraws the known broadcast's end, if the end was reported."""
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
