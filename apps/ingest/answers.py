"""Rules for trusting Helix's answers: values in, values out.

Several of Twitch's servers cache answers, so an answer about an earlier broadcast can follow one about a later
broadcast. A row can also lack its start or its login. Source: twitch.md "Helix (REST)".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from apps.channels.models import Channel
from apps.ingest.broadcasts import milliseconds, started_at
from apps.ingest.channel_list import Stream
from core.inputs.moments import write_moment
from core.pipeline.records import EPOCH_MS
from core.times import MINUTE_MS

# Our clock may be behind Twitch's. A start further ahead is none: every true one would be taken for an older answer.
AHEAD_MS = 10 * MINUTE_MS
# No cache is so old: an older answer that is repeated for as long is Twitch's present one.
CACHED_MS = 10 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Poll:
    """Helix's answers at `at_ms`: every live stream by channel id. A known channel that is not in it is offline.

    `unchanged` are those of them that keep their known values.
    """

    at_ms: int
    live: Mapping[str, Stream]
    unchanged: frozenset[str] = frozenset()


def believed(known: Mapping[str, Channel], poll: Poll) -> Poll:
    """Return `poll` without answers older than the rows in `known`, and with the starts and names that it lacks."""
    live, unchanged = dict[str, Stream](), set[str]()
    for channel_id, told in poll.live.items():
        row, stream = known.get(channel_id), _with_possible_start(told, poll.at_ms)
        if row is None:
            # A channel cannot be joined without a login; the next poll may give it.
            live |= {channel_id: stream} if stream.login else {}
        elif not _is_older(row, stream):
            live[channel_id] = _with_known_start(row, _with_known_names(row, stream))
        elif poll.at_ms - (milliseconds(row.last_seen_at) or 0) >= CACHED_MS:
            live[channel_id] = replace(_with_known_names(row, stream), started_at=_written_start(row))
        elif row.is_wanted and row.offline_since is None:
            live[channel_id] = _as_known(row)
            unchanged.add(channel_id)
    return Poll(poll.at_ms, live, frozenset(unchanged))


def _with_possible_start(stream: Stream, now_ms: int) -> Stream:
    started_ms = milliseconds(started_at(stream))
    is_possible = started_ms is not None and EPOCH_MS <= started_ms <= now_ms + AHEAD_MS
    return stream if is_possible else replace(stream, started_at="")


def _is_older(row: Channel, stream: Stream) -> bool:
    started = started_at(stream)
    return started is not None and row.started_at is not None and started < row.started_at


def _with_known_names(row: Channel, stream: Stream) -> Stream:
    return stream if stream.login else replace(stream, login=row.login, name=stream.name or row.name)


def _with_known_start(row: Channel, stream: Stream) -> Stream:
    """Return the stream with the row's start where it has none, if the row's broadcast has not ended."""
    is_same = row.is_wanted and row.reported_end is None
    return stream if stream.started_at or not is_same else replace(stream, started_at=_written_start(row))


def _written_start(row: Channel) -> str:
    return "" if row.started_at is None else write_moment(row.started_at)


def _as_known(row: Channel) -> Stream:
    start = _written_start(row)
    return Stream(row.id, row.login, row.name, row.viewers, row.category, row.language, row.title, start)
