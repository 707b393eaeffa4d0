"""Context processor for all templates."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def source(_request: HttpRequest) -> dict[str, str | bool]:
    """Return the source of the data: Twitch or the simulator."""
    simulated = bool(settings.TWITCH_IS_SIMULATED)
    return {"source_is_simulated": simulated, "source_name": "Simulated Twitch" if simulated else "Twitch"}
