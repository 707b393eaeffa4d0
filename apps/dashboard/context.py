"""What every page says besides its own content."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def source(_request: HttpRequest) -> dict[str, str | bool]:
    """Tell which Twitch the figures come from, for every template."""
    simulated = bool(settings.TWITCH_IS_SIMULATED)
    return {"source_is_simulated": simulated, "source_name": "Simulated Twitch" if simulated else "Twitch"}
