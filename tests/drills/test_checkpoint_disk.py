"""The disk that is made read-only and filled, where mounting is allowed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.checkpoint_disk import CheckpointDisk, NoDisk, _run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a" / "checkpoints"


@pytest.fixture
def disk(folder: Path) -> Iterator[CheckpointDisk]:
    made = CheckpointDisk(folder)
    try:
        made.mount()
    except NoDisk as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    yield made
    made.unmount()


def test_it_is_read_only_then_full_and_well_again(disk: CheckpointDisk, folder: Path) -> None:
    spoilt = ((disk.forbid, disk.allow, "Read-only file system"), (disk.fill, disk.empty, "No space left on device"))
    for spoil, mend, why in spoilt:
        spoil()
        with pytest.raises(OSError, match=why):
            (folder / why).write_text("x")
        mend()
        (folder / why).write_text("x")


def test_what_it_held_is_gone_with_it_and_leaving_twice_is_no_error(disk: CheckpointDisk, folder: Path) -> None:
    (folder / "a").write_text("x")
    disk.unmount()
    assert list(folder.iterdir()) == []
    disk.unmount()


def test_a_command_that_fails_says_why() -> None:
    assert _run("true") == ""
    assert _run("false") == "false ended with 1"
    assert "cannot access" in _run("ls", "/no such folder")
