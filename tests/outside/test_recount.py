"""The independent recount of chat agrees with everything that the product says of it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from drills.recount import command
from drills.stack import ROOT, Stack, wait_until
from tests.recount.answers import Figure, figures_in, tile_figure
from tests.recount.chat import read_message
from tests.recount.counting import by_channel, key_of, minute_peaks, range_values, window_peaks, words_of
from tests.recount.judging import Judge

MINUTES = 2
LIMIT_S = 420
RECOUNT = Path(__file__).parents[1] / "recount"
ALLOWED = {"httpx", "websockets", "tests", *sys.stdlib_module_names}
FROM_MS = 1_790_000_040_000
LINE = (
    "@badge-info=;id={id};room-id=7;{source}tmi-sent-ts={at_ms};user-id={user};user-type= "
    ":ada!ada@ada.tmi.twitch.tv PRIVMSG #somebody :{text}"
)


def chat_of(*said: tuple[int, str, str]) -> Judge:
    """Return a judge of a channel in which users wrote texts, so many ms after FROM_MS."""
    lines = [
        LINE.format(id=number, source="", at_ms=FROM_MS + after_ms, user=user, text=text)
        for number, (after_ms, user, text) in enumerate(said)
    ]
    messages = [message for line in lines if (message := read_message(line)) is not None]
    return Judge(by_channel(messages), FROM_MS, FROM_MS + 60_000)


def test_the_recount_imports_nothing_of_the_project() -> None:
    for path in RECOUNT.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.partition(".")[0] in ALLOWED, f"{path.name} imports {name}"
                assert not name.startswith("tests.") or name.startswith("tests.recount"), f"{path.name} imports {name}"


def test_a_line_is_read_with_what_counts() -> None:
    source = "source-id=x;source-room-id=8;"
    copy = read_message(LINE.format(id="a", source=source, at_ms=5, user=3, text="one: two"))
    own = read_message(LINE.format(id="b", source="source-room-id=7;", at_ms=6, user=3, text="\x01ACTION waves\x01"))
    assert copy is not None
    assert own is not None
    assert (copy.is_copy, copy.text, copy.sent_ms, copy.user, copy.channel_id) == (True, "one: two", 5, "3", "7")
    assert (own.is_copy, own.text) == (False, "waves")
    assert read_message(":tmi.twitch.tv PING") is None


def test_invisible_code_points_make_no_words_and_no_other_text() -> None:
    assert words_of("!join \u2060") == ["!join"]
    assert key_of("GG \U000e0001 no\u200d") == key_of("  gg   NO ")


def test_windows_include_their_start_and_not_their_end() -> None:
    judge = chat_of((0, "1", "a"), (29_999, "1", "A"), (30_000, "2", "b c"))
    assert judge.chats["7"].live(FROM_MS + 30_000).messages == 2
    assert judge.chats["7"].live(FROM_MS + 30_000).texts == 1
    assert judge.chats["7"].live(FROM_MS + 60_000).words == 2


def test_a_range_is_made_of_sums_and_its_peak_of_windows_or_minutes() -> None:
    said = [(number * 1_000, str(number % 7), f"text {number % 9}") for number in range(60)]
    judge = chat_of(*said, (90_000, "1", "a b c"))
    minutes = list(judge.chats["7"].minutes(FROM_MS, FROM_MS + 120_000).values())
    values = range_values(minutes, 1_000)
    assert (values["messages"], values["chatters"], values["engagement"]) == (61 / 4, 4, 30.5)
    assert values["spam"] == (60 * 2 + 3) / 61
    assert window_peaks(judge.chats["7"], FROM_MS, FROM_MS + 120_000)["spam"] == 3
    # The other minute has less than 20 messages.
    assert minute_peaks(minutes)["spam"] == 2


def test_a_wrong_figure_a_missing_one_and_a_coverage_below_one_are_differences() -> None:
    judge = chat_of(*[(number * 1_000, "1", "a") for number in range(60)])
    end_ms = FROM_MS + 60_000
    right = {"messages": 30, "chatters": 1, "spam": 1.0, "viewers": 600.0, "engagement": 100.0}

    def say(coverage: float | None = 1.0, **values: float | None) -> int:
        before = len(judge.differences)
        judge.windows([Figure("API", "live", "7", end_ms, right | values, coverage, end_ms, {})])
        return len(judge.differences) - before

    assert say() == 0
    assert say(messages=31) == 1
    assert say(chatters=None) == 1
    assert say(engagement=100.001) == 1
    assert say(coverage=0.99) == 1
    # A window that began before the recount is not judged.
    judge.windows([Figure("API", "live", "7", FROM_MS + 29_000, {"messages": 99}, 1, FROM_MS + 29_000, {})])
    assert len(judge.differences) == 4


def test_files_and_tiles_are_read_with_the_digits_that_are_written() -> None:
    text = "\ufeffend (UTC),coverage,messages (msg / 30 s),spam (words / msg)\r\n2026-09-21T18:14:00Z,1.0,12,1.2346\r\n"
    (found,) = figures_in("page csv", "minute", "7", text, "csv", {"spam": 0.00005})
    assert (found.end_ms, found.coverage, found.values) == (1_790_014_440_000, 1.0, {"messages": 12, "spam": 1.2346})
    tile = tile_figure("peak", "7", "messages", FROM_MS, "≥ 1,234.5")
    assert (tile.values, tile.slack) == ({"messages": 1234.5}, {"messages": 0.05})


@pytest.mark.server
def test_the_recount_of_a_replay_finds_no_difference(instance: Stack) -> None:
    wait_until(lambda: instance.listed_channels() <= instance.covered() != set(), 120, "all channels to be covered")
    words = command(instance, MINUTES)
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    # A busy machine may move a message to a later window; only a figure that differs by it is wrong.
    assert told["differences"] == 0, told
    assert told["messages"] > 1_000
    assert set(told["compared"]) >= {
        "API socket live",
        "page socket live",
        "API live live",
        "API board live",
        "API series live",
        "API series minute",
        "API csv minute",
        "API ndjson minute",
        "page csv minute",
        "page ndjson minute",
        "page chart live",
        "API range average",
        "API range peak",
        "page tile average",
        "page tile peak",
    }
    print(told)
