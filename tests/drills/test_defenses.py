"""The table of defenses: every marker has a row, every row has a marker, and each mutation leaves valid code."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from drills.defenses import DEFENSES, ROOT, Defense, find_markers, weaken, weakened

RUFF = str(Path(sys.executable).parent / "ruff")
each_defense = pytest.mark.parametrize("defense", DEFENSES, ids=lambda defense: defense.name)


def test_every_marker_has_a_row_and_every_row_has_one_marker() -> None:
    markers = Counter(marker.name for marker in find_markers(ROOT))
    rows = Counter(defense.name for defense in DEFENSES if defense.quote is None)
    assert markers == rows
    assert set(rows.values()) == {1}


def test_names_are_unique() -> None:
    assert [name for name, count in Counter(defense.name for defense in DEFENSES).items() if count > 1] == []


@each_defense
def test_the_named_test_exists(defense: Defense) -> None:
    path, _, name = defense.test.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text() or not name


@each_defense
def test_a_mutation_introduces_no_undefined_names(defense: Defense) -> None:
    """Any error would make the defense's test fail, whether or not that test covers the defense."""
    path, text = weaken(ROOT, defense)
    assert "# defense: " + defense.name not in text
    if path.suffix == ".py":
        command = [RUFF, "check", "--isolated", "--target-version", "py311", "--select", "F821,F823", "-"]
        check = subprocess.run(command, input=text, capture_output=True, text=True, timeout=30)
        assert check.returncode == 0, check.stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "Makefile").touch()
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "view.py").write_text("def view():\n    check()  # defense: first, second\n    return 1\n")
    return tmp_path


def row(name: str, code: str = "pass") -> Defense:
    return Defense(name, "a threat", "tests/test_view.py", lambda _: f"    {code}")


@pytest.mark.parametrize("name", ["first", "second"])
def test_a_weakened_file_is_restored(tree: Path, name: str) -> None:
    path = tree / "apps" / "view.py"
    original = path.read_text()
    with weakened(tree, row(name)):
        assert path.read_text() == "def view():\n    pass\n    return 1\n"
    assert path.read_text() == original


def test_a_file_is_restored_after_an_error(tree: Path) -> None:
    original = (tree / "apps" / "view.py").read_text()
    with pytest.raises(ZeroDivisionError), weakened(tree, row("first")):
        raise ZeroDivisionError
    assert (tree / "apps" / "view.py").read_text() == original


def test_a_row_without_a_marker_or_with_two_is_an_error(tree: Path) -> None:
    with pytest.raises(ValueError, match="found 0"):
        weaken(tree, row("third"))
    (tree / "Makefile").write_text("CHECK = check  # defense: first\n")
    with pytest.raises(ValueError, match="found 2"):
        weaken(tree, row("first"))


def test_a_mutation_without_effect_is_an_error(tree: Path) -> None:
    with pytest.raises(ValueError, match="changes nothing"):
        weaken(tree, row("first", code="check()"))
