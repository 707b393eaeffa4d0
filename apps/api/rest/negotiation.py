"""Content negotiation: the format named in the URL, or else the preferred one of the Accept header."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from django.http.request import MediaType
from rest_framework.renderers import BaseRenderer

from apps.api.problems import Problem


@lru_cache(maxsize=1_000)
def choose(renderers: tuple[type[BaseRenderer], ...], accept: str, named: str | None) -> BaseRenderer:
    """Return the renderer for the format `named` in the URL, or else for an Accept header. Raises: Problem."""
    if named:
        chosen = next((renderer for renderer in renderers if renderer.format == named), None)
    else:
        weighted = [(weight(renderer.media_type, accept), renderer) for renderer in renderers]
        # Of equal weights the first wins: it is the default format of the operation.
        best, chosen = max(weighted, key=lambda pair: pair[0])
        chosen = chosen if best > 0 else None
    if chosen is None:
        formats = ", ".join(f"{renderer.format} ({renderer.media_type})" for renderer in renderers)
        raise Problem("not-acceptable", f"This operation answers as {formats}.")
    return chosen()


def weight(media_type: str, accept: str) -> float:
    """Return the weight of a media type in an Accept header, 0 if it is not accepted. Source: RFC 9110, 12.5.1."""
    accepted = [MediaType(token) for token in accept.split(",") if token.strip()]
    if not accepted:
        return 1.0
    for names in _ranges(media_type):
        weights = [item.quality for item in accepted if f"{item.main_type}/{item.sub_type}".lower() in names]
        if weights:
            return max(weights)
    return 0.0


def _ranges(media_type: str) -> Sequence[tuple[str, ...]]:
    """Return the media ranges that match a media type, most specific first."""
    main, _, _ = media_type.partition("/")
    return (media_type,), (f"{main}/*",), ("*/*", "*/")
