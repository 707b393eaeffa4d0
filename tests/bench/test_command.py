"""The exit code of a benchmark says whether its run was right, whatever its speed."""

import pytest

from bench.command import exit_code


def test_a_missed_aim_is_printed_and_does_not_fail(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code([], ["7 rows a second: expected 9"]) == 0
    assert "aim missed: 7 rows a second: expected 9" in capsys.readouterr().out


def test_something_wrong_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["2 windows"]) == 1
    assert "wrong: 2 windows" in capsys.readouterr().out
