"""Parsing of each topic's records, and the reasons for rejecting records."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadRecord
from core.pipeline.records import EPOCH_MS, Grain, read_chat, read_event, read_window
from core.pipeline.topics import TOPICS

T = 1_795_400_000_000
MESSAGE: dict[str, Any] = {"v": 1, "kind": "message", "channel_id": "7", "at_ms": T, "user_hash": -5, "words": 2}
WINDOW: dict[str, Any] = {"v": 1, "grain": "live", "channel_id": "7", "start_ms": T, "end_ms": T + 30_000}
LENGTHS: dict[Grain, int] = {"live": 30_000}
GRAINS: dict[Grain, frozenset[str]] = {"live": frozenset({"messages", "words"})}


def raw(record: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({**record, **changes}).encode()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty record"),
        (b"", "not JSON"),
        (b"nope", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"at_ms": NaN}', "not JSON"),
        (b"[]", "expected a JSON object, got list"),
        (b"{}", "unknown kind None"),
        (raw(MESSAGE, kind="weird"), "unknown kind 'weird'"),
        (raw(MESSAGE, at_ms=None), "at_ms is None"),
        (raw(MESSAGE, at_ms="soon"), "at_ms is 'soon'"),
        (raw(MESSAGE, at_ms=True), "at_ms is True"),
        (raw(MESSAGE, at_ms={"a": 1}), "at_ms is {'a': 1}"),
        (raw(MESSAGE, at_ms=10**30), "at_ms is 1000"),
        (raw(MESSAGE, at_ms=EPOCH_MS - 1), "predates Twitchly"),
        (raw(MESSAGE, at_ms=T + 7_200_001), "more than 2 h after"),
        (raw(MESSAGE, words=None), "words is None"),
        (raw(MESSAGE, words=2**31), "words is 2147483648"),
        (raw(MESSAGE, user_hash="x"), "user_hash is 'x'"),
        (raw(MESSAGE, channel_id=None), "channel_id is None"),
        (raw(MESSAGE, channel_id="../../etc"), "channel_id is '../../etc'"),
        (raw(MESSAGE, viewers=-1), "viewers is -1"),
        (raw(MESSAGE, viewers=10_000_000), "viewers is 10000000"),
        (raw(MESSAGE, kind="pulse"), "observed_ms is None"),
    ],
)
def test_an_invalid_chat_record_is_rejected_with_the_reason(value: bytes | None, reason: str) -> None:
    with pytest.raises(BadRecord, match=re.escape(reason)):
        read_chat(value, T)


def test_numbers_are_parsed_as_in_flink() -> None:
    record = read_chat(raw(MESSAGE, at_ms=f" {T} ", words=2.9, user_hash="7", channel_id=12) + b" trailing", T)
    assert (record.at_ms, record.words, record.user_hash, record.channel_id) == (T, 2, 7, "12")


def test_a_watermark_record_has_no_channel() -> None:
    assert read_chat(raw({"kind": "clock", "at_ms": T}), T).channel_id == ""


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(
        lambda value: json.dumps({**MESSAGE, "at_ms": value}).encode()
    )
)
def test_any_bytes_are_parsed_or_rejected(value: bytes) -> None:
    try:
        assert read_chat(value, T).kind == "message"
    except BadRecord as error:
        assert str(error)


def test_a_window_contains_only_the_columns_that_are_present() -> None:
    window = read_window(raw(WINDOW, messages=4, words=None, unknown=1), GRAINS, LENGTHS, T + 31_000)
    assert (window.channel_id, window.end_ms, window.columns) == ("7", T + 30_000, {"messages": 4})
    assert window.again_ms == 0
    assert read_window(raw(WINDOW, again_ms=5), GRAINS, LENGTHS, T + 31_000).again_ms == 5


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"grain": "year"}, "unknown grain 'year'"),
        ({"grain": ["live"]}, "unknown grain"),
        ({"end_ms": T}, "is 0 ms long: expected 30000"),
        ({"start_ms": -60_000}, "predates Twitchly"),
        ({"start_ms": T + 10**9, "end_ms": T + 10**9 + 30_000}, "more than 2 h after"),
        ({"messages": "many"}, "messages is 'many'"),
        ({"again_ms": -1}, "again_ms is -1"),
        ({"again_ms": "late"}, "again_ms is 'late'"),
    ],
)
def test_an_invalid_window_is_rejected_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRecord, match=reason):
        read_window(raw(WINDOW, **changes), GRAINS, LENGTHS, T + 31_000)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None}, "id is None"),
        ({"kind": "k" * 201}, "kind is 'kkk"),
        ({"reason": "\ud800"}, "reason is"),
        ({"at_ms": 9 * 10**17}, "more than 2 h after"),
        ({"until_ms": 9 * 10**17}, "more than 2 h after"),
        ({"until_ms": "soon"}, "until_ms is 'soon'"),
    ],
)
def test_an_invalid_event_is_rejected_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    event = {"id": "a", "kind": "gap", "channel_id": "7", "at_ms": T, "until_ms": T, "reason": "restart"}
    assert read_event(raw(event), T).reason == "restart"
    with pytest.raises(BadRecord, match=reason):
        read_event(raw(event, **changes), T)


def test_chat_retention_is_below_a_day() -> None:
    for topic in TOPICS:
        if topic.name.startswith("chat"):
            assert topic.retention_ms + topic.segment_ms < 24 * 3_600_000
