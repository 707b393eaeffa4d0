import json
from typing import Any

from core.pipeline.records import ChatRecord, message_record, pulse_record, stream_fields, watermark_record
from core.proof.reference import Blocks, Tally, WindowKey, differences

HOUR_MS = 3_600_000
T0 = 1_790_000_000_000 // HOUR_MS * HOUR_MS


def message(at_ms: int, user: int = 1, words: int = 2, channel_id: str = "7") -> ChatRecord:
    return ChatRecord("message", channel_id, at_ms, user_hash=user, words=words)


def pulse(at_ms: int, viewers: int | None = 100) -> ChatRecord:
    return ChatRecord("pulse", "7", at_ms, viewers=viewers, observed_ms=1_000)


def windows(*records: ChatRecord, from_ms: int = 0, until_ms: int = T0 + 2 * HOUR_MS) -> dict[WindowKey, Any]:
    blocks = Blocks()
    for record in records:
        blocks.add(record)
    return dict(blocks.windows(from_ms=from_ms, until_ms=until_ms))


def ends(grain: str, found: dict[WindowKey, Any]) -> list[int]:
    return sorted(end_ms - T0 for _, name, end_ms in found if name == grain)


def test_a_record_is_in_three_live_windows_one_minute_and_one_hour() -> None:
    found = windows(message(T0 + 61_000))
    assert ends("live", found) == [70_000, 80_000, 90_000]
    assert ends("minute", found) == [120_000]
    assert ends("hour", found) == [HOUR_MS]


def test_the_start_of_a_window_belongs_to_it_and_its_end_does_not() -> None:
    assert ends("live", windows(message(T0 + 30_000))) == [40_000, 50_000, 60_000]
    assert ends("live", windows(message(T0 + 29_999))) == [30_000, 40_000, 50_000]
    assert ends("minute", windows(message(T0 + 60_000))) == [120_000]
    assert ends("minute", windows(message(T0 + 59_999))) == [60_000]


def test_a_stored_live_window_has_the_columns_of_both_live_grains() -> None:
    found = windows(message(T0 + 1, user=1), message(T0 + 9_000, user=1), message(T0 + 12_000, user=2), pulse(T0 + 5))
    assert found["7", "live", T0 + 10_000]["messages"] == 2
    assert found["7", "live", T0 + 10_000]["chatters"] == 1
    whole = found["7", "live", T0 + 30_000]
    assert (whole["messages"], whole["chatters"], whole["words"], whole["viewers"]) == (3, 2, 6, 100)


def test_pulses_without_messages_make_windows_with_zero_counts() -> None:
    columns = windows(pulse(T0 + 999, viewers=None))["7", "minute", T0 + 60_000]
    assert columns == {
        "messages": 0,
        "observed_ms": 1_000,
        "viewer_pulses": 0,
        "pulses": 1,
        "on_air_pulses": 0,
        "first_messages": 0,
        "returning_messages": 0,
        "subscriber_messages": 0,
        "emote_messages": 0,
        "removals": 0,
        "copies": 0,
        "bot_messages": 0,
        "chatters": 0,
        "texts": 0,
    }


def test_watermark_records_make_no_window() -> None:
    assert windows(ChatRecord("clock", "", T0)) == {}


def test_channels_are_kept_separate() -> None:
    found = windows(message(T0), message(T0, channel_id="8"))
    assert found["7", "minute", T0 + 60_000]["messages"] == found["8", "minute", T0 + 60_000]["messages"] == 1


def test_windows_outside_the_interval_are_ignored() -> None:
    found = windows(message(T0 + 61_000), from_ms=T0 + 45_000, until_ms=T0 + 89_999)
    assert ends("live", found) == [80_000]
    assert ends("minute", found) == ends("hour", found) == []


def test_equal_windows_have_no_differences() -> None:
    found = windows(message(T0), pulse(T0 + 999))
    assert list(differences(found, windows(message(T0), pulse(T0 + 999)))) == []


def test_each_kind_of_difference_is_explained() -> None:
    key: WindowKey = ("7", "minute", T0)
    cases = [
        ({key: {"messages": 2}}, {key: {"messages": 3}}, "messages is 3, expected 2"),
        ({key: {"messages": 2, "words": 1}}, {key: {"messages": 2}}, "words is None, expected 1"),
        ({key: {"messages": 2}}, {}, "is missing"),
        ({}, {key: {"messages": 2}}, "no record accounts for it"),
    ]
    for expected, found, reason in cases:
        ((window, explanation),) = differences(expected, found)
        assert window == key
        assert reason in explanation


STREAM = stream_fields(channel_id="7", viewers=100, category="Chess", language="en")


def record_of(at_ms: int, message_id: str = "m1", sent_ms: int | None = None, kind: str = "message") -> bytes:
    fields = message_record(
        STREAM,
        kind=kind,
        message_id=message_id,
        sent_ms=at_ms if sent_ms is None else sent_ms,
        text="hello there",
        words=2,
        traits={},
    )
    return json.dumps({**fields, "at_ms": at_ms, "user_hash": 5}).encode()


def test_each_id_is_counted_and_messages_dated_to_a_later_minute_are_listed() -> None:
    tally = Tally()
    tally.add(0, record_of(T0 + 59_000, "a"), T0)
    tally.add(0, record_of(T0 + 60_000, "b", sent_ms=T0 + 59_999), T0)
    tally.add(0, record_of(T0 + 60_000, "b", sent_ms=T0 + 59_999), T0)
    assert [tally.heard.at(place).times for place in range(len(tally.heard))] == [1, 2]
    assert tally.heard.at(1).sent_ms == T0 + 59_999
    assert list(tally.moved_ms) == [T0 + 59_999] * 2


def test_shared_copies_and_bot_messages_are_recorded_like_other_messages() -> None:
    tally = Tally()
    for message_id, kind in (("a", "message"), ("b", "copy"), ("c", "bot")):
        tally.add(0, record_of(T0, message_id, kind=kind), T0)
    assert [tally.heard.at(place).kind for place in range(3)] == ["message", "copy", "bot"]
    columns = tally.blocks.windows(from_ms=T0, until_ms=T0 + 60_000)["7", "minute", T0 + 60_000]
    assert (columns["messages"], columns["copies"], columns["bot_messages"]) == (1, 1, 1)


def test_a_tally_counts_invalid_records() -> None:
    tally = Tally()
    for value in (None, b"not json", b'{"kind": "message"}', b'{"kind": "pulse", "at_ms": null, "channel_id": "7"}'):
        tally.add(0, value, T0)
    tally.add(0, record_of(T0), T0)
    assert (tally.rejected, len(tally.heard)) == (4, 1)


def test_the_slowest_partition_determines_the_promise() -> None:
    tally = Tally()
    tally.add(0, json.dumps({**watermark_record(producer="p"), "at_ms": T0 + 5_000}).encode(), T0)
    assert tally.promise_ms([0, 1]) == 0
    tally.add(1, json.dumps({**pulse_fields(), "at_ms": T0 + 2_000}).encode(), T0)
    assert tally.promise_ms([0, 1]) == T0 + 1_500


def pulse_fields() -> dict[str, Any]:
    return pulse_record(STREAM, observed_ms=1_000, live=True)
