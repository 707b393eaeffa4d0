"""The bodies of frames: each is made once for all who wish for the same, as the inside of a JSON object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from apps.live.board import Board
from apps.live.outboxes import Filling
from apps.live.readings import PROFILE, ChannelNow, Reading
from apps.live.recent_events import Marks
from apps.live.subscriptions import Channels

Rows = Mapping[str, Mapping[str, Any]]


def board_body(board: Board, reading: Reading, now_ms: int) -> str:
    """Return the board's rows, best first."""
    return _inside({**_head(reading, now_ms), "board": board.metric, "rows": reading.rows[board]})


class ChannelBodies:
    """Bodies of channels out of one reading: each channel is encoded once, however many ask for it.

    `marks` of a channel is what happened in the past RECENT_MS, null while that is not known.
    """

    def __init__(self, reading: Reading, marks: Marks, now_ms: int) -> None:
        self._head = _head(reading, now_ms)
        self._reading = reading
        self._marks = marks
        self._encoded: dict[str, orjson.Fragment] = {}

    def body(self, wish: Channels) -> str:
        """Return the known ones of these channels."""
        known = [channel_id for channel_id in wish.ids if channel_id in self._reading.channels]
        return _inside({**self._head, "channels": {channel_id: self._channel(channel_id) for channel_id in known}})

    def _channel(self, channel_id: str) -> orjson.Fragment:
        if channel_id not in self._encoded:
            fields = self._reading.channels[channel_id].as_json() | {"marks": self._marks.get(channel_id)}
            self._encoded[channel_id] = orjson.Fragment(orjson.dumps(fields))
        return self._encoded[channel_id]


class TableBodies:
    """The bodies of the table, one after the other: all rows, and beside them what changed since the one before.

    A row of the changes names only the fields that changed; `gone` are the rows that went.
    """

    def __init__(self) -> None:
        self._number = 0
        self._rows: Rows = {}

    def next(self, reading: Reading, now_ms: int) -> Filling:
        """Return the next filling."""
        rows = {channel_id: _table_row(channel) for channel_id, channel in reading.channels.items()}
        head = _head(reading, now_ms)
        changes = {channel_id: found for channel_id, row in rows.items() if (found := self._changed(channel_id, row))}
        gone = [channel_id for channel_id in self._rows if channel_id not in rows]
        self._number, self._rows = self._number + 1, rows
        return Filling(
            _inside({**head, "is_whole": True, "rows": rows, "gone": []}),
            self._number,
            _inside({**head, "is_whole": False, "rows": changes, "gone": gone}),
            now_ms,
        )

    def _changed(self, channel_id: str, row: Mapping[str, Any]) -> dict[str, Any]:
        before = self._rows.get(channel_id, {})
        return {name: value for name, value in row.items() if name not in before or before[name] != value}


def _table_row(channel: ChannelNow) -> dict[str, Any]:
    return {
        **{name: getattr(channel.profile, name) for name in PROFILE},
        "end_ms": channel.end_ms,
        "coverage": channel.coverage,
        "distinct_end_ms": channel.distinct_end_ms,
        "distinct_coverage": channel.distinct_coverage,
        "values": channel.values,
        "unranked": channel.unranked,
    }


def _head(reading: Reading, now_ms: int) -> dict[str, Any]:
    return {
        "now_ms": now_ms,
        "newest_end_ms": reading.newest_end_ms,
        "viewers_at_ms": reading.viewers_at_ms,
        "late_dropped": reading.late_dropped,
    }


def _inside(fields: Mapping[str, Any]) -> str:
    return orjson.dumps(fields)[1:-1].decode()
