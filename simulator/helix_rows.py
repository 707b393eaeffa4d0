"""Faults in single rows of Get Streams: impossible starts, absent streams, answers about earlier broadcasts.

Source: docs/twitch.md, "Helix": "answers are cached on several servers".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from core.inputs.moments import read_moment, write_moment
from simulator.helix_pages import Fields

# None of them can be converted to UTC and written with a year of four digits without care.
BAD_STARTS = ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00")
# How much earlier the broadcast began that an old answer is about.
EARLIER = timedelta(hours=2)
Rows = Sequence[Fields]


def with_bad_starts(rows: Rows, channel_ids: Sequence[str]) -> Rows:
    """Return `rows` with an impossible start for each of the channels."""
    starts = {channel_id: BAD_STARTS[place % len(BAD_STARTS)] for place, channel_id in enumerate(channel_ids)}
    return [{**row, "started_at": starts.get(row["user_id"], row["started_at"])} for row in rows]


def without(rows: Rows, channel_ids: Sequence[str]) -> Rows:
    """Return `rows` without those of the channels."""
    absent = frozenset(channel_ids)
    return [row for row in rows if row["user_id"] not in absent]


def of_earlier_broadcasts(rows: Rows, channel_ids: Sequence[str]) -> Rows:
    """Return `rows` with the broadcast before the present one for each of the channels."""
    old = frozenset(channel_ids)
    return [_earlier(row) if row["user_id"] in old else row for row in rows]


def _earlier(row: Fields) -> Fields:
    started = read_moment(row["started_at"])
    if started is None:
        return row
    return {
        **row,
        "id": f"1{row['id']}",
        "title": f"Earlier: {row['title']}",
        "game_name": "Music",
        "viewer_count": row["viewer_count"] // 2,
        "started_at": write_moment(started - EARLIER),
    }
