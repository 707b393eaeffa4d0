"""Freshness of viewer counts, by their age."""

from __future__ import annotations

from typing import Literal

from django.conf import settings

Freshness = Literal["fresh", "stale", "unknown"]

# These boards are empty while viewer counts are unknown.
NEED_VIEWERS = frozenset({"viewers", "engagement"})


def viewers_freshness(viewers_at_ms: int | None, now_ms: int) -> Freshness:
    """Return the freshness of viewer counts fetched at `viewers_at_ms`, or "fresh" if the time is None."""
    age_s = 0 if viewers_at_ms is None else (now_ms - viewers_at_ms) / 1000
    if age_s > settings.VIEWERS_UNKNOWN_S:
        return "unknown"
    return "stale" if age_s > settings.VIEWERS_STALE_S else "fresh"
