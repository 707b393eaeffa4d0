"""When too many of a topic's records are unusable, and when they are not."""

from __future__ import annotations

from core.pipeline.bad_record_rate import RECENT, Excess, ShareLimits


def taken(limits: ShareLimits, *runs: tuple[int, str | None], topic: str = "windows") -> tuple[int, Excess | None]:
    """Return how many records of these runs were taken until the limit was exceeded, and with what."""
    count = 0
    for length, fault in runs:
        for _ in range(length):
            excess = limits.take(topic, fault)
            if excess is not None:
                return count, excess
            count += 1
    return count, None


def test_a_hundred_unusable_records_are_let_through_and_the_next_is_not() -> None:
    assert taken(ShareLimits(), (5_000, "not JSON")) == (100, Excess("windows", 101, 101, "not JSON"))


def test_more_are_let_through_while_they_are_a_tenth_at_the_most() -> None:
    assert taken(ShareLimits(), (3_600, None), (5_000, "late")) == (4_000, Excess("windows", 401, 4_001, "late"))


def test_a_tenth_for_ever_is_no_excess() -> None:
    limits = ShareLimits()
    for _ in range(3 * RECENT // 10):
        assert taken(limits, (9, None), (1, "odd")) == (10, None)


def test_only_the_last_ten_thousand_records_count() -> None:
    limits = ShareLimits()
    assert taken(limits, (50_000, None)) == (50_000, None)
    assert taken(limits, (5_000, "odd")) == (1_000, Excess("windows", 1_001, RECENT, "odd"))


def test_what_is_long_ago_is_forgiven() -> None:
    limits = ShareLimits()
    assert taken(limits, (100, "odd"), (RECENT, None), (1_000, "odd")) == (RECENT + 1_100, None)


def test_a_usable_record_never_exceeds_the_limit() -> None:
    limits = ShareLimits()
    taken(limits, (200, "odd"))
    assert taken(limits, (200, None)) == (200, None)


def test_each_topic_has_its_own_limit() -> None:
    limits = ShareLimits()
    taken(limits, (100, "odd"), topic="windows-live")
    assert taken(limits, (100, "odd")) == (100, None)
    assert limits.take("windows-live", "odd") == Excess("windows-live", 101, 101, "odd")


def test_the_excess_says_how_many_of_how_many_and_why() -> None:
    said = str(Excess("windows", 1_001, 10_000, "not JSON"))
    assert said == "1,001 of the last 10,000 records of windows were unusable, the last one because: not JSON"
