import pytest

from core.ledger import (
    TORN_END,
    Entry,
    Fault,
    Gap,
    Heard,
    Listening,
    file_hour_ms,
    file_name,
    format_entry,
    match,
    parse_entry,
)

SENT_MS = 1_790_000_000_000


def entry(message_id: str = "m1", sent_ms: int = SENT_MS, connections: int = 1, channel_id: str = "7") -> Entry:
    return Entry(message_id, channel_id, sent_ms, connections)


def heard(sent_ms: int = SENT_MS, times: int = 1, channel_id: str = "7") -> Heard:
    return Heard(channel_id, sent_ms, times)


def listened(
    entries: list[Entry], chat: dict[str, Heard], gaps: list[Gap] | None = None, promise_ms: int = SENT_MS + 60_000
) -> Listening:
    return match(entries, chat, {"7": gaps or []}, promise_ms)


def test_an_entry_is_read_as_it_was_written() -> None:
    assert parse_entry(format_entry(entry(connections=12))) == entry(connections=12)


def test_every_torn_line_is_recognised_wherever_it_was_torn() -> None:
    line = format_entry(entry(connections=12))
    for length in range(1, len(line)):
        assert parse_entry(line[:length]) is None
        assert parse_entry(line[:length] + TORN_END) is None


@pytest.mark.parametrize("line", [b"\n", b"a\tb\n", b"a\tb\tc\td\n", b"\xff\t7\t5\t1\n", b"a\t7\t5\t1\t1\n"])
def test_a_line_of_another_shape_is_no_entry(line: bytes) -> None:
    assert parse_entry(line) is None


def test_a_file_is_named_after_the_utc_hour() -> None:
    assert file_name(1_795_400_999_999) == "2026-11-23T02.tsv"
    assert file_hour_ms("2026-11-23T02.tsv") == 1_795_399_200_000
    assert file_hour_ms("replay.json") is None


def test_a_message_heard_once_is_in_chat() -> None:
    result = listened([entry()], {"m1": heard()})
    assert (result.sent, result.in_chat, result.differences) == (1, 1, [])


def test_a_message_that_was_never_heard_is_a_difference() -> None:
    result = listened([entry()], {})
    assert (result.sent, result.in_chat, result.late_ms) == (1, 0, SENT_MS)
    assert "neither on chat nor in a recorded gap" in result.differences[0]


def test_both_ends_of_a_gap_belong_to_it() -> None:
    entries = [entry("a", SENT_MS), entry("b", SENT_MS + 10), entry("c", SENT_MS + 11)]
    result = listened(entries, {}, [Gap(SENT_MS, SENT_MS + 10, "connection lost")])
    assert (result.in_gaps, len(result.differences)) == (2, 1)
    assert " c " in result.differences[0]


def test_a_gap_of_another_channel_excuses_nothing() -> None:
    result = match([entry()], {}, {"8": [Gap(0, 2 * SENT_MS, "joining")]}, SENT_MS)
    assert (result.in_gaps, len(result.differences)) == (0, 1)


@pytest.mark.parametrize("reason", ["overflow", "delivery"])
def test_what_the_producer_dropped_is_counted_apart(reason: str) -> None:
    result = listened([entry()], {}, [Gap(SENT_MS, SENT_MS, reason)])
    assert (result.in_gaps, result.dropped, result.differences) == (0, 1, [])


def test_a_message_heard_in_a_gap_counts_as_heard() -> None:
    result = listened([entry()], {"m1": heard()}, [Gap(SENT_MS, SENT_MS, "overflow")])
    assert (result.in_chat, result.in_gaps, result.dropped) == (1, 0, 0)


def test_a_message_twice_on_chat_is_a_difference() -> None:
    assert "2 times" in listened([entry()], {"m1": heard(times=2)}).differences[0]


def test_a_message_with_another_channel_or_time_is_a_difference() -> None:
    assert "as channel 9" in listened([entry()], {"m1": heard(channel_id="9")}).differences[0]
    assert f"at {SENT_MS + 1}" in listened([entry()], {"m1": heard(SENT_MS + 1)}).differences[0]


def test_a_message_that_was_never_sent_is_a_difference_where_the_ledger_reaches() -> None:
    result = listened([entry()], {"m1": heard(), "older": heard(SENT_MS - 1), "x": heard(SENT_MS + 1)})
    assert len(result.differences) == 1
    assert "message x " in result.differences[0]


def test_a_message_sent_to_nobody_is_not_expected_and_may_not_appear() -> None:
    assert listened([entry(connections=0)], {}) == Listening()
    assert "sent to nobody" in listened([entry(connections=0)], {"m1": heard()}).differences[0]


def test_an_id_twice_in_the_ledger_is_a_difference() -> None:
    assert "twice in the ledger" in listened([entry(), entry()], {"m1": heard()}).differences[0]


def test_what_is_later_than_the_promise_is_pending() -> None:
    entries = [entry("a", SENT_MS), entry("b", SENT_MS + 1)]
    result = listened(entries, {"a": heard(), "b": heard(SENT_MS + 1)}, promise_ms=SENT_MS)
    assert (result.sent, result.pending, result.differences) == (1, 1, [])


def test_a_gap_is_excused_by_a_fault_alone() -> None:
    gaps = {"7": [Gap(SENT_MS, SENT_MS, "closed")]}
    inside, outside = [Fault(SENT_MS, SENT_MS + 5)], [Fault(SENT_MS + 1, SENT_MS + 5)]
    assert match([entry()], {}, gaps, SENT_MS, inside).differences == []
    (difference,) = match([entry()], {}, gaps, SENT_MS, outside).differences
    assert "outside of every fault" in difference
    assert match([entry()], {}, gaps, SENT_MS - 1, outside).differences == []
