"""Unusable records for each topic, and the valid records that they are derived from."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from core.times import HOUR_MS, MINUTE_MS

START_MS = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS - 600 * MINUTE_MS
HUGE = [10**30, 2**63 - 1, 2**63, -(2**63), int("9" * 4_000)]
NOT_RECORDS = [None, b"", b"nope", b"[]", b"null", b"7", b"{}", b"\xff\xfe\x00", b'{"v": 1, "grain"', b"[" * 100_000]
OVERSIZED = [b"x" * 999_000, b'{"end_ms": ' + b"9" * 990_000 + b"}"]
BAD_WINDOWS: Mapping[str, Sequence[Any]] = {
    "grain": [None, 5, ["minute"], "year", "\ud800"],
    "channel_id": [None, "", -1, {"a": 1}, "\udfff", "9" * 21],
    "start_ms": [None, "soon", True, *HUGE],
    "end_ms": [None, START_MS, *HUGE],
    "messages": ["many", {}, *HUGE[2:3], *HUGE[4:], 10**30],
}
BAD_EVENTS: Mapping[str, Sequence[Any]] = {
    "id": [None, 5, "", "i" * 201],
    "kind": [None, ["raid"], "\ud800"],
    "at_ms": [None, {}, *HUGE],
    "until_ms": ["soon", *HUGE],
    "count": ["many", 10**30],
    "text": ["half of a pair: \ud83d", "\x1b[2J", "t" * 201, 5],
}


def window(channel: str, number: int = 0, **changes: Any) -> bytes:
    """Return a valid minute window for a channel, `number` minutes after START_MS."""
    start_ms = START_MS + number * MINUTE_MS
    fields = {"v": 1, "grain": "minute", "channel_id": channel, "start_ms": start_ms, "messages": number}
    return json.dumps({**fields, "end_ms": start_ms + MINUTE_MS, **changes}).encode()


def event(channel: str, number: int = 0, **changes: Any) -> bytes:
    """Return a valid raid event for a channel, `number` ms after START_MS."""
    fields = {"v": 1, "id": f"{channel}-{number}", "kind": "raid", "channel_id": channel, "count": number}
    return json.dumps({**fields, "at_ms": START_MS + number, "text": "A raid", **changes}).encode()


def poison_of(valid: Callable[..., bytes], bad_values: Mapping[str, Sequence[Any]]) -> list[bytes | None]:
    """Return non-records, oversized records, and a valid record with each of the `bad_values`."""
    changed = [valid(**{name: value}) for name, values in bad_values.items() for value in values]
    return [*NOT_RECORDS, *OVERSIZED, *changed]


def bad_chat(now_ms: int) -> list[bytes | None]:
    """Return unusable records for `chat`; none may be counted, stop the job or advance its event time."""
    valid = {"v": 1, "kind": "message", "channel_id": "1", "at_ms": now_ms, "user_hash": 1, "words": 1}
    bad_values: dict[str, list[Any]] = {
        "at_ms": [None, "soon", 0, now_ms + 3 * HOUR_MS, *HUGE],
        "words": [None, "many", *HUGE],
        "user_hash": [None, 2**63, 10**30],
        "channel_id": [None],
        "kind": [None, "weird", "pulse"],
        "viewers": [-1, 10_000_000],
    }
    return poison_of(lambda **change: json.dumps({**valid, **change}).encode(), bad_values)


def poison(now_ms: int) -> dict[str, list[bytes | None]]:
    """Return the unusable records for each topic; the channel that they name does not exist."""
    windows = poison_of(partial(window, "1"), BAD_WINDOWS)
    events = poison_of(partial(event, "1"), BAD_EVENTS)
    return {"chat": bad_chat(now_ms), "windows-live": windows, "windows": windows, "channel-events": events}
