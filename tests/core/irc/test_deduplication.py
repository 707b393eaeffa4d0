"""Deduplication of messages."""

from __future__ import annotations

from core.irc.deduplication import Deduplicator


def test_a_repeated_id_is_a_duplicate() -> None:
    deduplicator = Deduplicator(10, 60_000)
    assert [deduplicator.is_duplicate(message_id, 1_000) for message_id in ("a", "b", "a")] == [False, False, True]


def test_the_latest_ids_are_remembered_within_the_limit() -> None:
    deduplicator = Deduplicator(10, 60_000)
    assert not any(deduplicator.is_duplicate(str(n), 1_000) for n in range(1_000))
    assert all(deduplicator.is_duplicate(str(n), 1_000) for n in range(990, 1_000))
    assert not deduplicator.is_duplicate("0", 1_000)


def test_ids_within_the_span_are_remembered_and_older_ones_forgotten() -> None:
    deduplicator = Deduplicator(1_000, 60_000)
    for second in range(0, 300, 10):
        assert not deduplicator.is_duplicate(str(second), second * 1_000)
    assert all(deduplicator.is_duplicate(str(second), 290_000) for second in range(240, 300, 10))
    assert not deduplicator.is_duplicate("160", 290_000)
