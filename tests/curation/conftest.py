"""Fixtures: pages, boards, a Twitch server and a curator."""

from tests.dashboard.conftest import boards, quick_settings, signed_in, valkey
from tests.ingest.conftest import curator, twitch

__all__ = ["boards", "curator", "quick_settings", "signed_in", "twitch", "valkey"]
