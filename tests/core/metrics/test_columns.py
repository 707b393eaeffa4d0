"""Columns of windows, and the roll-up of minutes into hours."""

from __future__ import annotations

from core.metrics.columns import COLUMNS, GRAINS, aggregate, columns_of, roll_up
from core.pipeline.records import ChatRecord
from core.times import MINUTE_MS

T = 1_795_399_200_000
CHAT = [
    ChatRecord("message", "7", T + 1, user_hash=1, text_hash=11, words=3, is_first=1, is_subscriber=1),
    ChatRecord("message", "7", T + 2, user_hash=2, text_hash=11, words=5, is_returning=1, is_subscriber=0),
    ChatRecord("message", "7", T + 3, user_hash=1, text_hash=12, words=1, is_emotes=1, is_subscriber=1),
    ChatRecord("removal", "7", T + 4),
    ChatRecord("pulse", "7", T + 999, viewers=1_000, observed_ms=1_000, live=True),
    ChatRecord("pulse", "7", T + 1_999, viewers=3_000, observed_ms=400, live=True),
    ChatRecord("pulse", "7", T + 2_999, observed_ms=0),
]
SUMS = {
    "messages": 3,
    "words": 9,
    "observed_ms": 1_400,
    "viewers": 3_000,
    "first_messages": 1,
    "returning_messages": 1,
    "subscriber_messages": 2,
    "emote_messages": 1,
    "removals": 1,
    "copies": 0,
    "bot_messages": 0,
}
LONG = {**SUMS, "viewers_sum": 4_000, "viewers_max": 3_000, "viewer_pulses": 2, "pulses": 3, "on_air_pulses": 2}
LONG |= {"on_air_observed_ms": 1_400}


def test_the_reference_aggregates_a_window() -> None:
    assert aggregate(CHAT, "live") == SUMS
    assert aggregate(CHAT, "live_distinct") == {"messages": 3, "observed_ms": 1_400, "chatters": 2, "texts": 2}
    assert aggregate(CHAT, "minute") == {**LONG, "chatters": 2, "texts": 2}
    assert aggregate(CHAT, "hour_distinct") == {"chatters": 2}


def test_an_hour_sums_its_minutes_and_recounts_its_chatters() -> None:
    later = [ChatRecord("message", "7", r.at_ms + MINUTE_MS, user_hash=r.user_hash, text_hash=11) for r in CHAT[:3]]
    hour = aggregate([*CHAT, *later], "hour")
    special = {name: hour.pop(name) for name in list(hour) if name not in LONG and name != "texts"}
    assert hour == {**LONG, "messages": 6, "texts": 3}
    assert special == {
        "engaged_messages": 3,
        "engaged_observed_ms": 1_400,
        "engaged_viewers_sum": 4_000,
        "engaged_viewer_pulses": 2,
        "heard_minutes": 0,
        "peak_viewers": 3_000_000_000 * 60 + 59,
    }
    assert aggregate([*CHAT, *later], "hour_distinct") == {"chatters": 2}


def test_the_viewers_of_an_hour_come_from_its_last_minute_with_viewers() -> None:
    hour = roll_up({T: {"viewers": 7, "viewers_max": 9}, T + MINUTE_MS: {"viewers": 5, "viewers_max": 8}, T + 9: {}})
    assert (hour["viewers"], hour["viewers_max"]) == (5, 9)


def test_values_without_records_are_absent() -> None:
    columns = aggregate(CHAT[6:], "minute")
    counted = {**LONG, "chatters": 0, "texts": 0}
    unknown = {"words", "viewers", "viewers_sum", "viewers_max", "on_air_observed_ms"}
    assert columns == {**{name: 0 for name in counted if name not in unknown}, "pulses": 1}
    assert roll_up({}) == {}


def test_shared_copies_and_bots_change_only_their_own_columns() -> None:
    extra = [
        ChatRecord("copy", "7", T + 4, user_hash=8, text_hash=1, words=90, viewers=9_999, is_first=1),
        ChatRecord("copy", "7", T + 5, user_hash=8, text_hash=1, words=90),
        ChatRecord("bot", "7", T + 6, user_hash=9, text_hash=1, words=90, viewers=9_999, is_emotes=1),
    ]
    for grain in GRAINS:
        without, within = aggregate(CHAT, grain), aggregate([*CHAT, *extra], grain)
        if "copies" in {column.name for column in columns_of(grain)}:
            assert (within.pop("copies"), within.pop("bot_messages")) == (2, 1)
            del without["copies"], without["bot_messages"]
        assert within == without


def test_names_are_unique() -> None:
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)
