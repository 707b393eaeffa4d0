"""An installation is repeated only if its inputs changed."""

from pathlib import Path

from deploy.local.stamps import Stamp, digest


def test_a_changed_input_changes_the_digest(tmp_path: Path) -> None:
    file = tmp_path / "web.txt"
    file.write_text("django==5.2")
    first = digest([file], tmp_path)
    assert digest([file], tmp_path) == first
    file.write_text("django==5.2.1")
    assert digest([file], tmp_path) != first


def test_a_moved_environment_has_a_different_digest(tmp_path: Path) -> None:
    file = tmp_path / "web.txt"
    file.write_text("django==5.2")
    assert digest([file], tmp_path / "a") != digest([file], tmp_path / "b")


def test_a_symbolic_link_has_the_digest_of_its_target(tmp_path: Path) -> None:
    file, target, link = tmp_path / "web.txt", tmp_path / "a", tmp_path / "link"
    file.write_text("django==5.2")
    target.mkdir()
    link.symlink_to(target)
    assert digest([file], link) == digest([file], target)


def test_a_stamp_matches_each_written_digest(tmp_path: Path) -> None:
    stamp = Stamp(tmp_path / "stamp")
    assert not stamp.matches("a")
    stamp.write(["a", "b"])
    assert stamp.matches("a")
    assert stamp.matches("b")
    assert not stamp.matches("c")


def test_a_removed_stamp_matches_nothing(tmp_path: Path) -> None:
    stamp = Stamp(tmp_path / "stamp")
    stamp.write(["a"])
    stamp.remove()
    assert not stamp.matches("a")
