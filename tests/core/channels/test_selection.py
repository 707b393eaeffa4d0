"""Who is on the list: ranks that flap at the edge, streams that end, curation, and viewers that blip."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.channels.selection import Curation, believed_viewers, most_channels, wanted_channels

KEPT_MS = 600_000
NOBODY = Curation()


def ids(*numbers: int) -> list[str]:
    return [str(number) for number in numbers]


def choose(
    ranked: list[str],
    before: list[str] | None = None,
    away_ms: dict[str, int] | None = None,
    curation: Curation = NOBODY,
    count: int = 5,
) -> list[str]:
    return wanted_channels(
        ranked, away_ms or {}, before=set(before or []), curation=curation, count=count, kept_ms=KEPT_MS
    )


def test_the_first_list_is_the_most_viewed() -> None:
    assert choose(ids(*range(20))) == ids(0, 1, 2, 3, 4)


def test_a_channel_just_outside_stays_but_does_not_enter() -> None:
    ranked = ids(1, 2, 3, 4, 5, 6, 7)
    assert choose(ranked, before=["6"]) == ids(1, 2, 3, 4, 5, 6)
    assert choose(ranked, before=["5"]) == ids(1, 2, 3, 4, 5)
    assert choose(ranked, before=["7"]) == ids(1, 2, 3, 4, 5)


def test_ranks_that_flap_at_the_edge_move_nobody() -> None:
    draw = random.Random(4)
    sure, edge = ids(*range(490)), ids(*range(490, 520))
    channels, moves = choose(sure + edge, count=500), 0
    for _ in range(100):
        draw.shuffle(edge)
        following = choose(sure + edge, before=channels, count=500)
        moves += len(set(channels) - set(following))
        channels = following
    assert moves == 0
    assert len(channels) <= 520


def test_an_offline_channel_is_kept_for_its_time_and_stands_last() -> None:
    before = ids(1, 2)
    assert choose(ids(1), before, {"2": 0}) == ids(1, 2)
    assert choose(ids(1), before, {"2": KEPT_MS - 1}) == ids(1, 2)
    assert choose(ids(1), before, {"2": KEPT_MS}) == ids(1)


def test_a_channel_that_is_offline_does_not_enter() -> None:
    assert choose(ids(1), [], {"2": 0}) == ids(1)


def test_pinned_channels_are_always_in_even_offline() -> None:
    curation = Curation(pinned=frozenset(ids(9, 50)))
    assert choose(ids(*range(20)), [], {"50": 10 * KEPT_MS}, curation) == ids(0, 1, 2, 3, 4, 9, 50)


def test_barred_channels_are_never_in_and_take_no_place() -> None:
    curation = Curation(pinned=frozenset({"1"}), barred=frozenset(ids(0, 1, 8)))
    assert choose(ids(*range(7)), ids(0, 8), {"8": 0}, curation) == ids(2, 3, 4, 5, 6)


def test_after_a_wave_of_endings_those_longest_away_leave_first() -> None:
    away_ms = {"90": 3_000, "91": 1_000, "92": 2_000}
    assert choose(ids(*range(5)), ids(90, 91, 92), away_ms) == [*ids(0, 1, 2, 3, 4), "91"]


@given(
    ranked=st.lists(st.integers(0, 60).map(str), unique=True),
    before=st.sets(st.integers(0, 60).map(str)),
    away=st.dictionaries(st.integers(0, 60).map(str), st.integers(0, 2 * KEPT_MS)),
    pinned=st.frozensets(st.integers(0, 60).map(str), max_size=5),
    barred=st.frozensets(st.integers(0, 60).map(str), max_size=5),
    count=st.integers(1, 40),
)
def test_the_list_is_bounded_and_curation_always_holds(
    ranked: list[str],
    before: set[str],
    away: dict[str, int],
    pinned: frozenset[str],
    barred: frozenset[str],
    count: int,
) -> None:
    away = {channel: since for channel, since in away.items() if channel not in ranked}
    channels = wanted_channels(
        ranked, away, before=before, curation=Curation(pinned, barred), count=count, kept_ms=KEPT_MS
    )
    assert len(channels) == len(set(channels))
    assert sum(channel not in pinned for channel in channels) <= most_channels(count)
    assert not barred & set(channels)
    assert (pinned - barred) & (set(ranked) | away.keys()) <= set(channels)
    assert set(ranked[:count]) - barred <= set(channels)


@pytest.mark.parametrize(
    ("raw", "shown", "last_raw", "believed"),
    [
        (0, 900, 900, 900),
        (1, 900, 900, 900),
        (0, 900, 0, 0),
        (1, 900, 0, 1),
        (0, 900, 1, 0),
        (2, 900, 900, 2),
        (0, 20, 20, 0),
        (0, 21, 21, 21),
        (0, None, None, 0),
        (700, 900, 0, 700),
    ],
)
def test_viewers_that_vanish_are_held_for_one_poll(
    raw: int, shown: int | None, last_raw: int | None, believed: int
) -> None:
    assert believed_viewers(raw, shown=shown, last_raw=last_raw) == believed
