"""Selection of the PostgreSQL installation for the tests."""

from pathlib import Path

from deploy.local.postgres import find_postgres


def test_the_newest_installed_release_is_used(tmp_path: Path) -> None:
    for release in ("9.6", "15", "9", "17"):
        (tmp_path / release / "bin").mkdir(parents=True)
        (tmp_path / release / "bin" / "postgres").touch()
    (tmp_path / "18" / "bin").mkdir(parents=True)
    assert find_postgres(tmp_path) == tmp_path / "17" / "bin"
