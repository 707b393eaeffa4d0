"""Channel list and events over a sequence of Helix polls."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from apps.channels.models import Channel
from apps.ingest.list_refresh import POLLED, Limits
from core.channels.selection import Curation
from core.pipeline.records import read_event
from core.times import HOUR_MS
from tests.ingest.polls import ADA, BOB, LATER, LATER_ISO, MINUTE, T0, Table


def test_the_list_is_sorted_by_viewers_with_offline_channels_last() -> None:
    table = Table()
    table.poll(LATER, ADA, BOB)
    update = table.poll(LATER + MINUTE, BOB)
    assert update.streams == [BOB, replace(ADA, viewers=None, live=False, started_at="")]
    assert table.rows["7"].is_wanted


def test_every_broadcast_is_reported_when_first_seen_regardless_of_its_age() -> None:
    table = Table()
    table.poll(T0 + 5 * HOUR_MS, ADA)
    table.poll(T0 + 5 * HOUR_MS + MINUTE, ADA, BOB)
    table.poll(T0 + 5 * HOUR_MS + 2 * MINUTE, ADA, BOB)
    assert [(start["channel_id"], start["at_ms"]) for start in table.first_starts] == [("7", T0), ("8", T0)]
    assert table.first_starts[0]["text"] == "a title"
    assert table.events == []


def test_an_end_is_reported_on_confirmation_and_dated_to_its_detection() -> None:
    table = Table()
    table.poll(LATER, ADA, BOB)
    table.poll(LATER + MINUTE, BOB)
    assert table.events == []
    table.poll(LATER + 2 * MINUTE, BOB)
    table.poll(LATER + 3 * MINUTE, BOB)
    assert table.kinds() == [("stream_end", LATER + MINUTE)]


def test_a_broadcast_missing_from_one_poll_has_not_ended() -> None:
    table = Table()
    table.poll(LATER, ADA, BOB)
    table.poll(LATER + MINUTE, BOB)
    update = table.poll(LATER + 2 * MINUTE, ADA, BOB)
    assert update.streams == [ADA, BOB]
    table.poll(LATER + 3 * MINUTE, BOB)
    assert table.events == []


def test_a_new_broadcast_ends_the_previous_one() -> None:
    table = Table()
    again = replace(ADA, started_at=LATER_ISO, title="round two")
    table.poll(T0 + 300_000, ADA)
    table.poll(LATER + MINUTE, again)
    table.poll(LATER + 2 * MINUTE, again)
    assert table.kinds() == [("stream_end", LATER), ("stream_start", LATER), ("category", LATER + MINUTE)]
    assert [event["text"] for event in table.events[1:]] == ["round two", "Chess"]


def test_after_a_pause_the_new_broadcast_starts_once_and_the_previous_one_ends_once() -> None:
    table = Table()
    table.poll(T0 + 300_000, ADA, BOB)
    for minute in (6, 7, 8):
        table.poll(T0 + minute * MINUTE, BOB)
    table.poll(LATER + MINUTE, replace(ADA, started_at=LATER_ISO), BOB)
    assert table.kinds() == [
        ("stream_end", T0 + 6 * MINUTE),
        ("stream_start", LATER),
        ("category", LATER + MINUTE),
    ]


def test_each_category_of_a_broadcast_is_reported_when_the_category_is_first_seen() -> None:
    table = Table()
    table.poll(T0 + MINUTE, ADA, replace(BOB, category=""))
    assert [(record["text"], record["at_ms"]) for record in table.first_categories] == [("Chess", T0 + MINUTE)]
    table.poll(T0 + 2 * MINUTE, replace(ADA, category="Go"), BOB)
    assert [(event["kind"], event["text"]) for event in table.events] == [("category", "Go"), ("category", "Go")]


def test_a_channel_leaves_the_list_after_ten_minutes_offline() -> None:
    table = Table()
    table.poll(LATER, ADA, BOB)
    lists = [table.poll(LATER + minute * MINUTE, BOB).streams for minute in range(1, 13)]
    assert [len(streams) for streams in lists] == [2] * 10 + [1] * 2
    assert not table.rows["7"].is_wanted
    assert table.kinds() == [("stream_end", LATER + MINUTE)]


def test_the_end_of_a_removed_channel_is_reported_at_once() -> None:
    table = Table()
    table.limits = Limits(5, 0)
    table.poll(LATER, ADA, BOB)
    assert table.poll(LATER + MINUTE, BOB).streams == [BOB]
    assert table.kinds() == [("stream_end", LATER + MINUTE)]


def test_a_broadcast_is_known_until_its_channel_leaves_the_list() -> None:
    table = Table(count=1)
    table.poll(LATER, ADA)
    table.poll(LATER + MINUTE, ADA, replace(BOB, viewers=1_000))
    assert not table.rows["7"].is_wanted
    first, left = (start for start in table.first_starts if start["channel_id"] == "7")
    assert left == {**first, "until_ms": LATER + MINUTE, "reported_ms": LATER + MINUTE}
    # The channel returns with another broadcast. The end of the first broadcast is unknown.
    table.poll(LATER + 20 * MINUTE, replace(ADA, started_at=LATER_ISO), BOB)
    assert table.rows["7"].is_wanted
    assert table.kinds() == [("stream_start", LATER), ("category", LATER + 20 * MINUTE)]


def test_a_broadcast_whose_channel_returns_to_the_list_continues() -> None:
    table = Table(count=1)
    table.poll(LATER, ADA)
    table.poll(LATER + MINUTE, ADA, replace(BOB, viewers=1_000))
    table.poll(LATER + 20 * MINUTE, ADA, BOB)
    starts = [start for start in table.first_starts if start["channel_id"] == "7"]
    assert starts[2] == {**starts[0], "reported_ms": LATER + 20 * MINUTE}
    assert table.events == []


def test_title_and_category_changes_are_reported_as_readable_text() -> None:
    table = Table()
    table.poll(LATER, ADA)
    table.poll(LATER + MINUTE, replace(ADA, title="new\x07 title" + "!" * 300, category=""))
    assert table.kinds() == [("title", LATER + MINUTE), ("category", LATER + MINUTE)]
    assert table.events[0]["text"].startswith("new title!")
    assert "text" not in table.events[1]
    table.poll(LATER + 2 * MINUTE, replace(ADA, title="new\x07 title" + "!" * 300, category=""))
    assert len(table.events) == 2


@pytest.mark.parametrize(
    "text", ["👩\u200d💻 coding a bot", "می\u200cخواهم", "🏴\U000e0067\U000e0062\U000e007f England", "日本語\u3000放送"]
)
def test_titles_reach_history_unchanged(text: str) -> None:
    table = Table()
    table.poll(LATER, ADA)
    table.poll(LATER + MINUTE, replace(ADA, title=text, category=text))
    events = [read_event(orjson.dumps(record), LATER + MINUTE) for record in table.events]
    assert [(event.kind, event.text) for event in events] == [("title", text), ("category", text)]


def test_every_record_is_parsable() -> None:
    table = Table()
    table.poll(T0 + MINUTE, ADA, BOB)
    table.poll(T0 + 2 * MINUTE, replace(ADA, title="x" * 900, category="Go"), BOB)
    table.poll(T0 + 3 * MINUTE, BOB)
    table.poll(T0 + 4 * MINUTE, BOB)
    records = [*table.first_starts, *table.first_categories, *table.events]
    events = [read_event(orjson.dumps(record), T0 + 5 * MINUTE) for record in records]
    kinds = ["stream_start", "stream_start", "category", "category", "title", "category", "stream_end"]
    assert [event.kind for event in events] == kinds
    assert len({event.id for event in events}) == 7


def test_undelivered_events_are_retried_and_the_list_is_updated() -> None:
    table = Table()
    table.poll(LATER, ADA, BOB)
    renamed = replace(ADA, title="new")
    update = table.poll(LATER + MINUTE, renamed, replace(BOB, viewers=60), is_kafka_down=True)
    assert update.streams == [renamed, replace(BOB, viewers=60)]
    assert table.rows["8"].viewers == 60
    table.poll(LATER + 2 * MINUTE, renamed, BOB)
    assert table.kinds() == [("title", LATER + 2 * MINUTE)]


def test_an_undelivered_end_is_retried_even_if_the_channel_has_left_the_list() -> None:
    table = Table()
    table.poll(LATER, ADA, BOB)
    for minute in range(1, 15):
        streams = table.poll(LATER + minute * MINUTE, BOB, is_kafka_down=True).streams
    assert streams == [BOB]
    table.poll(LATER + 15 * MINUTE, BOB)
    table.poll(LATER + 16 * MINUTE, BOB)
    assert table.kinds() == [("stream_end", LATER + MINUTE)]


def test_a_repeated_poll_yields_the_same_events() -> None:
    table = Table()
    table.poll(LATER, ADA, BOB)
    first = table.poll(LATER + MINUTE, replace(ADA, started_at=LATER_ISO), BOB, is_kafka_down=True)
    second = table.poll(LATER + MINUTE, replace(ADA, started_at=LATER_ISO), BOB)
    assert first.records == second.records != []


def test_a_drop_of_viewers_to_zero_is_smoothed_for_one_poll() -> None:
    table = Table()
    table.poll(LATER, ADA, BOB)
    blip = table.poll(LATER + MINUTE, replace(ADA, viewers=0), BOB)
    assert blip.streams == [ADA, BOB]
    assert (table.rows["7"].viewers, table.rows["7"].viewers_raw) == (900, 0)
    assert table.poll(LATER + 2 * MINUTE, replace(ADA, viewers=1), BOB).streams[-1].viewers == 1
    assert table.rows["7"].viewers == 1


def test_viewers_of_a_new_broadcast_are_not_smoothed() -> None:
    table = Table()
    table.poll(T0 + MINUTE, ADA)
    assert table.poll(LATER, replace(ADA, viewers=0, started_at=LATER_ISO)).streams[0].viewers == 0


def test_a_pinned_channel_is_listed_before_its_first_broadcast() -> None:
    table = Table(curation=Curation(pinned=frozenset({"9"})))
    table.rows["9"] = Channel(id="9", login="eve", name="Eve", pinned=True)
    streams = table.poll(LATER, ADA).streams
    assert [(stream.id, stream.live, stream.viewers) for stream in streams] == [("7", True, 900), ("9", False, None)]
    table.poll(LATER + 60 * MINUTE, ADA, replace(BOB, id="9", started_at=LATER_ISO))
    assert table.kinds() == [("stream_start", LATER), ("category", LATER + 60 * MINUTE)]


def test_pinning_a_live_channel_creates_no_events() -> None:
    table = Table(curation=Curation(pinned=frozenset({"8"})))
    table.rows["8"] = Channel(id="8", login="bob", name="Bob", title="of last year", pinned=True)
    table.poll(LATER, BOB)
    assert table.events == []


def test_an_excluded_channel_is_removed_at_once_without_events() -> None:
    table = Table()
    table.poll(LATER, ADA, BOB)
    table.curation = Curation(excluded=frozenset({"7", "8"}))
    assert table.poll(LATER + MINUTE, replace(ADA, title="new")).streams == []
    assert not any(row.is_wanted for row in table.rows.values())
    assert table.events == []


def test_a_poll_writes_all_columns_except_curation() -> None:
    assert {field.name for field in Channel._meta.fields} - set(POLLED) == {
        "id",
        "pinned",
        "blocked",
        "reason",
        "decided_until",
        "note",
    }
