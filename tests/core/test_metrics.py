"""The table of metrics: formulas, floors and empty values."""

from __future__ import annotations

import pytest

from core.metrics import (
    BOARDS,
    COLUMNS,
    GRAINS,
    LIVE_WINDOW_MS,
    METRIC,
    Floors,
    aggregate,
    columns_of,
    counted_apart,
    coverage,
    values_of,
)
from core.records import ChatRecord
from core.times import MINUTE_MS

T = 1_795_400_000_000
CHAT = [
    ChatRecord("message", "7", T + 1, user_hash=1, words=3),
    ChatRecord("message", "7", T + 2, user_hash=2, words=5),
    ChatRecord("message", "7", T + 3, user_hash=1, words=1),
    ChatRecord("pulse", "7", T + 999, viewers=1_000, observed_ms=1_000),
    ChatRecord("pulse", "7", T + 1_999, viewers=3_000, observed_ms=400),
    ChatRecord("pulse", "7", T + 2_999, observed_ms=0),
]


def test_the_reference_aggregates_a_window() -> None:
    assert aggregate(CHAT, "minute") == {
        "messages": 3,
        "words": 9,
        "observed_ms": 1_400,
        "viewers": 3_000,
        "viewers_sum": 4_000,
        "viewers_max": 3_000,
        "viewer_pulses": 2,
        "chatters": 2,
        "copies": 0,
        "bot_messages": 0,
    }
    assert aggregate(CHAT, "live_distinct") == {"chatters": 2}


def test_copies_and_bots_are_counted_apart_and_change_no_other_column() -> None:
    apart = [
        ChatRecord("copy", "7", T + 4, user_hash=8, words=90, viewers=9_999),
        ChatRecord("copy", "7", T + 5, user_hash=8, words=90),
        ChatRecord("bot", "7", T + 6, user_hash=9, words=90, viewers=9_999),
    ]
    for grain in GRAINS:
        without, within = aggregate(CHAT, grain), aggregate([*CHAT, *apart], grain)
        if "copies" in {column.name for column in columns_of(grain)}:
            assert (within.pop("copies"), within.pop("bot_messages")) == (2, 1)
            del without["copies"], without["bot_messages"]
        assert within == without


def test_what_was_heard_besides_is_told_where_there_is_any() -> None:
    assert counted_apart({"messages": 4, "copies": 2, "bot_messages": 0}) == {"copies": 2}
    assert counted_apart({"messages": 4}) == {}


def test_what_has_no_data_is_absent() -> None:
    empty = {"messages": 0, "observed_ms": 0, "viewer_pulses": 0, "copies": 0, "bot_messages": 0}
    assert aggregate(CHAT[5:], "live") == empty
    assert values_of({"messages": 0, "viewer_pulses": 0}, LIVE_WINDOW_MS) == {"messages": 0}


def test_the_four_original_formulas_hold() -> None:
    columns = {"messages": 12, "words": 30, "viewers": 500, "observed_ms": 30_000}
    values = values_of(columns, LIVE_WINDOW_MS)
    assert values == {
        "viewers": 500,
        "messages": 12,
        "engagement": pytest.approx(12 * 60 / 30 / (500 / 1000)),
        "spam": 2.5,
    }


def test_nobody_watching_is_no_infinite_engagement() -> None:
    assert "engagement" not in values_of({"messages": 12, "viewers": 0}, LIVE_WINDOW_MS)


def test_a_minute_uses_mean_viewers_and_observed_time() -> None:
    columns = {"messages": 90, "viewers": 9, "viewers_sum": 60_000, "viewer_pulses": 60, "observed_ms": 45_000}
    values = values_of(columns, MINUTE_MS)
    assert values["messages"] == 60
    assert values["engagement"] == 90


def test_coverage_never_exceeds_the_whole() -> None:
    assert coverage({"observed_ms": 31_000}, LIVE_WINDOW_MS) == 1.0
    assert coverage({}, LIVE_WINDOW_MS) == 0.0


def test_small_channels_are_not_ranked_and_the_reason_is_told() -> None:
    floors = Floors(engagement_min_viewers=100, spam_min_messages=5)
    assert METRIC["engagement"].unranked({"viewers": 99}, floors) == "needs 100 viewers"
    assert METRIC["engagement"].unranked({"viewers": 100}, floors) is None
    assert METRIC["spam"].unranked({"messages": 4}, floors) == "needs 5 messages in 30 s"
    assert METRIC["viewers"].unranked({"viewers": 0}, floors) is None


def test_unknown_viewers_are_a_reason_of_their_own() -> None:
    for metric in ("viewers", "engagement"):
        assert METRIC[metric].unranked({"messages": 12}, Floors()) == "viewers are unknown"
        assert metric not in values_of({"messages": 12, "viewer_pulses": 0}, LIVE_WINDOW_MS)


def test_keys_and_columns_are_unique() -> None:
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)
    assert [metric.key for metric in BOARDS] == ["viewers", "messages", "engagement", "spam"]
