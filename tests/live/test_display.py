"""The display text of live values is the same on pages and in frames."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest_django import Settings

from apps.live.board import Board
from apps.live.directory import Profile
from apps.live.display import channel_display, move, now_note, reading_display, row_display, spark_path
from apps.live.readings import ChannelNow, LiveBoards, Row
from apps.live.subscriptions import ChannelsSpec, Subscribe
from core.metrics.table import BOARDS, METRICS
from core.times import MINUTE_MS
from tests.dashboard.conftest import Boards
from tests.live.test_invariant import join, new_hub, take_one

MIDNIGHT_MS = 1_795_392_000_000
NOW = ChannelNow(Profile("1", "alpha", "Alpha"), MIDNIGHT_MS, 1.0, {}, {}, {})
VALUED = replace(NOW, values={metric.key: 0.0 for metric in METRICS})
BELOW = {metric.key: "needs 10 messages in 30 s" for metric in BOARDS}
OFFLINE = Profile("1", "alpha", "Alpha", is_offline=True)
ROW = Row("1", "alpha", "Alpha", "Chess", "en", "English", 7.0, 1.0, 980_000, "live", None, False, "", 1)


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        (NOW, "no messages"),
        (VALUED, ""),
        (replace(VALUED, unranked=BELOW), "not ranked (needs 10 messages in 30 s)"),
        (replace(NOW, unranked=BELOW), "no messages"),
        (replace(NOW, profile=OFFLINE, unranked=BELOW), "the stream is offline"),
        (replace(NOW, end_ms=None), "no live window"),
        (replace(VALUED, coverage=0.0), "not heard in the past 30 s"),
        (replace(VALUED, end_ms=MIDNIGHT_MS + 5_000), ""),
    ],
)
def test_missing_values_are_explained_before_missing_ranks(channel: ChannelNow, expected: str) -> None:
    assert now_note("spam", channel) == expected


def test_distinct_counts_across_midnight_have_a_note() -> None:
    notes = {ms: now_note("chatters", replace(VALUED, end_ms=MIDNIGHT_MS + ms)) for ms in (0, 5_000, 25_000, 30_000)}
    assert {ms for ms, note in notes.items() if note.startswith("across midnight UTC")} == {5_000, 25_000}


def test_excitement_has_a_note_while_warming_up() -> None:
    assert now_note("excitement", NOW).startswith("warming up: fewer than 10 earlier windows")


def test_the_display_of_a_channel_contains_the_text_of_each_value_and_note() -> None:
    values = {"viewers": 2_000, "messages": 1_234, "chatters": 50, "spam": 4.2}
    channel = replace(NOW, values=values, coverage=0.5, apart={"copies": 3}, unranked={"spam": "needs 10 messages"})
    display = channel_display(channel)
    assert display.values == {"viewers": "2,000", "messages": "≥ 1,234", "chatters": "≥ 50", "spam": "4.20"}
    assert display.notes["spam"] == "not ranked (needs 10 messages)"
    assert "messages" not in display.notes
    assert (display.coverage, display.excluded) == ("50.0", "≥ 3 from shared chat")
    assert (display.chatters_per_thousand, display.messages_per_chatter) == ("25.0", "24.7")


def test_an_unheard_channel_has_no_counts() -> None:
    unheard = replace(NOW, values={"viewers": 2_000, "messages": 0, "chatters": 5}, coverage=0.0)
    display = channel_display(unheard)
    assert display.values == {"viewers": "2,000", "messages": "–", "chatters": "–"}
    assert (display.chatters_per_thousand, display.messages_per_chatter) == ("–", "–")
    assert display.notes["messages"] == "not heard in the past 30 s"
    assert "viewers" not in display.notes


def test_depth_is_unknown_without_viewers_or_chatters() -> None:
    for values in ({}, {"viewers": 0, "chatters": 0, "messages": 0}, {"messages": 5}):
        display = channel_display(replace(NOW, values=values))
        assert (display.chatters_per_thousand, display.messages_per_chatter) == ("–", "–")


@pytest.mark.parametrize(
    ("moved", "is_new", "expected"),
    [
        (None, False, ("", "", "")),
        (0, False, ("–", "", "")),
        (1, False, ("▲ 1", "up 1 place in the past minute", "is-up")),
        (-12, False, ("▼ 12", "down 12 places in the past minute", "is-down")),
        (None, True, ("new", "new in the past minute", "is-new")),
    ],
)
def test_rank_changes_are_described(moved: int | None, is_new: bool, expected: tuple[str, str, str]) -> None:
    change = move(replace(ROW, moved=moved, is_new=is_new))
    assert (change.sign, change.words, change.css) == expected


def test_the_display_of_a_row_contains_its_value_state_category_and_language() -> None:
    stale = row_display(replace(ROW, state="stale", coverage=0.9), "messages", 1_000_000)
    assert (stale.value, stale.state, stale.is_stale, stale.is_partial) == ("≥ 7", "stale 20 s", True, True)
    live = row_display(ROW, "messages", 1_000_000)
    assert (live.value, live.state, live.is_stale, live.is_partial) == ("7", "", False, False)
    assert live.details == "Chess · English"
    assert row_display(replace(ROW, category=""), "messages", None).details == "English"
    assert row_display(replace(ROW, state="quiet"), "messages", None).state == "quiet"


def test_sparklines_break_at_gaps_and_draw_lone_values_as_dots() -> None:
    assert spark_path("0z.h") == "M0 36L2 1M6 19h0"
    assert spark_path(".0.") == "M2 36h0"
    assert spark_path("...") == spark_path("") == ""


def test_old_viewer_counts_have_a_note(settings: Settings) -> None:
    settings.VIEWERS_STALE_S, settings.VIEWERS_UNKNOWN_S = 150, 600
    for age_ms, freshness, title in (
        (0, "fresh", ""),
        (3 * MINUTE_MS, "stale", "Viewer counts are 3 min old."),
        (12 * MINUTE_MS, "unknown", "Viewer counts are unavailable."),
    ):
        display = reading_display(MIDNIGHT_MS, 1_234, MIDNIGHT_MS + age_ms)
        assert (display.viewers, display.viewers_title, display.late_dropped) == (freshness, title, "1,234")
    assert reading_display(None, None, MIDNIGHT_MS).late_dropped == "–"


async def test_frames_contain_the_texts_of_rows_channels_and_viewer_counts(boards: Boards, live: LiveBoards) -> None:
    boards.write_viewers({"1": 1_000}, observed_ms=15_000, messages=4_000)
    hub = new_hub(live, lambda: MIDNIGHT_MS)
    outbox, frames = join(hub), {}
    for name, spec in (("b", Board("messages")), ("c", ChannelsSpec(("1",)))):
        await hub.subscribe(outbox, Subscribe(name, spec))
        frames[name] = take_one(outbox)
    display = frames["b"]["rows"][0]["display"]
    assert (display["value"], display["is_partial"], display["details"]) == ("≥ 4,000", True, "Chess · English")
    assert display["move"] == {"sign": "", "words": "", "css": ""}
    channel = frames["c"]["channels"]["1"]["display"]
    assert (channel["values"]["messages"], channel["coverage"]) == ("≥ 4,000", "50.0")
    assert all(frame["display"].keys() == frames["b"]["display"].keys() for frame in frames.values())
    await hub.aclose()
