import pytest

from core.metrics.bands import BAND, BANDS, band_of


@pytest.mark.parametrize(
    ("viewers", "label"),
    [
        (0, "under 100"),
        (99, "under 100"),
        (100, "100 – 999"),
        (999, "100 – 999"),
        (4_999, "1,000 – 4,999"),
        (5_000, "5,000 – 9,999"),
        (24_999, "10,000 – 24,999"),
        (25_000, "25,000 – 99,999"),
        (100_000, "100,000 or more"),
        (3_000_000, "100,000 or more"),
    ],
)
def test_a_channel_is_in_the_band_of_its_viewers(viewers: int, label: str) -> None:
    assert band_of(viewers).label == label


def test_every_viewer_count_is_in_exactly_one_band() -> None:
    for viewers in range(0, 200_000, 37):
        assert [band.contains(viewers) for band in BANDS].count(True) == 1
    assert list(BAND) == ["0", "100", "1000", "5000", "10000", "25000", "100000"]
