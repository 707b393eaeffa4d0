from apps.api.rest.event_pages import events_of
from apps.metrics.gaps import GapSpan

T = 1_795_400_000_000


def test_gaps_that_start_in_the_same_millisecond_have_different_ids() -> None:
    gaps = [
        GapSpan(T, T + 5_000, "the channel was being joined"),
        GapSpan(T, T + 900, "more messages arrived than could be buffered"),
    ]
    events = [*events_of("7", [], gaps), *events_of("8", [], gaps)]
    assert len({event.id for event in events}) == 4
    assert {event.id for event in events_of("7", [], gaps)} == {event.id for event in events[:2]}
