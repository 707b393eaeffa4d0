"""Page fixtures."""

from tests.dashboard.conftest import Boards, boards, quick_settings, signed_in, valkey

__all__ = ["Boards", "boards", "quick_settings", "signed_in", "valkey"]
