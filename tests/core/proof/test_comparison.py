import tracemalloc
import uuid

import pytest

from core.pipeline.coverage import Gap
from core.proof.comparison import (
    Bounds,
    Counts,
    Fault,
    MatchResult,
    ReceivedMessage,
    ReceivedMessages,
    match_messages,
    match_notices,
)
from core.proof.ledger import Entry

SENT_MS = 1_790_000_000_000


def entry(
    message_id: str = "m1", sent_ms: int = SENT_MS, connections: int = 1, channel_id: str = "7", kind: str = "message"
) -> Entry:
    return Entry(message_id, channel_id, sent_ms, connections, kind)


def heard(*messages: tuple[str, int], channel_id: str = "7", kind: str = "message") -> ReceivedMessages:
    found = ReceivedMessages()
    for message_id, sent_ms in messages:
        found.add(message_id, channel_id, sent_ms, kind)
    return found


def match(
    entries: list[Entry],
    chat: ReceivedMessages,
    gaps: list[Gap] | None = None,
    promise_ms: int = SENT_MS + 60_000,
    faults: list[Fault] | None = None,
) -> MatchResult:
    return match_messages(entries, chat, Bounds({"7": gaps or []}, promise_ms, faults))


M1 = ("m1", SENT_MS)


def test_a_message_received_once_is_in_chat() -> None:
    assert match([entry()], heard(M1)).all == Counts(sent=1, in_chat=1)


def test_a_message_that_was_never_received_is_reported_as_a_difference() -> None:
    result = match([entry()], heard())
    assert (result.all, result.late_ms) == (Counts(sent=1, differences=1), SENT_MS)
    assert "neither in Kafka nor in a recorded gap" in result.differences[0]


def test_a_gap_includes_both_ends() -> None:
    entries = [entry("a", SENT_MS), entry("b", SENT_MS + 10), entry("c", SENT_MS + 11)]
    result = match(entries, heard(), [Gap("7", SENT_MS, SENT_MS + 10, "connection lost")])
    assert result.all == Counts(sent=3, in_gaps=2, differences=1)
    assert " c " in result.differences[0]


def test_a_gap_in_another_channel_excuses_nothing() -> None:
    gaps = {"8": [Gap("8", 0, 2 * SENT_MS, "joining")]}
    result = match_messages([entry()], heard(), Bounds(gaps, SENT_MS))
    assert result.all == Counts(sent=1, differences=1)


@pytest.mark.parametrize("reason", ["overflow", "delivery"])
def test_messages_dropped_by_the_producer_are_counted_separately(reason: str) -> None:
    result = match([entry()], heard(), [Gap("7", SENT_MS, SENT_MS, reason)])
    assert result.all == Counts(sent=1, dropped=1)


def test_a_message_received_in_a_gap_counts_as_received() -> None:
    result = match([entry()], heard(M1), [Gap("7", SENT_MS, SENT_MS, "overflow")])
    assert result.all == Counts(sent=1, in_chat=1)


def test_a_message_that_appears_twice_in_chat_is_reported_as_a_difference() -> None:
    assert "2 times" in match([entry()], heard(M1, M1)).differences[0]


def test_a_message_with_another_channel_or_time_is_reported_as_a_difference() -> None:
    assert "in channel 9" in match([entry()], heard(M1, channel_id="9")).differences[0]
    assert f"at {SENT_MS + 1}" in match([entry()], heard(("m1", SENT_MS + 1))).differences[0]


@pytest.mark.parametrize(
    ("sent", "found", "is_expected"),
    [
        ("message", "message", True),
        ("message", "bot", True),
        ("message", "copy", False),
        ("copy", "copy", True),
        ("copy", "bot", True),
        ("copy", "message", False),
    ],
)
def test_shared_copies_and_messages_are_distinguished(sent: str, found: str, is_expected: bool) -> None:
    assert (match([entry(kind=sent)], heard(M1, kind=found)).differences == []) is is_expected


@pytest.mark.parametrize("kind", ["raid", "sub", "ban", "deletion", "mode"])
def test_ledger_entries_other_than_messages_are_not_expected_in_chat(kind: str) -> None:
    assert match([entry(kind=kind)], heard()).all == Counts()


def test_a_message_that_was_never_sent_is_reported_if_its_time_is_within_the_ledger() -> None:
    result = match([entry()], heard(M1, ("older", SENT_MS - 1), ("x", SENT_MS + 1)))
    assert len(result.differences) == 1
    assert "message x " in result.differences[0]


def test_an_unknown_id_is_reported_unchanged() -> None:
    message_id = str(uuid.UUID(int=5))
    assert f"message {message_id} " in match([entry()], heard(M1, (message_id, SENT_MS))).differences[0]


def test_a_message_sent_to_no_connection_must_not_appear_in_chat() -> None:
    assert match([entry(connections=0)], heard()).all == Counts()
    assert "sent to no connection" in match([entry(connections=0)], heard(M1)).differences[0]


@pytest.mark.parametrize("chat", [heard(), heard(M1)])
def test_a_repeated_id_in_the_ledger_is_reported_as_a_difference(chat: ReceivedMessages) -> None:
    gaps = [Gap("7", SENT_MS, SENT_MS, "closed")]
    (difference,) = match([entry(), entry()], chat, gaps).differences
    assert "twice in the ledger" in difference


