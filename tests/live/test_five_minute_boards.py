"""5-minute boards of ratios: rows, rank changes, and the choice of window on the page."""

from __future__ import annotations

import csv
import html
import io
import re
from operator import attrgetter

import pytest
from django.conf import settings
from django.test import Client

from apps.dashboard.choices import Choice, read_query
from apps.live.board import Board
from apps.live.directory import Directory
from apps.live.readings import LiveBoards, Row
from apps.metrics.board_reader import BoardReader
from apps.metrics.boards import BoardWriter
from core.metrics.formulas import RankingThresholds
from core.metrics.table import BOARDS, METRIC, Metric
from core.pipeline.records import WindowRecord
from tests.dashboard.conftest import Boards, content_of
from tests.dashboard.test_pages import rows_of
from tests.dashboard.test_tabs import definitions_in
from tests.pages import read_page

pytestmark = pytest.mark.django_db(transaction=True)

SPAM = Board("spam", window="5m")


def words(number: int, messages: int = 100, observed_ms: int = 300_000) -> dict[str, int]:
    """Return columns with a message length of `number`."""
    return {"messages": messages, "words": number * messages, "observed_ms": observed_ms}


async def rows(board: Board) -> list[Row]:
    boards = LiveBoards(BoardReader(settings.REDIS_BOARDS_URL), Directory(settings.REDIS_STREAMS_URL))
    reading = await boards.read([board, Board("spam")], ["1"], 1_795_400_000_000)
    await boards.aclose()
    assert [row.value for row in reading.rows[Board("spam")]] == [4] * 3, "the 30-second board is not affected"
    assert reading.channels["1"].values["spam"] == 4
    return reading.rows[board]


async def test_rows_contain_the_value_end_and_coverage_of_the_five_minutes(boards: Boards) -> None:
    boards.end_ms -= 4_000
    boards.write_five_minutes({"1": words(9), "2": words(12, observed_ms=150_000), "3": words(99, messages=99)})
    boards.end_ms += 4_000
    boards.write_viewers({"1": 900, "2": 900, "3": 900})
    first, second = await rows(SPAM)
    assert [(row.id, row.value, row.coverage, row.end_ms) for row in (first, second)] == [
        ("2", 12, 0.5, boards.end_ms - 4_000),
        ("1", 9, 1, boards.end_ms - 4_000),
    ]


async def test_a_channel_without_newer_live_windows_leaves_the_board(boards: Boards) -> None:
    boards.write_five_minutes({"1": words(9), "9": words(10)})
    assert [row.id for row in await rows(SPAM)] == ["1"]


async def test_filters_apply_to_five_minute_boards(boards: Boards) -> None:
    boards.list_channel("2", "Beta", category="Go")
    boards.write_five_minutes({"1": words(9), "2": words(12), "3": words(6)})
    assert [row.id for row in await rows(Board("spam", category="Chess", window="5m"))] == ["1", "3"]
    assert [row.id for row in await rows(Board("spam", band="10000", window="5m"))] == ["2"]


async def test_rank_changes_and_sparklines_compare_a_five_minute_board_with_itself(boards: Boards) -> None:
    writer = BoardWriter(boards.valkey.client(), RankingThresholds())
    at = boards.end_ms // 10_000 * 10_000
    for end_ms, lengths in ((at - 60_000, {"1": 3, "2": 4}), (at, {"1": 6, "2": 5, "3": 1})):
        windows = [WindowRecord(i, "live", end_ms - 300_000, end_ms, words(length)) for i, length in lengths.items()]
        writer.apply("live", windows, over="5m")
        # On the 30-second board, the order is reversed.
        opposite = {i: words(9 - length, observed_ms=30_000) for i, length in lengths.items()}
        writer.apply("live", [WindowRecord(i, "live", end_ms - 30_000, end_ms, c) for i, c in opposite.items()])
        writer.write_history()
    live = LiveBoards(BoardReader(settings.REDIS_BOARDS_URL), Directory(settings.REDIS_STREAMS_URL))
    reading = await live.read([SPAM, Board("spam")], [], at)
    await live.aclose()
    moved = {row.id: (row.rank, row.moved, row.is_new) for row in reading.rows[SPAM]}
    assert moved == {"1": (1, 1, False), "2": (2, -1, False), "3": (3, None, True)}
    assert [(row.spark[-7], row.spark[-1]) for row in reading.rows[SPAM][:2]] == [("i", "z"), ("s", "z")]
    over_30_s = {row.id: row.spark[-1] for row in reading.rows[Board("spam")]}
    assert (over_30_s["1"], over_30_s["2"]) == ("i", "s")


