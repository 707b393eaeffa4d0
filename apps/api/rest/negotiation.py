"""Chooses the format of an answer: what the address names, else what the Accept header weighs most."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from django.http.request import MediaType
from rest_framework.renderers import BaseRenderer

from apps.api.problems import Problem


@lru_cache(maxsize=1_000)
def choose(renderers: tuple[type[BaseRenderer], ...], accept: str, named: str | None) -> BaseRenderer:
    """Return the renderer for the format `named` in the address or else for an Accept header. Raises: Problem."""
    if named:
        chosen = next((one for one in renderers if one.format == named), None)
    else:
        weights = [(weight(one.media_type, accept), one) for one in renderers]
        # Of equal weights the first: that is the format the operation prefers.
        best, chosen = max(weights, key=lambda one: one[0])
        chosen = chosen if best > 0 else None
    if chosen is None:
        formats = ", ".join(f"{one.format} ({one.media_type})" for one in renderers)
        raise Problem("not-acceptable", f"This operation answers as {formats}.")
    return chosen()


def weight(media_type: str, accept: str) -> float:
    """Return how much an Accept header wants a media type, 0 where it takes none of it. Source: RFC 9110, 12.5.1."""
    ranges = [MediaType(token) for token in accept.split(",") if token.strip()]
    if not ranges:
        return 1.0
    for names in _ranges(media_type):
        weights = [one.quality for one in ranges if f"{one.main_type}/{one.sub_type}".lower() in names]
        if weights:
            return max(weights)
    return 0.0


def _ranges(media_type: str) -> Sequence[tuple[str, ...]]:
    """Return the media ranges that hold a media type, the most specific first."""
    main, _, _ = media_type.partition("/")
    return (media_type,), (f"{main}/*",), ("*/*", "*/")
