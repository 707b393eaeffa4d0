"""Page fixtures, a Twitch server and a curator."""

from tests.dashboard.conftest import quick_settings, signed_in
from tests.ingest.conftest import curator, twitch

__all__ = ["curator", "quick_settings", "signed_in", "twitch"]
