"""Which messages were heard already."""

from __future__ import annotations

from core.seen import Seen


def test_an_id_is_known_the_second_time() -> None:
    seen = Seen(10)
    assert [seen.again(one) for one in ("a", "b", "a")] == [False, False, True]


def test_at_least_the_latest_are_remembered_and_not_for_ever() -> None:
    seen = Seen(10)
    assert not any(seen.again(str(n)) for n in range(1_000))
    assert all(seen.again(str(n)) for n in range(990, 1_000))
    assert not seen.again("0")
