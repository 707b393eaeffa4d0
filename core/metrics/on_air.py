"""Time on air that is known from a channel's broadcasts.

Pulses know that a channel is on air only once it has been noticed and is tracked. Broadcasts have Twitch's own start.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.irc.channel_events import started_ms_of
from core.pipeline.intervals import Intervals, Span
from core.pipeline.records import EventRecord
from core.times import DAY_MS

# Twitch ends broadcasts after 48 h.
BROADCAST_MAX_MS = 2 * DAY_MS


def known_on_air(ended: Iterable[Span], events: Iterable[EventRecord], until_ms: int) -> Intervals:
    """Return when a channel was on air: in its `ended` broadcasts, and in those that begin or end among `events`.

    `ended` takes precedence over events. A broadcast without a known end lasts until `until_ms`.
    """
    known = list(events)
    ends = {started_ms_of(event.id): event.at_ms for event in known if event.kind == "stream_end"} | dict(ended)
    running = [event.at_ms for event in known if event.kind == "stream_start" and event.at_ms not in ends]
    return Intervals([*ends.items(), *((at_ms, min(until_ms, at_ms + BROADCAST_MAX_MS)) for at_ms in running)])
