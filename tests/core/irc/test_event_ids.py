from core.irc.event_ids import EventIds

T = 1_795_400_000_000
SPAN_MS = 600_000


def test_ids_differ_by_channel_kind_and_time() -> None:
    ids = EventIds(SPAN_MS)
    event_ids = [
        ids.next(*event) for event in (("7", "bans", T), ("8", "bans", T), ("7", "timeouts", T), ("7", "bans", T + 1))
    ]
    assert len(set(event_ids)) == 4


def test_events_of_one_channel_kind_and_time_are_numbered_in_order() -> None:
    ids = EventIds(SPAN_MS)
    event_ids = [ids.next("7", "chat_mode", T) for _ in range(12)]
    assert len(set(event_ids)) == 12
    assert sorted(event_ids) == event_ids


def test_the_same_events_have_the_same_ids() -> None:
    first, second = EventIds(SPAN_MS), EventIds(SPAN_MS)
    times = [T, T, T + SPAN_MS, T, T - 5, T + 2 * SPAN_MS]
    assert [first.next("7", "bans", at_ms) for at_ms in times] == [second.next("7", "bans", at_ms) for at_ms in times]


def test_event_numbers_are_remembered_for_the_given_span() -> None:
    ids = EventIds(SPAN_MS)
    late = ids.next("7", "bans", T)
    for passed_ms in range(0, SPAN_MS, 1_000):
        ids.next("8", "bans", T + passed_ms)
    assert ids.next("7", "bans", T) != late


def test_memory_is_bounded() -> None:
    ids = EventIds(1_000)
    for second in range(100):
        ids.next("7", "bans", T + second * 1_000)
    assert len(ids._new) + len(ids._old) <= 3
