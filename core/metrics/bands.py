"""Size bands: channels grouped by viewers, so that a channel is compared with its peers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

_EDGES = (0, 100, 1_000, 5_000, 10_000, 25_000, 100_000)


@dataclass(frozen=True, slots=True)
class Band:
    """Channels with [`least`, `below`) viewers; the last band has no upper bound. `key` is used in URLs."""

    key: str
    label: str
    least: int
    below: int | None

    def contains(self, viewers: float) -> bool:
        """Return whether a channel with this many viewers is in the band."""
        return self.least <= viewers and (self.below is None or viewers < self.below)


def _label(least: int, below: int) -> str:
    return f"{least:,} – {below - 1:,}" if least else f"under {below:,}"


_CLOSED = (Band(str(least), _label(least, below), least, below) for least, below in pairwise(_EDGES))
BANDS: tuple[Band, ...] = (*_CLOSED, Band(str(_EDGES[-1]), f"{_EDGES[-1]:,} or more", _EDGES[-1], None))
BAND: Mapping[str, Band] = {band.key: band for band in BANDS}


def band_of(viewers: float) -> Band:
    """Return the band of a channel with this many viewers."""
    return next(band for band in BANDS if band.contains(viewers))
