import pytest

from core.pipeline.coverage import Gap
from core.proof.comparison import Bounds
from core.proof.event_sums import LATE_MS, EventSum, SumComparison, compare_sums
from core.proof.ledger import BOMB_GIFT, Entry

T0 = 1_790_000_040_000 // 60_000 * 60_000
SENT_MS = T0 + 300_000
PROMISE_MS = T0 + 600_000
# The ledger begins well before the compared interval.
FIRST = Entry("m", "7", T0, 1)


def entry(kind: str = "ban", sent_ms: int = SENT_MS, connections: int = 1, channel_id: str = "7") -> Entry:
    return Entry(f"{kind}-{sent_ms}", channel_id, sent_ms, connections, kind)


def matched(
    entries: list[Entry], *counts: tuple[str, int], gaps: list[Gap] | None = None, from_ms: int = 0
) -> SumComparison:
    heard = [EventSum("7", kind, SENT_MS, count) for kind, count in counts]
    return compare_sums([FIRST, *entries], heard, Bounds({"7": gaps or []}, PROMISE_MS, from_ms=from_ms))


@pytest.mark.parametrize(
    ("sent", "summed"),
    [
        ("sub", "subscriptions"),
        ("resub", "subscriptions"),
        ("giftpaidupgrade", "subscriptions"),
        ("primepaidupgrade", "subscriptions"),
        ("ban", "bans"),
        ("timeout", "timeouts"),
        ("deletion", "deletions"),
        ("subgift", "subscriptions"),
        ("clear", "chat_cleared"),
        ("mode", "chat_mode"),
    ],
)
def test_counted_lines_are_expected_in_their_sum(sent: str, summed: str) -> None:
    assert matched([entry(sent)], (summed, 1)) == SumComparison(1)
    assert matched([entry(sent)]).differences == [f"0 {summed} in channel 7 were summed, expected 1"]
    assert matched([entry(sent)], (summed, 2)).differences == [f"2 {summed} in channel 7 were summed, expected 1"]


def test_a_sum_for_the_wrong_channel_or_kind_is_reported_as_a_difference() -> None:
    assert len(matched([entry()], ("timeouts", 1)).differences) == 2
    assert len(matched([entry(channel_id="8")], ("bans", 1)).differences) == 2


def test_several_sums_of_one_channel_are_added() -> None:
    assert matched([entry(), entry(sent_ms=SENT_MS + 1)], ("bans", 1), ("bans", 1)) == SumComparison(2)


def test_a_gift_in_a_bomb_is_not_summed() -> None:
    assert matched([entry(BOMB_GIFT)]) == SumComparison()
    assert len(matched([entry(BOMB_GIFT)], ("subscriptions", 1)).differences) == 1


def test_a_missed_mode_change_may_be_reported_on_join() -> None:
    missed = entry("mode", connections=0)
    assert matched([missed]) == matched([missed], ("chat_mode", 1)) == SumComparison()
    assert len(matched([missed], ("chat_mode", 2)).differences) == 1


def test_lines_in_a_gap_may_or_may_not_be_summed() -> None:
    gaps = [Gap("7", SENT_MS, SENT_MS, "closed")]
    assert matched([entry()], gaps=gaps) == matched([entry()], ("bans", 1), gaps=gaps) == SumComparison()
    assert len(matched([entry()], ("bans", 2), gaps=gaps).differences) == 1


def test_a_sum_may_be_lost_with_its_producer_only_until_it_is_written() -> None:
    for from_ms, is_excused in ((SENT_MS + 70_000, True), (SENT_MS + 70_001, False)):
        gaps = [Gap("7", from_ms, from_ms + 9, "producer away")]
        assert (matched([entry()], gaps=gaps).differences == []) is is_excused
    before = [Gap("7", SENT_MS - 9, SENT_MS - 1, "closed")]
    assert len(matched([entry()], gaps=before).differences) == 1


@pytest.mark.parametrize(("reason", "is_excused"), [("overflow", True), ("delivery", True), ("closed", False)])
def test_a_dropped_sum_loses_its_whole_minute(reason: str, is_excused: bool) -> None:
    began = Gap("7", SENT_MS, SENT_MS, reason)
    assert (matched([entry(sent_ms=SENT_MS + 59_999)], gaps=[began]).differences == []) is is_excused
    assert len(matched([entry(sent_ms=SENT_MS + 60_000)], gaps=[began]).differences) == 1


def test_lines_without_recipients_must_not_be_summed() -> None:
    assert matched([entry(connections=0)]) == SumComparison()
    assert len(matched([entry(connections=0)], ("bans", 1)).differences) == 1


def test_the_newest_sums_may_still_arrive() -> None:
    assert matched([entry(sent_ms=PROMISE_MS - LATE_MS + 1)]) == SumComparison()
    assert len(matched([entry(sent_ms=PROMISE_MS - LATE_MS)]).differences) == 1


def test_lines_beyond_the_retention_of_kafka_or_the_ledger_are_ignored() -> None:
    assert matched([entry()], from_ms=SENT_MS - 59_999) == SumComparison()
    assert len(matched([entry()], from_ms=SENT_MS - 60_000).differences) == 1
    bounds = Bounds({}, PROMISE_MS)
    assert compare_sums([entry()], [EventSum("7", "bans", SENT_MS - 1, 5)], bounds) == SumComparison()
    assert compare_sums([], [EventSum("7", "bans", SENT_MS, 5)], bounds) == SumComparison()
