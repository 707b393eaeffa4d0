"""All published figures agree with the independent recount of chat."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from drills.recount import command
from drills.stack import ROOT, Stack, wait_until
from tests.recount.chat import read_message
from tests.recount.comparison import Comparison, is_same, slack_of
from tests.recount.counting import by_channel, key_of, minute_peaks, range_values, window_peaks, words_of
from tests.recount.published import Figure, figures_in, tile_figure

MINUTES = 2
LIMIT_S = 420
RECOUNT = Path(__file__).parents[1] / "recount"
ALLOWED = {"httpx", "websockets", "tests", *sys.stdlib_module_names}
FROM_MS = 1_790_000_040_000
LINE = (
    "@badge-info=;id={id};room-id=7;{source}tmi-sent-ts={at_ms};user-id={user};user-type= "
    ":ada!ada@ada.tmi.twitch.tv PRIVMSG #somebody :{text}"
)


def comparison_of(*messages: tuple[int, str, str]) -> Comparison:
    """Return a comparison for a channel with the given messages: ms after FROM_MS, user, and text."""
    lines = [
        LINE.format(id=number, source="", at_ms=FROM_MS + after_ms, user=user, text=text)
        for number, (after_ms, user, text) in enumerate(messages)
    ]
    parsed = [message for line in lines if (message := read_message(line)) is not None]
    return Comparison(by_channel(parsed), FROM_MS, FROM_MS + 60_000)


def test_the_recount_imports_nothing_from_the_project() -> None:
    for path in RECOUNT.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.partition(".")[0] in ALLOWED, f"{path.name} imports {name}"
                assert not name.startswith("tests.") or name.startswith("tests.recount"), f"{path.name} imports {name}"


def test_a_line_is_parsed_into_the_counted_fields() -> None:
    source = "source-id=x;source-room-id=8;"
    copy = read_message(LINE.format(id="a", source=source, at_ms=5, user=3, text="one: two"))
    original = read_message(
        LINE.format(id="b", source="source-room-id=7;", at_ms=6, user=3, text="\x01ACTION waves\x01")
    )
    assert copy is not None
    assert original is not None
    assert (copy.is_copy, copy.text, copy.sent_ms, copy.user, copy.channel_id) == (True, "one: two", 5, "3", "7")
    assert (original.is_copy, original.text) == (False, "waves")
    assert read_message(":tmi.twitch.tv PING") is None


def test_invisible_code_points_change_neither_words_nor_texts() -> None:
    assert words_of("!join \u2060") == ["!join"]
    assert key_of("GG \U000e0001 no\u200d") == key_of("  gg   NO ")


def test_windows_include_their_start_but_not_their_end() -> None:
    comparison = comparison_of((0, "1", "a"), (29_999, "1", "A"), (30_000, "2", "b c"))
    assert comparison.chats["7"].live(FROM_MS + 30_000).messages == 2
    assert comparison.chats["7"].live(FROM_MS + 30_000).texts == 1
    assert comparison.chats["7"].live(FROM_MS + 60_000).words == 2


def test_range_values_come_from_sums_but_peaks_from_windows_or_minutes() -> None:
    texts = [(number * 1_000, str(number % 7), f"text {number % 9}") for number in range(60)]
    comparison = comparison_of(*texts, (90_000, "1", "a b c"))
    minutes = list(comparison.chats["7"].minutes(FROM_MS, FROM_MS + 120_000).values())
    values = range_values(minutes, 1_000)
    assert (values["messages"], values["chatters"], values["engagement"]) == (61 / 4, 4, 30.5)
    assert values["spam"] == (60 * 2 + 3) / 61
    assert window_peaks(comparison.chats["7"], FROM_MS, FROM_MS + 120_000)["spam"] == 3
    # The other minute has fewer than 20 messages.
    assert minute_peaks(minutes)["spam"] == 2


def test_wrong_and_missing_figures_and_low_coverage_count_as_differences() -> None:
    comparison = comparison_of(*[(number * 1_000, "1", "a") for number in range(60)])
    end_ms = FROM_MS + 60_000
    correct = {"messages": 30, "chatters": 1, "spam": 1.0, "viewers": 600.0, "engagement": 100.0}

    def new_differences(coverage: float | None = 1.0, **values: float | None) -> int:
        before = len(comparison.differences)
        comparison.windows([Figure("API", "live", "7", end_ms, correct | values, coverage, end_ms, {})])
        return len(comparison.differences) - before

    assert new_differences() == 0
    assert new_differences(messages=31) == 1
    assert new_differences(chatters=None) == 1
    assert new_differences(engagement=100.001) == 1
    assert new_differences(coverage=0.99) == 1
    # Windows that started before the recount are ignored.
    comparison.windows([Figure("API", "live", "7", FROM_MS + 29_000, {"messages": 99}, 1, FROM_MS + 29_000, {})])
    assert len(comparison.differences) == 4


def test_files_and_tiles_are_compared_within_their_rounding() -> None:
    text = "\ufeffend (UTC),coverage,messages (msg / 30 s),spam (words / msg)\r\n2026-09-21T18:14:00Z,1.0,12,1.2346\r\n"
    (row,) = figures_in("page csv", "minute", "7", text, "csv", {"spam": 0.00005})
    assert (row.end_ms, row.coverage, row.values) == (1_790_014_440_000, 1.0, {"messages": 12, "spam": 1.2346})
    text = '\ufeffWindow end (UTC),"Coverage, share",Messages (msg / 30 s),Message length (words / msg)\r\n'
    (words,) = figures_in(
        "page csv", "minute", "7", text + "2026-09-21 18:14:00,1.0,12,1.2346\r\n", "csv", {"spam": 0.00005}
    )
    assert words == row
    # Engagement is recomputed from viewers that were rounded to 109.13 in the file.
    figure = Figure("page csv", "live", "7", 0, {"viewers": 109.13}, 1.0, 0, {"viewers": 0.005, "engagement": 0.0005})
    assert is_same(17.465, 17.46419839, slack_of(figure, "engagement", 17.46419839))
    assert not is_same(17.466, 17.46419839, slack_of(figure, "engagement", 17.46419839))
    tile = tile_figure("peak", "7", "messages", FROM_MS, "≥ 1,234.5")
    assert (tile.values, tile.slack) == ({"messages": 1234.5}, {"messages": 0.05})


@pytest.mark.server
def test_the_recount_of_a_replay_finds_no_difference(instance: Stack) -> None:
    wait_until(lambda: instance.listed_channels() <= instance.covered() != set(), 120, "all channels to be covered")
    words = command(instance, MINUTES)
    process = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    summary = json.loads(process.stdout.splitlines()[-1])
    # A busy machine may move a message to a later window, which is not an error unless a figure differs.
    assert summary["differences"] == 0, summary
    assert summary["messages"] > 1_000
    assert set(summary["compared"]) >= {
        "API socket: live",
        "page socket: live",
        "API live: live",
        "API board: live",
        "API series: live",
        "API series: minute",
        "API csv: minute",
        "API ndjson: minute",
        "page csv: minute",
        "page ndjson: minute",
        "page chart: live",
        "API range: average",
        "API range: peak",
        "page tile: average",
        "page tile: peak",
    }
    print(summary)