def test_messages_after_the_promise_are_pending() -> None:
    entries = [entry("a", SENT_MS), entry("b", SENT_MS + 1)]
    result = match(entries, heard(("a", SENT_MS), ("b", SENT_MS + 1)), promise_ms=SENT_MS)
    assert (result.all, result.pending) == (Counts(sent=1, in_chat=1), 1)


def test_messages_older_than_the_kafka_retention_are_ignored() -> None:
    result = match_messages([entry()], heard(), Bounds({}, SENT_MS, from_ms=SENT_MS + 1))
    assert result.all == Counts()


def test_a_gap_is_excused_only_by_a_fault() -> None:
    gaps = [Gap("7", SENT_MS, SENT_MS, "closed")]
    inside, outside = [Fault(SENT_MS, SENT_MS + 5)], [Fault(SENT_MS + 1, SENT_MS + 5)]
    assert match([entry()], heard(), gaps, faults=inside).differences == []
    (difference,) = match([entry()], heard(), gaps, faults=outside).differences
    assert "outside every fault" in difference
    assert match([entry()], heard(), gaps, SENT_MS - 1, outside).differences == []


@pytest.mark.parametrize(
    ("channels", "is_excused"),
    [(frozenset({"7"}), True), (frozenset({"8"}), False), (frozenset[str](), False), (None, True)],
)
def test_a_fault_excuses_only_gaps_of_affected_channels(channels: frozenset[str] | None, is_excused: bool) -> None:
    gaps = [Gap("7", SENT_MS, SENT_MS, "closed")]
    faults = [Fault(SENT_MS - 5, SENT_MS + 5, channels)]
    result = match([entry()], heard(), gaps, faults=faults)
    assert (result.differences == [], result.all.in_gaps) == (is_excused, 1)
    assert result.of_faults[0].sent == 1


def test_each_fault_has_its_own_counts() -> None:
    entries = [entry("a", SENT_MS), entry("b", SENT_MS + 10), entry("c", SENT_MS + 20), entry("d", SENT_MS + 21)]
    faults = [Fault(SENT_MS - 5, SENT_MS + 5), Fault(SENT_MS + 6, SENT_MS + 20)]
    gaps = [Gap("7", SENT_MS + 10, SENT_MS + 10, "closed")]
    result = match(entries, heard(("a", SENT_MS), ("d", SENT_MS + 21)), gaps, faults=faults)
    assert result.of_faults == [Counts(sent=1, in_chat=1), Counts(sent=2, in_gaps=1, differences=1)]
    assert result.all == Counts(sent=4, in_chat=2, in_gaps=1, differences=1)


def test_a_raid_and_a_gift_bomb_are_matched_by_id() -> None:
    events = heard(("r", SENT_MS), kind="raid")
    events.add("g", "7", SENT_MS, "gift_bomb")
    entries = [entry("r", kind="raid"), entry("g", kind="submysterygift"), entry("s", kind="sub")]
    assert match_notices(entries, events, Bounds({}, SENT_MS)).all == Counts(sent=2, in_chat=2)


def test_a_missing_or_different_raid_is_reported_as_a_difference() -> None:
    raid = [entry("r", kind="raid")]
    bounds = Bounds({}, SENT_MS)
    assert "neither in Kafka" in match_notices(raid, heard(), bounds).differences[0]
    assert "as gift_bomb in" in match_notices(raid, heard(("r", SENT_MS), kind="gift_bomb"), bounds).differences[0]
    gap = Bounds({"7": [Gap("7", SENT_MS, SENT_MS, "closed")]}, SENT_MS)
    assert match_notices(raid, heard(), gap).all == Counts(sent=1, in_gaps=1)


def test_received_messages_are_found_by_id() -> None:
    message_id = str(uuid.UUID(int=7))
    found = heard((message_id, SENT_MS), M1, M1)
    assert len(found) == 2
    assert (found.index(message_id), found.index("m1"), found.index("m2")) == (0, 1, None)
    assert found.at(1) == ReceivedMessage("7", SENT_MS, "message", 2)


def test_ids_are_compared_literally() -> None:
    found = heard(("ABCDEF00-0000-4000-8000-000000000000", SENT_MS), ("abcdef00-0000-4000-8000-000000000000", SENT_MS))
    assert len(found) == 2


def test_channels_and_kinds_are_kept_separate() -> None:
    found = ReceivedMessages()
    for number in range(1_000):
        found.add(f"m{number}", str(number), SENT_MS, f"kind {number % 3}")
    assert found.at(999) == ReceivedMessage("999", SENT_MS, "kind 0", 1)


def test_the_result_has_counts_for_each_fault() -> None:
    assert MatchResult([Fault(0, 1)]).of_faults == [Counts()]


def test_a_received_message_takes_less_than_250_bytes() -> None:
    count = 20_000
    ids = [str(uuid.UUID(int=number << 64)) for number in range(count)]
    tracemalloc.start()
    found = heard(*((message_id, SENT_MS + index) for index, message_id in enumerate(ids)))
    taken_bytes = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(found) == count
    assert taken_bytes / count < 250
