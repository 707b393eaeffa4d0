"""Output and argument checks of `manage.py dead_letters`, without Kafka."""

from __future__ import annotations

import json
import re
from collections import Counter
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from apps.metrics.dead_letter_reader import current_fault
from apps.metrics.management.commands.dead_letters import Command, _explanation
from core.pipeline.dead_letters import UNKNOWN, DeadLetter
from core.pipeline.topics import DEAD_LETTERED
from twitchly import clock

T = 1_795_400_040_000
WINDOW = {"v": 1, "grain": "minute", "channel_id": "7", "start_ms": T, "end_ms": T + 60_000, "messages": 4}


def dead_letter(
    value: bytes | None, *, key: bytes | None = b"7", reason: str = "odd", length: int | None = None
) -> DeadLetter:
    size = len(value or b"") if length is None else length
    return DeadLetter(3, T, 1, 42, reason, size, len(key or b""), key, value)


def row(offset: int, **changes: Any) -> dict[str, Any]:
    position = {"topic": "windows", "offset": offset, "written_ms": T, "partition": 1, "source_offset": 42}
    return {**position, "bytes": 1_234, "reason": "not JSON", "replayed": False, **changes}


def printed(rows: list[dict[str, Any]], counts: Counter[tuple[str, str]], *, as_json: bool = False) -> list[str]:
    out = StringIO()
    command = Command(stdout=out, no_color=True)
    (command._write_json if as_json else command._write_lines)(rows, counts)
    return out.getvalue().splitlines()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "expected one of list, explain, replay or --scan chat"),
        (["--scan", "chat", "list"], "expected one of list, explain, replay or --scan chat"),
        (["--scan", "windows"], "choose from 'chat'"),
        (["list", "chatter"], f"choose from {str(DEAD_LETTERED).strip('()')}"),
        (["list", "--limit", "-1"], "-1 is not a whole number"),
        (["explain", "windows"], "offset"),
        (["explain", "windows", "first"], "first is not a whole number"),
        (["replay", "windows"], "expected the offsets of dead letters, or --all"),
        (["replay", "windows", "3", "--all"], "expected the offsets of dead letters, or --all"),
        (["replay", "chat", "--all"], "cannot be replayed: Flink's windows"),
        (["replay", "chat", "3"], "cannot be replayed: Flink's windows"),
    ],
)
def test_the_error_for_invalid_arguments_lists_the_valid_ones(words: list[str], expected: str) -> None:
    with pytest.raises(CommandError, match=re.escape(expected)):
        call_command("dead_letters", *words)


def test_a_dead_letter_is_listed_with_its_position_size_and_reason() -> None:
    lines = printed(
        [row(4, replayed=True), row(5, partition=UNKNOWN, source_offset=UNKNOWN, reason="\x1b[2J\nodd")],
        Counter({("windows", "not JSON"): 1_200, ("chat", "\x1b[2J\nodd"): 1}),
    )
    assert lines == [
        "     4  2026-11-23T02:14:00Z  windows/1/42  1,234 bytes  replayed  not JSON",
        "     5  2026-11-23T02:14:00Z  windows/?/?  1,234 bytes  \\x1b[2J\\nodd",
        " 1,200  windows  not JSON",
        "     1  chat  \\x1b[2J\\nodd",
    ]


def test_an_empty_list_is_reported() -> None:
    assert printed([], Counter()) == ["no dead letters"]


def test_rare_reasons_are_counted_together() -> None:
    lines = printed([], Counter({("windows", f"reason {chr(97 + n)}"): 30 - n for n in range(22)}))
    assert (len(lines), lines[0], lines[-1]) == (21, "    30  windows  reason a", "    19 for 2 other reasons")


def test_json_has_a_line_per_dead_letter_and_a_line_per_reason() -> None:
    lines = printed([row(4, reason="\x1b\nodd")], Counter({("windows", "odd"): 7}), as_json=True)
    assert [json.loads(line) for line in lines] == [
        row(4, reason="\x1b\nodd"),
        {"topic": "windows", "reason": "odd", "count": 7},
    ]
    assert "\x1b" not in lines[0]


def test_an_explanation_contains_the_value_and_the_current_fault() -> None:
    fields = _explanation("windows", dead_letter(b'{"grain": "\x1b"}' + b" " * 3_000), is_replayed=True)
    assert fields["from"] == "windows/1/42"
    assert fields["now"].startswith("not JSON: Invalid control character")
    assert fields["value"] == '{"grain": "\\x1b"}' + " " * (2_000 - 14) + "…"
    assert (fields["key"], fields["replayed"], fields["reason"]) == ("7", "yes", "odd")


def test_the_content_of_a_chat_record_is_not_shown() -> None:
    value = json.dumps({"kind": "message", "text": "a secret word"}).encode()
    fields = _explanation("chat", dead_letter(value, key=b"secret"), is_replayed=False)
    assert "secret" not in " ".join(fields.values())
    assert fields.keys() == {"written", "from", "bytes", "reason", "replayed"}


def test_the_current_fault_depends_on_the_current_time(settings: Settings) -> None:
    start_ms = clock.now_ms() // 60_000 * 60_000 + 10_800_000
    ahead = dead_letter(json.dumps({**WINDOW, "start_ms": start_ms, "end_ms": start_ms + 60_000}).encode())
    assert "more than 2 h after" in str(current_fault("windows", ahead))
    settings.CLOCK_OFFSET_MS = 10_800_000
    assert current_fault("windows", ahead) is None


def test_a_truncated_dead_letter_is_unusable_even_if_it_can_be_parsed() -> None:
    assert "was truncated: its value of 999000 bytes" in str(
        current_fault("windows", dead_letter(json.dumps(WINDOW).encode(), length=999_000))
    )
