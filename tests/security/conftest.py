from tests.dashboard.conftest import boards, quick_settings, signed_in, valkey

__all__ = ["boards", "quick_settings", "signed_in", "valkey"]
