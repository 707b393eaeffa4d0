"""Page fixtures."""

from tests.dashboard.conftest import Boards, boards, live, quick_settings, signed_in, valkey

__all__ = ["Boards", "boards", "live", "quick_settings", "signed_in", "valkey"]
