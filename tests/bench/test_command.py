"""A benchmark fails because of errors, never because of its speed."""

import pytest

from bench.command import exit_code


def test_a_missed_target_is_printed_but_is_not_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code([], ["7 rows per second: expected 9"]) == 0
    assert "target missed: 7 rows per second: expected 9" in capsys.readouterr().out


def test_an_error_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["2 windows"]) == 1
    assert "error: 2 windows" in capsys.readouterr().out
