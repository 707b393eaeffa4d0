"""Faults in individual rows of Get Streams: impossible start times, missing streams, earlier broadcasts, new titles.

Source: behavior observed on Twitch, whose servers cache responses independently.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from core.inputs.timestamps import format_timestamp, parse_timestamp
from simulator.helix_pages import Fields

# Naive code fails to convert these to UTC or to format the year with four digits.
BAD_STARTS = ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00")
# How much earlier the previous broadcast started, in simulated stale responses.
EARLIER = timedelta(hours=2)
Rows = Sequence[Fields]


def with_bad_starts(rows: Rows, channel_ids: Sequence[str]) -> Rows:
    """Replace the start in each channel's row with an impossible one."""
    starts = {channel_id: BAD_STARTS[index % len(BAD_STARTS)] for index, channel_id in enumerate(channel_ids)}
    return [{**row, "started_at": starts.get(row["user_id"], row["started_at"])} for row in rows]


def without(rows: Rows, channel_ids: Sequence[str]) -> Rows:
    """Remove the rows of the channels."""
    absent = frozenset(channel_ids)
    return [row for row in rows if row["user_id"] not in absent]


def with_earlier_broadcasts(rows: Rows, channel_ids: Sequence[str]) -> Rows:
    """Replace each channel's row with one for its previous broadcast."""
    old = frozenset(channel_ids)
    return [_earlier(row) if row["user_id"] in old else row for row in rows]


def with_new_texts(rows: Rows, channel_ids: Sequence[str]) -> Rows:
    """Change the title and the category in each channel's row, during the same broadcast."""
    changed = frozenset(channel_ids)
    return [
        {**row, "title": f"New: {row['title']}", "game_name": "Music"} if row["user_id"] in changed else row
        for row in rows
    ]


def _earlier(row: Fields) -> Fields:
    started = parse_timestamp(row["started_at"])
    if started is None:
        return row
    return {
        **row,
        "id": f"1{row['id']}",
        "title": f"Earlier: {row['title']}",
        "game_name": "Music",
        "viewer_count": row["viewer_count"] // 2,
        "started_at": format_timestamp(started - EARLIER),
    }
