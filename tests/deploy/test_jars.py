"""A jar that is not the one that was checked in is found."""

import hashlib
from pathlib import Path

import pytest

from deploy.local.jars import SETS, differences, read_sums
from deploy.local.layout import ROOT

SUMS = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a.jar", "b.jar")}


@pytest.fixture
def jars(tmp_path: Path) -> Path:
    for name in SUMS:
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def test_the_right_jars_have_no_difference(jars: Path) -> None:
    assert differences(jars, SUMS) == []


def test_a_changed_jar_is_found(jars: Path) -> None:
    (jars / "a.jar").write_bytes(b"something else")
    (found,) = differences(jars, SUMS)
    assert found.startswith("a.jar has SHA-256 ")
    assert found.endswith(f"expected {SUMS['a.jar']}")


def test_a_missing_jar_is_found(jars: Path) -> None:
    (jars / "b.jar").unlink()
    assert differences(jars, SUMS) == ["b.jar is missing"]


def test_an_extra_jar_is_found(jars: Path) -> None:
    (jars / "c.jar").write_bytes(b"c")
    assert differences(jars, SUMS) == ["c.jar is not in the list"]


def test_a_folder_that_is_not_there_lacks_everything(tmp_path: Path) -> None:
    assert differences(tmp_path / "none", SUMS) == ["a.jar is missing", "b.jar is missing"]


@pytest.mark.parametrize("name", SETS)
def test_the_committed_lists_are_whole(name: str) -> None:
    sums = read_sums((ROOT / "deploy" / "jars" / f"{name}.sha256").read_text())
    assert sums
    assert all(jar.endswith(".jar") and len(value) == 64 for jar, value in sums.items())
