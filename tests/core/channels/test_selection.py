"""Selection of the channel list: fluctuating ranks, ended broadcasts, curation, and brief drops of viewer counts."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.channels.selection import Curation, max_channels, select_channels, smooth_viewers

RETAINED_MS = 600_000
NO_CURATION = Curation()


def ids(*numbers: int) -> list[str]:
    return [str(number) for number in numbers]


def choose(
    ranked: list[str],
    previous: list[str] | None = None,
    offline_ms: dict[str, int] | None = None,
    curation: Curation = NO_CURATION,
    count: int = 5,
) -> list[str]:
    return select_channels(
        ranked, offline_ms or {}, previous=set(previous or []), curation=curation, count=count, grace_ms=RETAINED_MS
    )


def test_the_first_list_has_the_most_viewed_channels() -> None:
    assert choose(ids(*range(20))) == ids(0, 1, 2, 3, 4)


def test_just_below_the_cut_off_listed_channels_stay_but_no_others_enter() -> None:
    ranked = ids(1, 2, 3, 4, 5, 6, 7)
    assert choose(ranked, previous=["6"]) == ids(1, 2, 3, 4, 5, 6)
    assert choose(ranked, previous=["5"]) == ids(1, 2, 3, 4, 5)
    assert choose(ranked, previous=["7"]) == ids(1, 2, 3, 4, 5)


def test_fluctuating_ranks_at_the_cut_off_change_nothing() -> None:
    draw = random.Random(4)
    certain, edge = ids(*range(490)), ids(*range(490, 520))
    channels, moves = choose(certain + edge, count=500), 0
    for _ in range(100):
        draw.shuffle(edge)
        following = choose(certain + edge, previous=channels, count=500)
        moves += len(set(channels) - set(following))
        channels = following
    assert moves == 0
    assert len(channels) <= 520


def test_an_offline_channel_is_retained_for_a_while_and_listed_last() -> None:
    previous = ids(1, 2)
    assert choose(ids(1), previous, {"2": 0}) == ids(1, 2)
    assert choose(ids(1), previous, {"2": RETAINED_MS - 1}) == ids(1, 2)
    assert choose(ids(1), previous, {"2": RETAINED_MS}) == ids(1)


def test_an_offline_channel_does_not_enter_the_list() -> None:
    assert choose(ids(1), [], {"2": 0}) == ids(1)


def test_pinned_channels_are_always_listed_even_if_offline() -> None:
    curation = Curation(pinned=frozenset(ids(9, 50)))
    assert choose(ids(*range(20)), [], {"50": 10 * RETAINED_MS}, curation) == ids(0, 1, 2, 3, 4, 9, 50)


def test_excluded_channels_are_never_listed_and_take_up_no_position() -> None:
    curation = Curation(pinned=frozenset({"1"}), excluded=frozenset(ids(0, 1, 8)))
    assert choose(ids(*range(7)), ids(0, 8), {"8": 0}, curation) == ids(2, 3, 4, 5, 6)


def test_the_channels_that_have_been_offline_longest_leave_first() -> None:
    offline_ms = {"90": 3_000, "91": 1_000, "92": 2_000}
    assert choose(ids(*range(5)), ids(90, 91, 92), offline_ms) == [*ids(0, 1, 2, 3, 4), "91"]


@given(
    ranked=st.lists(st.integers(0, 60).map(str), unique=True),
    previous=st.sets(st.integers(0, 60).map(str)),
    away=st.dictionaries(st.integers(0, 60).map(str), st.integers(0, 2 * RETAINED_MS)),
    pinned=st.frozensets(st.integers(0, 60).map(str), max_size=5),
    excluded=st.frozensets(st.integers(0, 60).map(str), max_size=5),
    count=st.integers(1, 40),
)
def test_the_list_is_bounded_and_curation_always_holds(
    ranked: list[str],
    previous: set[str],
    away: dict[str, int],
    pinned: frozenset[str],
    excluded: frozenset[str],
    count: int,
) -> None:
    away = {channel: since for channel, since in away.items() if channel not in ranked}
    channels = select_channels(
        ranked, away, previous=previous, curation=Curation(pinned, excluded), count=count, grace_ms=RETAINED_MS
    )
    assert len(channels) == len(set(channels))
    assert sum(channel not in pinned for channel in channels) <= max_channels(count)
    assert not excluded & set(channels)
    assert (pinned - excluded) & (set(ranked) | away.keys()) <= set(channels)
    assert set(ranked[:count]) - excluded <= set(channels)


@pytest.mark.parametrize(
    ("raw", "last_viewers", "last_raw", "smoothed"),
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
def test_a_drop_to_zero_or_one_viewer_is_smoothed_for_one_poll(
    raw: int, last_viewers: int | None, last_raw: int | None, smoothed: int
) -> None:
    assert smooth_viewers(raw, last_viewers=last_viewers, last_raw=last_raw) == smoothed
