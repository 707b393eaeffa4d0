"""What a poll of Helix makes of the list of channels: values in, values out.

The Channel table is the memory from poll to poll, so a worker that is started again forgets nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from apps.channels.models import Channel
from apps.ingest.answers import Poll
from apps.ingest.broadcasts import changes, ending, milliseconds, moment, started_at
from apps.ingest.channel_list import Stream
from core.channels.selection import Curation, believed_viewers, wanted_channels

# What a poll writes; curation is not among it, for somebody may be changing it at this moment.
POLLED = [
    "login",
    "name",
    "category",
    "language",
    "title",
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
    """How many channels are wanted, and for how long one is kept that is offline."""

    count: int
    kept_ms: int


@dataclass(frozen=True, slots=True)
class Followed:
    """The new list as it is published, the rows to write, and what happened."""

    streams: list[Stream]
    rows: list[Channel]
    records: list[dict[str, Any]]


def follow(known: Mapping[str, Channel], poll: Poll, curation: Curation, limits: Limits) -> Followed:
    """Return the list after `poll`, whose answers are believed.

    `known` are the rows of the channels on the list, of the pinned ones and of those that are live.
    """
    shown = {
        channel_id: stream if channel_id in poll.unchanged else _shown(known.get(channel_id), stream)
        for channel_id, stream in poll.live.items()
    }
    ranked = sorted(shown, key=lambda channel_id: (-(shown[channel_id].viewers or 0), channel_id))
    away = [row for row in known.values() if row.id not in shown]
    before = {row.id for row in known.values() if row.is_wanted}
    chosen = wanted_channels(
        ranked,
        {row.id: poll.at_ms - (milliseconds(row.offline_since) or poll.at_ms) for row in away},
        before=before,
        curation=curation,
        count=limits.count,
        kept_ms=limits.kept_ms,
    )
    kept = frozenset(chosen)
    records = [
        *(r for one in chosen if one in shown for r in changes(known.get(one), shown[one], poll.at_ms)),
        *(
            record
            for row in away
            if row.id in before - curation.barred
            for record in ending(row, poll.at_ms, is_last_look=row.id not in kept)
        ),
    ]
    ended = {record["channel_id"]: moment(record["at_ms"]) for record in records if record["kind"] == "stream_end"}
    rows = [_live_row(known.get(one), shown[one], poll) for one in chosen if one in shown.keys() - poll.unchanged]
    rows += [_away_row(row, poll, kept, ended) for row in away if row.id in before | kept]
    rows += [_left_row(known[one]) for one in before - kept if one in shown]
    return Followed([shown.get(one) or _offline(known[one]) for one in chosen], rows, records)


def _shown(known: Channel | None, stream: Stream) -> Stream:
    """Return the stream with the viewers to show: a fall to nothing is believed at the second poll."""
    raw = stream.viewers or 0
    is_same = known is not None and known.is_wanted and known.offline_since is None
    if known is None or not is_same or known.started_at != started_at(stream):
        return stream
    return replace(stream, viewers=believed_viewers(raw, shown=known.viewers, last_raw=known.viewers_raw))


def _offline(row: Channel) -> Stream:
    return Stream(row.id, row.login, row.name, None, row.category, row.language, row.title, "", live=False)


def _live_row(known: Channel | None, stream: Stream, poll: Poll) -> Channel:
    started, ended = started_at(stream), None
    if started is None and known is not None and known.reported_end is not None:
        # The next poll may say which broadcast this is; if it is the one before, its end has to be withdrawn.
        started, ended = known.started_at, known.reported_end
    return Channel(
        id=stream.id,
        login=stream.login,
        name=stream.name,
        category=stream.category,
        language=stream.language,
        title=stream.title,
        viewers=stream.viewers or 0,
        viewers_raw=poll.live[stream.id].viewers or 0,
        last_seen_at=moment(poll.at_ms),
        started_at=started,
        ended_at=ended,
        is_wanted=True,
    )


def _away_row(row: Channel, poll: Poll, kept: frozenset[str], ended: Mapping[str, dt.datetime]) -> Channel:
    changed = _copy(row)
    changed.is_wanted = row.id in kept
    changed.offline_since = row.offline_since or moment(poll.at_ms)
    changed.ended_at = ended.get(row.id, row.ended_at)
    return changed


def _left_row(row: Channel) -> Channel:
    changed = _copy(row)
    changed.is_wanted = False
    return changed


def _copy(row: Channel) -> Channel:
    return Channel(id=row.id, **{name: getattr(row, name) for name in POLLED})
