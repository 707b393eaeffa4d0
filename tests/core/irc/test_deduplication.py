"""Which messages were heard already."""

from __future__ import annotations

from core.irc.deduplication import Seen


def test_an_id_is_known_the_second_time() -> None:
    seen = Seen(10, 60_000)
    assert [seen.again(one, 1_000) for one in ("a", "b", "a")] == [False, False, True]


def test_at_least_the_latest_are_remembered_and_not_for_ever() -> None:
    seen = Seen(10, 60_000)
    assert not any(seen.again(str(n), 1_000) for n in range(1_000))
    assert all(seen.again(str(n), 1_000) for n in range(990, 1_000))
    assert not seen.again("0", 1_000)


def test_what_was_heard_within_the_span_is_remembered_and_older_is_forgotten() -> None:
    seen = Seen(1_000, 60_000)
    for second in range(0, 300, 10):
        assert not seen.again(str(second), second * 1_000)
    assert all(seen.again(str(second), 290_000) for second in range(240, 300, 10))
    assert not seen.again("160", 290_000)
