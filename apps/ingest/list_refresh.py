"""Updates the channel list from a poll of Helix, without I/O.
The Channel table stores the state between polls, so a restarted worker loses nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from apps.channels.models import Channel
from apps.ingest.broadcasts import (
    change_events,
    end_events,
    milliseconds,
    started_at,
    unlisted_events,
)
from apps.ingest.stale_responses import Poll, previous_texts
from core.channels.selection import Curation, select_channels, smooth_viewers
from core.channels.stream import Stream
from core.irc.channel_events import STREAM_END
from core.times import datetime_of

# The columns that a poll writes. Curation columns are excluded, because a curator may be editing them.
POLLED = [
    "login",
    "name",
    "category",
    "language",
    "title",
    "previous_texts",
    "viewers",
    "viewers_raw",
    "last_seen_at",
    "started_at",
    "offline_since",
    "ended_at",
    "is_wanted",
]


@dataclass(frozen=True, slots=True)
class Limits:
    """The size of the channel list, and the grace period for offline channels."""

    count: int
    grace_ms: int


@dataclass(frozen=True, slots=True)
class ListUpdate:
    """The result of a refresh: the new list, the rows to write and the channel events."""

    streams: list[Stream]
    rows: list[Channel]
    records: list[dict[str, Any]]


def update_list(known: Mapping[str, Channel], poll: Poll, curation: Curation, limits: Limits) -> ListUpdate:
    """Return the list update that follows from a validated poll.

    `known` contains the rows of all listed, pinned and live channels.
    """
    streams = {
        channel_id: stream if channel_id in poll.unchanged else _without_blip(known.get(channel_id), stream)
        for channel_id, stream in poll.live.items()
    }
    ranked = sorted(streams, key=lambda channel_id: (-(streams[channel_id].viewers or 0), channel_id))
    offline = [row for row in known.values() if row.id not in streams]
    previous = {row.id for row in known.values() if row.is_wanted}
    selected = select_channels(
        ranked,
        {row.id: poll.at_ms - (milliseconds(row.offline_since) or poll.at_ms) for row in offline},
        previous=previous,
        curation=curation,
        count=limits.count,
        grace_ms=limits.grace_ms,
    )
    retained = frozenset(selected)
    records = [
        *(
            record
            for channel_id in selected
            if channel_id in streams
            for record in change_events(known.get(channel_id), streams[channel_id], poll.texts[channel_id], poll.at_ms)
        ),
        *(
            record
            for row in offline
            if row.id in previous - curation.excluded
            for record in end_events(row, poll.at_ms, is_last_poll=row.id not in retained)
        ),
        *(
            record
            for row in known.values()
            if row.id in (previous & streams.keys()) - retained - curation.excluded
            for record in unlisted_events(row, poll.at_ms)
        ),
    ]
    ended = {record["channel_id"]: datetime_of(record["at_ms"]) for record in records if record["kind"] == STREAM_END}
    rows = [
        _live_row(known.get(channel_id), streams[channel_id], poll)
        for channel_id in selected
        if channel_id in streams.keys() - poll.unchanged
    ]
    rows += [_offline_row(row, poll, retained, ended) for row in offline if row.id in previous | retained]
    rows += [_removed_row(known[channel_id]) for channel_id in previous - retained if channel_id in streams]
    return ListUpdate(
        [streams.get(channel_id) or _offline_stream(known[channel_id]) for channel_id in selected], rows, records
    )


def _without_blip(known: Channel | None, stream: Stream) -> Stream:
    """Return the stream with a smoothed viewer count: a drop to nearly zero counts only from the second poll on."""
    raw = stream.viewers or 0
    is_same = known is not None and known.is_wanted and known.offline_since is None
    if known is None or not is_same or known.started_at != started_at(stream):
        return stream
    return replace(stream, viewers=smooth_viewers(raw, last_viewers=known.viewers, last_raw=known.viewers_raw))


def _offline_stream(row: Channel) -> Stream:
    return Stream(row.id, row.login, row.name, None, row.category, row.language, row.title, "", live=False)


def _live_row(known: Channel | None, stream: Stream, poll: Poll) -> Channel:
    started, ended = started_at(stream), None
    if started is None and known is not None and known.reported_end is not None:
        # The next poll may identify the broadcast; if it is the previous one, its end must be withdrawn.
        started, ended = known.started_at, known.reported_end
    return Channel(
        id=stream.id,
        login=stream.login,
        name=stream.name,
        category=stream.category,
        language=stream.language,
        title=stream.title,
        previous_texts=previous_texts(poll.texts[stream.id]),
        viewers=stream.viewers or 0,
        viewers_raw=poll.live[stream.id].viewers or 0,
        last_seen_at=datetime_of(poll.at_ms),
        started_at=started,
        ended_at=ended,
        is_wanted=True,
    )


def _offline_row(row: Channel, poll: Poll, retained: frozenset[str], ended: Mapping[str, dt.datetime]) -> Channel:
    changed = _copy(row)
    changed.is_wanted = row.id in retained
    changed.offline_since = row.offline_since or datetime_of(poll.at_ms)
    changed.ended_at = ended.get(row.id, row.ended_at)
    return changed


def _removed_row(row: Channel) -> Channel:
    changed = _copy(row)
    changed.is_wanted = False
    return changed


def _copy(row: Channel) -> Channel:
    return Channel(id=row.id, **{name: getattr(row, name) for name in POLLED})
