"""Validation of a Helix poll against the known channels. Pure.

Twitch caches answers on several servers, so an answer about an earlier broadcast can follow one about a later one.
A row can also lack its start or its login. Source: dev.twitch.tv, "Twitch API Reference", and behavior seen at Twitch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from apps.channels.models import Channel
from apps.ingest.broadcasts import milliseconds, started_at
from core.channels.stream import Stream
from core.inputs.moments import write_moment
from core.pipeline.records import EPOCH_MS
from core.times import MINUTE_MS

# Tolerance for a local clock behind Twitch's. A start further ahead is discarded: it would make every later answer
# look stale.
MAX_START_AHEAD_MS = 10 * MINUTE_MS
# An older answer that persists for longer than any cache is the current one.
MAX_CACHE_AGE_MS = 10 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll of Helix at `at_ms`: every live stream by channel id. A known channel that is absent is offline.

    `unchanged` holds the ids of channels whose known values stay.
    """

    at_ms: int
    live: Mapping[str, Stream]
    unchanged: frozenset[str] = frozenset()


def discard_stale_answers(known: Mapping[str, Channel], poll: Poll) -> Poll:
    """Drop answers older than the rows in `known` and fill in missing starts and names."""
    live, unchanged = dict[str, Stream](), set[str]()
    for channel_id, answer in poll.live.items():
        row, stream = known.get(channel_id), _with_possible_start(answer, poll.at_ms)
        if row is None:
            # A channel cannot be joined without a login; the next poll may include it.
            live |= {channel_id: stream} if stream.login else {}
        elif not _is_older(row, stream):
            live[channel_id] = _with_known_start(row, _with_known_names(row, stream))
        elif poll.at_ms - (milliseconds(row.last_seen_at) or 0) >= MAX_CACHE_AGE_MS:
            live[channel_id] = replace(_with_known_names(row, stream), started_at=_start_text(row))
        elif row.is_wanted and row.offline_since is None:
            live[channel_id] = _stream_of_row(row)
            unchanged.add(channel_id)
    return Poll(poll.at_ms, live, frozenset(unchanged))


def _with_possible_start(stream: Stream, now_ms: int) -> Stream:
    started_ms = milliseconds(started_at(stream))
    is_possible = started_ms is not None and EPOCH_MS <= started_ms <= now_ms + MAX_START_AHEAD_MS
    return stream if is_possible else replace(stream, started_at="")


def _is_older(row: Channel, stream: Stream) -> bool:
    started = started_at(stream)
    return started is not None and row.started_at is not None and started < row.started_at


def _with_known_names(row: Channel, stream: Stream) -> Stream:
    return stream if stream.login else replace(stream, login=row.login, name=stream.name or row.name)


def _with_known_start(row: Channel, stream: Stream) -> Stream:
    """Fill in a missing start from the row, if the row's broadcast has not ended."""
    is_same = row.is_wanted and row.reported_end is None
    return stream if stream.started_at or not is_same else replace(stream, started_at=_start_text(row))


def _start_text(row: Channel) -> str:
    return "" if row.started_at is None else write_moment(row.started_at)


def _stream_of_row(row: Channel) -> Stream:
    start = _start_text(row)
    return Stream(row.id, row.login, row.name, row.viewers, row.category, row.language, row.title, start)
