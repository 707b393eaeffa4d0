"""docs/metrics.md is what the tables say, and the command says when it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from core.metrics.docs import markdown
from twitchly.env import ROOT


def test_the_file_in_the_repository_is_what_the_tables_say() -> None:
    call_command("metric_docs", "--check")
    assert (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8") == markdown()


def test_the_command_writes_what_its_check_then_accepts(tmp_path: Path) -> None:
    file = tmp_path / "metrics.md"
    call_command("metric_docs", file=file)
    call_command("metric_docs", "--check", file=file)


@pytest.mark.parametrize("text", [None, "", markdown() + "| `love` |\n"])
def test_a_file_that_differs_is_refused_with_what_to_do_and_left_as_it_is(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "metrics.md"
    if text is not None:
        file.write_text(text)
    with pytest.raises(CommandError, match=r"run manage\.py metric_docs"):
        call_command("metric_docs", "--check", file=file)
    assert (file.read_text() if file.exists() else None) == text
