"""What was made is made again only when its inputs changed."""

from pathlib import Path

from deploy.local.stamps import Stamp, digest


def test_a_changed_input_changes_the_digest(tmp_path: Path) -> None:
    file = tmp_path / "web.txt"
    file.write_text("django==5.2")
    first = digest([file], tmp_path)
    assert digest([file], tmp_path) == first
    file.write_text("django==5.2.1")
    assert digest([file], tmp_path) != first


def test_an_environment_that_was_moved_is_made_again(tmp_path: Path) -> None:
    file = tmp_path / "web.txt"
    file.write_text("django==5.2")
    assert digest([file], tmp_path / "a") != digest([file], tmp_path / "b")


def test_an_environment_behind_a_link_is_the_one_it_leads_to(tmp_path: Path) -> None:
    file, place, link = tmp_path / "web.txt", tmp_path / "a", tmp_path / "link"
    file.write_text("django==5.2")
    place.mkdir()
    link.symlink_to(place)
    assert digest([file], link) == digest([file], place)


def test_a_stamp_matches_each_digest_it_was_given(tmp_path: Path) -> None:
    stamp = Stamp(tmp_path / "stamp")
    assert not stamp.matches("a")
    stamp.write(["a", "b"])
    assert stamp.matches("a")
    assert stamp.matches("b")
    assert not stamp.matches("c")


def test_an_interrupted_making_leaves_no_stamp(tmp_path: Path) -> None:
    stamp = Stamp(tmp_path / "stamp")
    stamp.write(["a"])
    stamp.remove()
    assert not stamp.matches("a")
