"""Limit on the share of unusable records."""

from __future__ import annotations

from core.pipeline.bad_record_rate import RECENT, BadRecordRate, RateExceeded


def take_until_excess(
    limits: BadRecordRate, *runs: tuple[int, str | None], topic: str = "windows"
) -> tuple[int, RateExceeded | None]:
    """Return the number of records accepted before the limit was exceeded, and the `RateExceeded`, if any."""
    count = 0
    for length, fault in runs:
        for _ in range(length):
            excess = limits.take(topic, fault)
            if excess is not None:
                return count, excess
            count += 1
    return count, None


def test_a_hundred_unusable_records_are_tolerated() -> None:
    assert take_until_excess(BadRecordRate(), (5_000, "not JSON")) == (
        100,
        RateExceeded("windows", 101, 101, "not JSON"),
    )


def test_more_unusable_records_are_tolerated_up_to_a_tenth_of_all_records() -> None:
    assert take_until_excess(BadRecordRate(), (3_600, None), (5_000, "late")) == (
        4_000,
        RateExceeded("windows", 401, 4_001, "late"),
    )


def test_a_constant_tenth_never_exceeds_the_limit() -> None:
    limits = BadRecordRate()
    for _ in range(3 * RECENT // 10):
        assert take_until_excess(limits, (9, None), (1, "odd")) == (10, None)


def test_only_the_last_ten_thousand_records_count() -> None:
    limits = BadRecordRate()
    assert take_until_excess(limits, (50_000, None)) == (50_000, None)
    assert take_until_excess(limits, (5_000, "odd")) == (1_000, RateExceeded("windows", 1_001, RECENT, "odd"))


def test_old_unusable_records_no_longer_count() -> None:
    limits = BadRecordRate()
    assert take_until_excess(limits, (100, "odd"), (RECENT, None), (1_000, "odd")) == (RECENT + 1_100, None)


def test_a_usable_record_never_exceeds_the_limit() -> None:
    limits = BadRecordRate()
    take_until_excess(limits, (200, "odd"))
    assert take_until_excess(limits, (200, None)) == (200, None)


def test_each_topic_has_its_own_limit() -> None:
    limits = BadRecordRate()
    take_until_excess(limits, (100, "odd"), topic="windows-live")
    assert take_until_excess(limits, (100, "odd")) == (100, None)
    assert limits.take("windows-live", "odd") == RateExceeded("windows-live", 101, 101, "odd")


def test_the_message_contains_the_counts_and_the_last_fault() -> None:
    message = str(RateExceeded("windows", 1_001, 10_000, "not JSON"))
    assert message == "1,001 of the last 10,000 records of windows were unusable; last fault: not JSON"
