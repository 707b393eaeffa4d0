"""Time on air that is known from a channel's broadcasts.

Pulses report a channel as on air only once it has been noticed and is tracked. Broadcasts have the start time that
Twitch reports.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from core.irc.channel_events import STREAM_END, STREAM_START, started_ms_of
from core.pipeline.intervals import Intervals, Span
from core.pipeline.records import EventRecord
from core.times import DAY_MS

# Twitch ends broadcasts after 48 h.
BROADCAST_MAX_MS = 2 * DAY_MS


def known_on_air(ended: Iterable[Span], events: Iterable[EventRecord], until_ms: int) -> Intervals:
    """Return when a channel was on air: in its `ended` broadcasts, and in those that begin or end among `events`.

    `ended` takes precedence over events. A broadcast without a known end is assumed to end when the next one begins,
    when its channel left the list, after BROADCAST_MAX_MS, or at `until_ms`, whichever is earliest.
    """
    known = list(events)
    ends = {started_ms_of(event.id): event.at_ms for event in known if event.kind == STREAM_END} | dict(ended)
    running = [event for event in known if event.kind == STREAM_START and event.at_ms not in ends]
    starts = sorted([*ends, *(event.at_ms for event in running)])
    for event in running:
        next_ms = next(iter(starts[bisect_right(starts, event.at_ms) :]), until_ms)
        ends[event.at_ms] = min(next_ms, until_ms, event.until_ms or until_ms, event.at_ms + BROADCAST_MAX_MS)
    return Intervals((started_ms, ended_ms) for started_ms, ended_ms in ends.items() if started_ms < ended_ms)
