"""Validation of a Helix poll against the known channels.

Twitch caches responses on several servers, so a response about an earlier broadcast, or with an earlier title of the
same broadcast, can follow a later one. A row can also lack its start or its login. Source: dev.twitch.tv, "Twitch API
Reference", and behavior observed on Twitch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from apps.channels.models import Channel
from apps.ingest.broadcasts import milliseconds, started_at
from core.channels.known_text import MAX_CACHE_AGE_MS, KnownText
from core.channels.stream import Stream
from core.inputs.timestamps import format_timestamp
from core.pipeline.records import EPOCH_MS
from core.times import MINUTE_MS

# Tolerance for a local clock that is behind Twitch's. A start further ahead is discarded, because every later response
# would be taken for stale.
MAX_START_AHEAD_MS = 10 * MINUTE_MS
# The fields of Stream that can change during a broadcast and revert in an older response. Viewers change all the time.
TEXTS = ("login", "name", "title", "category", "language")


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll of Helix at `at_ms`: every live stream by channel id. A known channel that is absent is offline.

    `unchanged` contains the ids of channels whose known values are kept; `texts` maps channel ids to the state of the
    fields in TEXTS.
    """

    at_ms: int
    live: Mapping[str, Stream]
    unchanged: frozenset[str] = frozenset()
    texts: Mapping[str, Mapping[str, KnownText]] = field(default_factory=dict)


def discard_stale_responses(known: Mapping[str, Channel], poll: Poll) -> Poll:
    """Drop responses and text fields older than the rows in `known`, and fill in missing start times and names."""
    live, unchanged = dict[str, Stream](), set[str]()
    for channel_id, response in poll.live.items():
        row, stream = known.get(channel_id), _with_possible_start(response, poll.at_ms)
        if row is None:
            # A channel cannot be joined without a login; the next poll may include it.
            live |= {channel_id: stream} if stream.login else {}
        elif not _is_older(row, stream):
            live[channel_id] = _with_known_start(row, _with_known_names(row, stream))
        elif poll.at_ms - (milliseconds(row.last_seen_at) or 0) >= MAX_CACHE_AGE_MS:
            # No cache keeps a response this long, so this one is current. The known, later start is kept.
            live[channel_id] = replace(_with_known_names(row, stream), started_at=_start_text(row))
        elif row.is_wanted and row.offline_since is None:
            live[channel_id] = _stream_of_row(row)
            unchanged.add(channel_id)
    texts = {channel_id: _texts_after(known.get(channel_id), stream, poll.at_ms) for channel_id, stream in live.items()}
    live = {channel_id: _with_texts(stream, texts[channel_id]) for channel_id, stream in live.items()}
    return Poll(poll.at_ms, live, frozenset(unchanged), texts)


def previous_texts(texts: Mapping[str, KnownText]) -> dict[str, Any]:
    """Return, as JSON, the text-field state that is stored in the channel's row until the next poll."""
    return {
        name: [text.previous, text.changed_ms, text.returned_ms]
        for name, text in texts.items()
        if text.previous is not None
    }


def _texts_after(row: Channel | None, stream: Stream, now_ms: int) -> Mapping[str, KnownText]:
    """Return each text field of a stream after a response; a new broadcast has no previous values."""
    received = {name: getattr(stream, name) for name in TEXTS}
    if row is None or not row.is_wanted or row.started_at != started_at(stream):
        return {name: KnownText(text, changed_ms=now_ms) for name, text in received.items()}
    previous = row.previous_texts or {}
    return {
        name: KnownText(getattr(row, name), *previous.get(name, ())).after(text, now_ms)
        for name, text in received.items()
    }


def _with_texts(stream: Stream, texts: Mapping[str, KnownText]) -> Stream:
    changes: dict[str, Any] = {name: text.text for name, text in texts.items()}
    return replace(stream, **changes)


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
    return "" if row.started_at is None else format_timestamp(row.started_at)


def _stream_of_row(row: Channel) -> Stream:
    start = _start_text(row)
    return Stream(row.id, row.login, row.name, row.viewers, row.category, row.language, row.title, start)
