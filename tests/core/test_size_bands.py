"""Every number of viewers belongs to one band."""

from __future__ import annotations

from itertools import pairwise

import pytest

from core.size_bands import BANDS, band_of


def test_the_bands_leave_nothing_out_and_do_not_overlap() -> None:
    assert BANDS[0].from_viewers == 0
    assert [band.until_viewers for band in BANDS[:-1]] == [band.from_viewers for band in BANDS[1:]]
    assert BANDS[-1].until_viewers is None
    assert all(one.from_viewers < other.from_viewers for one, other in pairwise(BANDS))
    assert len({band.key for band in BANDS}) == len(BANDS)


@pytest.mark.parametrize(
    ("viewers", "key"),
    [
        (0, "0-100"),
        (99, "0-100"),
        (100, "100-1000"),
        (999, "100-1000"),
        (1_000, "1000-5000"),
        (24_999, "10000-25000"),
        (25_000, "25000-100000"),
        (100_000, "100000-"),
        (5_000_000, "100000-"),
    ],
)
def test_a_band_holds_its_lower_end_and_not_its_upper(viewers: int, key: str) -> None:
    assert band_of(viewers).key == key
