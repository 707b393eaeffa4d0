"""The folder of recorded data, and the marker for tests that need it. Does not import Django, for tests of core."""

from __future__ import annotations

from pathlib import Path

import pytest

from twitchly.env import DEFAULT_DATA_DIR, load

DATA = Path(load().str("TWITCHLY_DATA", str(DEFAULT_DATA_DIR)))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"recorded data is absent: TWITCHLY_DATA={DATA}")
