"""Version of a channel's stored series, for entity tags; computed by Cassandra without reading windows."""

from __future__ import annotations

from apps.metrics.chart_ranges import Range
from apps.metrics.queries import EDGE_MS
from apps.metrics.store import WindowStore
from core.metrics.columns import StoredGrain
from core.times import DAY_MS, HOUR_MS

# Gaps are recorded within a day of their start.
GAPS_MS = DAY_MS


def series_version(channel_id: str, chosen: Range, now_ms: int) -> str:
    """Return a string that changes with the stored windows, recent gaps and broadcasts of a range.

    It also depends on the minutes at the edges of the range, which summaries read, and on the 30-second windows if
    summaries include excitement. Raises: ServiceUnavailable.
    """
    from_ms, until_ms = chosen.bounds(now_ms)
    first_ms = from_ms - EDGE_MS
    spans: list[tuple[StoredGrain, int, int]] = [(chosen.grain, first_ms, until_ms)]
    if chosen.grain != "minute":
        spans += [("minute", first_ms, from_ms + HOUR_MS), ("minute", until_ms - 2 * HOUR_MS, until_ms)]
    if chosen.grain != "live" and chosen.has_excitement:
        spans.append(("live", first_ms, until_ms))
    store = WindowStore()
    windows = [store.checksum(grain, channel_id, start_ms, end_ms) for grain, start_ms, end_ms in spans]
    events = store.events_checksum(channel_id, max(from_ms, until_ms - GAPS_MS), until_ms)
    broadcasts = sorted(store.read_broadcasts([channel_id], from_ms, until_ms)[channel_id])
    return f"{chosen.grain} {from_ms} {until_ms} {windows} {events} {broadcasts}"