@pytest.mark.parametrize("metric", BOARDS, ids=attrgetter("key"))
def test_only_ratio_boards_offer_a_window(boards: Boards, signed_in: Client, metric: Metric) -> None:
    page = read_page(signed_in.get(f"/?board={metric.key}&window=5m"))
    (attributes,) = re.findall(r'<span class="seg windows"([^>]*)>', page)
    assert ("data-shown" in attributes) == metric.is_ratio
    shown = [(key, window) for key, window, _, is_shown in definitions_in(page) if is_shown]
    assert shown == [(metric.key, "5m" if metric.is_ratio else "30s")]


def windows_in(page: str) -> list[tuple[str, str, bool]]:
    """Return the link and the text of each window, and whether it is the current one."""
    pattern = r'<a href="([^"]*)" data-window="\w+"( aria-current="true")?><span class="vh">Past</span>(.*?)</a>'
    links = re.findall(pattern, page)
    return [(html.unescape(href), text, bool(current)) for href, current, text in links]


def test_the_page_shows_the_chosen_window_and_keeps_it(boards: Boards, signed_in: Client) -> None:
    boards.write_five_minutes({"1": words(9), "2": words(12)})
    response = signed_in.get("/?board=spam&window=5m&size=25")
    page = read_page(response)
    assert [(row[1], row[-1]) for row in rows_of(response)] == [("Beta", "12.00"), ("Alpha", "9.00")]
    assert windows_in(page) == [
        ("?board=spam&size=25", "30 s", False),
        ("?board=spam&window=5m&size=25", "5 min", True),
    ]
    for link in (
        "?window=5m&amp;size=25",
        "?board=repetition&amp;window=5m&amp;size=25",
        "?board=spam&amp;window=5m&amp;size=25&amp;channel=1",
        "/board.csv?board=spam&amp;window=5m&amp;size=25",
    ):
        assert f'"{link}"' in page
    assert 'name="window" value="5m"' in page
    assert windows_in(read_page(signed_in.get("/?board=spam"))) == [
        ("?board=spam", "30 s", True),
        ("?board=spam&window=5m", "5 min", False),
    ]


def test_a_board_with_a_single_window_keeps_the_window_chosen_for_other_boards(
    boards: Boards, signed_in: Client
) -> None:
    response = signed_in.get("/?board=messages&window=5m")
    assert response.status_code == 200
    assert len(rows_of(response)) == 3
    page = read_page(response)
    assert '"?board=spam&amp;window=5m"' in page
    assert '"/board.csv?board=messages"' in page, "a board without a 5-minute window is exported over 30 s"


def test_the_choice_is_part_of_the_query_string() -> None:
    choice = Choice(SPAM, window="5m")
    assert choice.query() == "?board=spam&window=5m"
    assert read_query(choice.parameters()) == choice
    kept = read_query({"board": "viewers", "window": "5m"})
    assert (kept.board.window, kept.window) == ("30s", "5m")
    assert kept.query(board="emotes") == "?board=emotes&window=5m"


def test_the_exported_board_covers_the_chosen_window(boards: Boards, signed_in: Client) -> None:
    boards.write_five_minutes({"1": words(9), "2": words(12)})
    response = signed_in.get("/board.csv?board=spam&window=5m")
    assert "twitchly-spam-5m-" in response["Content-Disposition"]
    table = list(csv.DictReader(io.StringIO(content_of(response).removeprefix("\ufeff"), newline="")))
    assert [(row["Channel"], float(row["Message length, 5m (words / msg)"])) for row in table] == [
        ("Beta", 12),
        ("Alpha", 9),
    ]


def test_search_results_show_the_rank_for_the_chosen_window(boards: Boards, signed_in: Client) -> None:
    boards.write_five_minutes({"1": words(9), "2": words(12), "3": words(30, messages=50)})
    hits = signed_in.get("/find.json?q=a&board=spam&window=5m").json()["channels"]
    label = METRIC["spam"].label
    assert {hit["name"]: hit["text"] for hit in hits} == {
        "Alpha": f"Rank 2 on {label} over 5 min",
        "Beta": f"Rank 1 on {label} over 5 min",
        "Gamma": f"{label} over 5 min: not ranked (needs 100 messages in 5 min)",
    }


def test_an_empty_board_says_that_no_channel_meets_the_threshold(boards: Boards, signed_in: Client) -> None:
    boards.write_five_minutes({"1": words(9, messages=99)})
    page = read_page(signed_in.get("/?board=spam&window=5m"))
    assert "No channel meets the ranking threshold yet." in page
