"""Where the recorded data is, and the mark of tests that need it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

DATA: Path = settings.DATA_DIR
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"recorded data is absent: TWITCHLY_DATA={DATA}")
