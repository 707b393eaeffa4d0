"""docs/metrics.md matches the metric table, and the command verifies that."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from core.metrics.docs import markdown
from twitchly.env import ROOT


def test_the_file_in_the_repository_is_up_to_date() -> None:
    call_command("metric_docs", "--check")
    assert (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8") == markdown()


def test_a_generated_file_passes_the_check(tmp_path: Path) -> None:
    file = tmp_path / "metrics.md"
    call_command("metric_docs", file=file)
    call_command("metric_docs", "--check", file=file)


@pytest.mark.parametrize("text", [None, "", markdown() + "| `love` |\n"])
def test_an_outdated_file_fails_the_check_and_is_not_changed(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "metrics.md"
    if text is not None:
        file.write_text(text)
    with pytest.raises(CommandError, match=r"run manage\.py metric_docs"):
        call_command("metric_docs", "--check", file=file)
    assert (file.read_text() if file.exists() else None) == text
