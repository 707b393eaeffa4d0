"""The small disk of the fault-injection tests; skipped if mounting is not allowed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.tmpfs import MountFailed, Tmpfs, _run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a" / "checkpoints"


@pytest.fixture
def disk(folder: Path) -> Iterator[Tmpfs]:
    disk = Tmpfs(folder)
    try:
        disk.mount()
    except MountFailed as error:
        pytest.skip(f"cannot mount a disk: {error}")
    yield disk
    disk.unmount()


def test_the_disk_can_be_made_read_only_or_full_and_then_writable_again(disk: Tmpfs, folder: Path) -> None:
    states = (
        (disk.make_read_only, disk.make_writable, "Read-only file system"),
        (disk.fill, disk.empty, "No space left on device"),
    )
    for break_disk, repair, message in states:
        break_disk()
        with pytest.raises(OSError, match=message):
            (folder / message).write_text("x")
        repair()
        (folder / message).write_text("x")


def test_unmounting_discards_the_files_and_may_be_repeated(disk: Tmpfs, folder: Path) -> None:
    (folder / "a").write_text("x")
    disk.unmount()
    assert list(folder.iterdir()) == []
    disk.unmount()


def test_a_failed_command_returns_its_error() -> None:
    assert _run("true") == ""
    assert _run("false") == "false exited with 1"
    assert "cannot access" in _run("ls", "/no such folder")
