"""Tests of core run without Django; other selections of tests set Django up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import needs_django

ROOT = Path(__file__).resolve().parent.parent
# Set by test processes that use Django.
DJANGO_VARIABLES = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "SECRET_KEY")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which neither Django nor a database driver can be imported."""
    for name in ("django", "psycopg", "redis"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise ImportError('{name} is not installed')\n")
    inherited = {name: value for name, value in os.environ.items() if name not in DJANGO_VARIABLES}
    return {**inherited, "PYTHONPATH": str(tmp_path)}


def run_pytest(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def test_tests_of_core_are_collected_and_run_without_django(environment: dict[str, str]) -> None:
    collection = run_pytest(environment, "--collect-only", "tests/core")
    assert collection.returncode == 0, collection.stdout + collection.stderr
    run = run_pytest(environment, "tests/core/limits", "tests/core/contracts")
    assert run.returncode == 0, run.stdout + run.stderr


def test_other_tests_need_django(environment: dict[str, str]) -> None:
    run = run_pytest(environment, "--collect-only", "tests/audit")
    assert run.returncode != 0
    assert "django is not installed" in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ([], True),
        (["tests"], True),
        (["tests/core", "tests/api"], True),
        (["tests/core_of_another_name"], True),
        (["tests/core"], False),
        (["tests/core/irc/test_lines.py::test_one", "tests/core/limits"], False),
        ([str(ROOT / "tests" / "core")], False),
    ],
)
def test_selected_paths_decide_whether_django_is_needed(selection: list[str], expected: bool) -> None:
    assert needs_django(selection, ROOT) is expected


def test_paths_are_relative_to_the_working_directory() -> None:
    assert not needs_django(["core"], ROOT / "tests")
    assert needs_django(["."], ROOT / "tests")
