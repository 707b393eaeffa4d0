"""How far viewer counts can be trusted, by their age. The script does the same in static/js/viewers.js."""

from __future__ import annotations

from typing import Literal

from django.conf import settings

Freshness = Literal["fresh", "stale", "unknown"]

# Without viewers these boards rank nobody.
NEED_VIEWERS = frozenset({"viewers", "engagement"})


def viewers_freshness(viewers_at_ms: int | None, now_ms: int) -> Freshness:
    """Return whether the viewer counts of `viewers_at_ms` are fresh, stale or no longer used; None is no claim."""
    age_s = 0 if viewers_at_ms is None else (now_ms - viewers_at_ms) / 1000
    if age_s > settings.VIEWERS_UNKNOWN_S:
        return "unknown"
    return "stale" if age_s > settings.VIEWERS_STALE_S else "fresh"
