"""Bands of channels by how many people watch: a channel is compared with those of its own size."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Band:
    """Channels with `from_viewers` or more and fewer than `until_viewers`; None has no upper end."""

    key: str
    label: str
    from_viewers: int
    until_viewers: int | None


BANDS: tuple[Band, ...] = (
    Band("0-100", "under 100 viewers", 0, 100),
    Band("100-1000", "100 to 1,000 viewers", 100, 1_000),
    Band("1000-5000", "1,000 to 5,000 viewers", 1_000, 5_000),
    Band("5000-10000", "5,000 to 10,000 viewers", 5_000, 10_000),
    Band("10000-25000", "10,000 to 25,000 viewers", 10_000, 25_000),
    Band("25000-100000", "25,000 to 100,000 viewers", 25_000, 100_000),
    Band("100000-", "100,000 viewers and more", 100_000, None),
)


def band_of(viewers: int) -> Band:
    """Return the band that a channel with so many viewers, 0 or more, belongs to."""
    return next(band for band in reversed(BANDS) if viewers >= band.from_viewers)
