"""Payload encoding: each payload is encoded once for all its subscribers, as JSON members without braces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from apps.live.board import Board
from apps.live.display import channel_json, reading_display, row_json
from apps.live.outboxes import Payload
from apps.live.readings import PROFILE, ChannelNow, Reading
from apps.live.recent_events import Marks
from apps.live.subscriptions import ChannelsSpec

Rows = Mapping[str, Mapping[str, Any]]


def encode_board(board: Board, reading: Reading, now_ms: int) -> bytes:
    """Return the board's rows, highest rank first."""
    rows = [row_json(row, board.metric, reading.newest_end_ms) for row in reading.rows[board]]
    return _members({**_head(reading, now_ms), "board": board.metric, "rows": rows})


class ChannelEncoder:
    """Encodes channels of one reading: each channel once, however many subscriptions include it.

    The `marks` of a channel are its events in the past RECENT_MS, null until they have been read.
    """

    def __init__(self, reading: Reading, marks: Marks, now_ms: int) -> None:
        self._head = _head(reading, now_ms)
        self._reading = reading
        self._marks = marks
        self._encoded: dict[str, orjson.Fragment] = {}

    def encode(self, spec: ChannelsSpec) -> bytes:
        """Return the known channels of a spec."""
        known = [channel_id for channel_id in spec.ids if channel_id in self._reading.channels]
        return _members({**self._head, "channels": {channel_id: self._channel(channel_id) for channel_id in known}})

    def _channel(self, channel_id: str) -> orjson.Fragment:
        if channel_id not in self._encoded:
            fields = channel_json(self._reading.channels[channel_id]) | {"marks": self._marks.get(channel_id)}
            self._encoded[channel_id] = orjson.Fragment(orjson.dumps(fields))
        return self._encoded[channel_id]


class TableEncoder:
    """Encodes successive payloads of the table: all rows, and the changes since the previous payload.

    A changed row contains only the fields that changed; `gone` lists the rows that were removed.
    """

    def __init__(self) -> None:
        self._number = 0
        self._rows: Rows = {}

    def next(self, reading: Reading, now_ms: int) -> Payload:
        """Return the next payload."""
        rows = {channel_id: _table_row(channel) for channel_id, channel in reading.channels.items()}
        head = _head(reading, now_ms)
        changes = {channel_id: fields for channel_id, row in rows.items() if (fields := self._changed(channel_id, row))}
        gone = [channel_id for channel_id in self._rows if channel_id not in rows]
        self._number, self._rows = self._number + 1, rows
        return Payload(
            _members({**head, "is_whole": True, "rows": rows, "gone": []}),
            self._number,
            _members({**head, "is_whole": False, "rows": changes, "gone": gone}),
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
        "display": reading_display(reading.viewers_at_ms, reading.late_dropped, now_ms),
    }


def _members(fields: Mapping[str, Any]) -> bytes:
    """Return the fields as JSON without the enclosing braces."""
    return orjson.dumps(fields)[1:-1]
