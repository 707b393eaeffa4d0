"""Out-of-order Helix responses: temporarily absent streams, and older broadcasts after newer ones."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from core.channels.selection import Curation
from core.irc.channel_events import stream_end_id
from core.pipeline.records import EventRecord, read_event
from core.times import datetime_of
from tests.ingest.polls import ADA, BOB, LATER, LATER_ISO, MINUTE, T0, T0_ISO, Table

NEWER = replace(ADA, started_at=LATER_ISO, title="round two", category="Go", viewers=500, login="ada_two")


def valid_ends(table: Table) -> list[tuple[int, int]]:
    """Return the start and end of each broadcast as stored in history, without withdrawn ends."""
    ends: dict[tuple[str, int], EventRecord] = {}
    for record in table.events:
        event = read_event(orjson.dumps(record), LATER + 60 * MINUTE)
        end = (stream_end_id(event.channel_id, event.started_ms or 0), event.at_ms)
        if event.kind == "stream_end":
            assert event.id == end[0]
            ends[end] = event
        elif event.kind == "stream_end_withdrawn":
            del ends[end]
    return [(event.started_ms or 0, event.at_ms) for event in ends.values()]


def polls(table: Table, answers: str, first_ms: int = LATER) -> None:
    """Poll once a minute. Ada has been live since T0 (A) or LATER (B), or is offline (-). Bob is always live."""
    streams = {"A": [ADA], "B": [NEWER], "-": []}
    for minute, answer in enumerate(answers):
        table.poll(first_ms + minute * MINUTE, *streams[answer], BOB)


# Temporarily absent


@pytest.mark.parametrize(
    ("answers", "ended_minute"),
    [
        ("A--AA--", 5),
        ("A--A--", 4),
        ("A---A-A--", 7),
        ("A--A--A--A--", 10),
        ("A--A-A--------------", 6),
        ("A" + "-" * 15 + "AA--", 18),
    ],
)
def test_a_broadcast_that_resumes_and_ends_again_has_only_its_last_end(answers: str, ended_minute: int) -> None:
    table = Table()
    polls(table, answers)
    assert valid_ends(table) == [(T0, LATER + ended_minute * MINUTE)]
    assert "stream_start" not in [kind for kind, _ in table.kinds()]


@pytest.mark.parametrize("answers", ["A--A", "A-A", "A--AAA", "A" + "-" * 15 + "A"])
def test_a_broadcast_that_resumes_and_continues_has_no_end(answers: str) -> None:
    table = Table()
    polls(table, answers)
    assert valid_ends(table) == []
    assert table.rows["7"].ended_at is None


def test_the_withdrawal_identifies_the_end_and_is_reported_once() -> None:
    table = Table()
    polls(table, "A--AA")
    end, withdrawal = table.events
    assert (end["kind"], withdrawal["kind"]) == ("stream_end", "stream_end_withdrawn")
    assert [withdrawal[name] for name in ("channel_id", "at_ms", "started_ms")] == ["7", LATER + MINUTE, T0]
    assert (end["reported_ms"], withdrawal["reported_ms"]) == (LATER + 2 * MINUTE, LATER + 3 * MINUTE)
    assert end["id"] != withdrawal["id"]


def test_an_undelivered_withdrawal_is_retried_at_the_next_poll() -> None:
    table = Table()
    polls(table, "A--")
    table.poll(LATER + 3 * MINUTE, ADA, BOB, is_kafka_down=True)
    assert len(valid_ends(table)) == 1
    table.poll(LATER + 4 * MINUTE, ADA, BOB)
    assert valid_ends(table) == []


def test_the_end_of_a_removed_channel_is_withdrawn() -> None:
    table = Table()
    table.limits = replace(table.limits, grace_ms=0)
    polls(table, "A-A")
    assert table.rows["7"].is_wanted
    assert valid_ends(table) == []


def test_a_new_broadcast_does_not_withdraw_the_previous_end() -> None:
    table = Table()
    polls(table, "A--BB--", T0 + 300_000)
    assert valid_ends(table) == [(T0, T0 + 360_000), (LATER, T0 + 300_000 + 5 * MINUTE)]


# Older responses


@pytest.mark.parametrize("answers", ["ABABB", "ABABABA", "ABAAAAAAAAAB", "ABBAAB"])
def test_the_older_of_two_broadcasts_ends_once_and_the_newer_starts_once(answers: str) -> None:
    table = Table()
    polls(table, answers, LATER + MINUTE)
    assert table.kinds() == [("stream_end", LATER), ("stream_start", LATER), ("category", LATER + 2 * MINUTE)]


def test_an_older_response_is_ignored_completely() -> None:
    table = Table()
    polls(table, "AB", LATER + MINUTE)
    row = table.rows["7"]
    update = table.poll(LATER + 3 * MINUTE, replace(ADA, title="older", category="Chess", viewers=9_000), BOB)
    assert update.streams == [NEWER, BOB]
    after = table.rows["7"]
    for name in ("login", "title", "category", "viewers", "viewers_raw", "started_at", "last_seen_at"):
        assert getattr(after, name) == getattr(row, name), name


def test_an_older_response_does_not_bring_an_offline_channel_back() -> None:
    table = Table()
    polls(table, "AB-", LATER + MINUTE)
    update = table.poll(LATER + 4 * MINUTE, ADA, BOB)
    assert [(stream.id, stream.live) for stream in update.streams] == [("8", True), ("7", False)]
    assert valid_ends(table)[-1] == (LATER, LATER + 3 * MINUTE)


def test_an_older_response_does_not_confirm_a_drop_to_zero_viewers() -> None:
    table = Table()
    polls(table, "AB", LATER + MINUTE)
    table.poll(LATER + 3 * MINUTE, replace(NEWER, viewers=0), BOB)
    update = table.poll(LATER + 4 * MINUTE, ADA, BOB)
    assert update.streams[0].viewers == 500


def test_an_older_response_is_accepted_after_ten_minutes_except_for_its_start() -> None:
    table = Table()
    polls(table, "AB" + "A" * 9, LATER + MINUTE)
    assert table.rows["7"].title == "round two"
    polls(table, "AA", LATER + 12 * MINUTE)
    assert table.rows["7"].title == "a title"
    assert table.kinds()[:2] == [("stream_end", LATER), ("stream_start", LATER)]
    assert {kind for kind, _ in table.kinds()[2:]} == {"title", "category"}
    polls(table, "--", LATER + 14 * MINUTE)
    assert valid_ends(table) == [(T0, LATER), (LATER, LATER + 14 * MINUTE)]


# Older titles and categories of the same broadcast


def test_titles_that_revert_in_a_stale_response_count_as_one_change() -> None:
    table = Table()
    new = replace(ADA, title="new", category="Go", login="ada_two", name="Ada II", language="de")
    for minute, answer in enumerate([ADA, new, ADA, new, ADA, new, new]):
        update = table.poll(LATER + minute * MINUTE, answer, BOB)
        assert update.streams[0] == (new if minute else ADA)
    assert table.kinds() == [("title", LATER + MINUTE), ("category", LATER + MINUTE)]
    assert [event["text"] for event in table.events] == ["new", "Go"]


def test_a_confirmed_change_back_is_dated_to_its_first_response() -> None:
    table = Table()
    new = replace(ADA, title="new")
    for minute, answer in enumerate([ADA, new, new, ADA, ADA]):
        table.poll(LATER + minute * MINUTE, answer, BOB)
    assert table.kinds() == [("title", LATER + MINUTE), ("title", LATER + 3 * MINUTE)]
    assert table.events[-1]["text"] == table.rows["7"].title == "a title"
    assert len({event["id"] for event in table.events}) == 2


def test_an_absence_does_not_reset_the_wait_for_a_second_response() -> None:
    table = Table()
    new = replace(ADA, title="new")
    for minute, answers in enumerate([[ADA], [new], [ADA], [], [ADA]]):
        table.poll(LATER + minute * MINUTE, *answers, BOB)
    assert table.kinds() == [("title", LATER + MINUTE), ("title", LATER + 2 * MINUTE)]


def test_an_undelivered_change_back_is_retried_with_its_original_time() -> None:
    table = Table()
    for minute, title in enumerate(["a title", "new", "a title"]):
        table.poll(LATER + minute * MINUTE, replace(ADA, title=title), BOB)
    table.poll(LATER + 3 * MINUTE, ADA, BOB, is_kafka_down=True)
    table.poll(LATER + 4 * MINUTE, ADA, BOB)
    assert table.kinds() == [("title", LATER + MINUTE), ("title", LATER + 2 * MINUTE)]


def test_an_earlier_title_in_a_new_broadcast_counts_at_once() -> None:
    table = Table()
    for minute, title in ((-5, "a title"), (-4, "new")):
        table.poll(LATER + minute * MINUTE, replace(ADA, title=title), BOB)
    update = table.poll(LATER + MINUTE, replace(ADA, started_at=LATER_ISO), BOB)
    assert update.streams[0].title == "a title"


# Missing starts


def test_a_row_without_a_start_keeps_the_known_start() -> None:
    table = Table()
    table.poll(LATER, ADA, BOB)
    update = table.poll(LATER + MINUTE, replace(ADA, started_at="", title="new"), BOB)
    assert update.streams[0].started_at == T0_ISO
    table.poll(LATER + 2 * MINUTE, replace(ADA, title="new"), BOB)
    assert table.kinds() == [("title", LATER + MINUTE)]
    polls(table, "--", LATER + 3 * MINUTE)
    assert valid_ends(table) == [(T0, LATER + 3 * MINUTE)]


def test_a_row_without_a_login_keeps_the_known_login() -> None:
    table = Table()
    table.poll(LATER, ADA, BOB)
    nameless = replace(ADA, login="", name="", viewers=800)
    update = table.poll(LATER + MINUTE, nameless, BOB)
    assert update.streams[0] == replace(ADA, viewers=800)
    assert table.rows["7"].login == "ada"
    table.poll(LATER + 2 * MINUTE, nameless, BOB)
    assert table.events == []


def test_a_row_without_a_login_is_ignored_if_its_channel_is_unknown() -> None:
    table = Table()
    update = table.poll(LATER, replace(ADA, login="", name=""), BOB)
    assert update.streams == [BOB]


def test_a_start_is_reported_as_soon_as_it_is_known() -> None:
    table = Table()
    table.poll(LATER, replace(ADA, started_at=""), BOB)
    assert [start["channel_id"] for start in table.first_starts] == ["8"]
    table.poll(LATER + MINUTE, ADA, BOB)
    assert [start["channel_id"] for start in table.first_starts] == ["8", "7"]
    assert table.events == []
    polls(table, "--", LATER + 2 * MINUTE)
    assert valid_ends(table) == [(T0, LATER + 2 * MINUTE)]


def test_a_resumed_broadcast_is_identified_as_soon_as_its_start_is_known() -> None:
    table = Table()
    polls(table, "A--")
    update = table.poll(LATER + 3 * MINUTE, replace(ADA, started_at=""), BOB)
    assert (update.streams[0].live, update.streams[0].started_at) == (True, "")
    table.poll(LATER + 4 * MINUTE, ADA, BOB)
    assert valid_ends(table) == []


@pytest.mark.parametrize("started_at", ["2026-11-23T08:00:00Z", "2023-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_an_implausible_start_counts_as_missing(started_at: str) -> None:
    table = Table()
    table.poll(LATER, replace(ADA, started_at=started_at), BOB)
    assert table.rows["7"].started_at is None
    table.poll(LATER + MINUTE, ADA, BOB)
    table.poll(LATER + 2 * MINUTE, replace(ADA, started_at=started_at), BOB)
    table.poll(LATER + 3 * MINUTE, ADA, BOB)
    assert table.events == []
    assert table.rows["7"].started_at is not None


def test_a_broadcast_does_not_end_before_its_start() -> None:
    table = Table()
    polls(table, "B--", LATER - 5 * MINUTE)
    assert valid_ends(table) == [(LATER, LATER)]


def test_the_end_of_an_earlier_broadcast_in_a_row_is_ignored() -> None:
    table = Table()
    polls(table, "AB", LATER + MINUTE)
    table.rows["7"].ended_at = datetime_of(LATER - MINUTE)
    polls(table, "B--", LATER + 3 * MINUTE)
    assert valid_ends(table) == [(T0, LATER), (LATER, LATER + 4 * MINUTE)]


def test_an_excluded_channel_has_no_withdrawal() -> None:
    table = Table()
    polls(table, "A--")
    table.curation = Curation(excluded=frozenset({"7"}))
    events = len(table.events)
    polls(table, "AA", LATER + 3 * MINUTE)
    assert len(table.events) == events
