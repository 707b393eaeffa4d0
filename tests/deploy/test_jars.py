"""Jars are verified against the committed checksums."""

import hashlib
from pathlib import Path

import pytest

from deploy.local.jars import JAR_SETS, mismatches, parse_checksums
from deploy.local.layout import ROOT

SUMS = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a.jar", "b.jar")}


@pytest.fixture
def jars(tmp_path: Path) -> Path:
    for name in SUMS:
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def test_unchanged_jars_match(jars: Path) -> None:
    assert mismatches(jars, SUMS) == []


def test_a_changed_jar_is_reported(jars: Path) -> None:
    (jars / "a.jar").write_bytes(b"something else")
    (mismatch,) = mismatches(jars, SUMS)
    assert mismatch.startswith("a.jar has SHA-256 ")
    assert mismatch.endswith(f"expected {SUMS['a.jar']}")


def test_a_missing_jar_is_reported(jars: Path) -> None:
    (jars / "b.jar").unlink()
    assert mismatches(jars, SUMS) == ["b.jar is missing"]


def test_an_unexpected_jar_is_reported(jars: Path) -> None:
    (jars / "c.jar").write_bytes(b"c")
    assert mismatches(jars, SUMS) == ["c.jar is unexpected"]


def test_all_jars_of_a_missing_folder_are_reported(tmp_path: Path) -> None:
    assert mismatches(tmp_path / "none", SUMS) == ["a.jar is missing", "b.jar is missing"]


@pytest.mark.parametrize("name", JAR_SETS)
def test_committed_checksums_are_complete(name: str) -> None:
    sums = parse_checksums((ROOT / "deploy" / "jars" / f"{name}.sha256").read_text())
    assert sums
    assert all(jar.endswith(".jar") and len(value) == 64 for jar, value in sums.items())
