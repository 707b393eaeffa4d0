"""Context processor for all templates."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def source(_request: HttpRequest) -> dict[str, str | bool]:
    """Return the source of the data: Twitch or the simulator."""
    return {"source_is_simulated": bool(settings.TWITCH_IS_SIMULATED), "source_name": source_name()}


def source_name() -> str:
    """Return the name of the source of the data."""
    return "Simulated Twitch" if settings.TWITCH_IS_SIMULATED else "Twitch"
