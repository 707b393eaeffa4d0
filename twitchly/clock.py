"""Wall clock of every Twitchly process: UTC, shifted by CLOCK_OFFSET_MS."""

from __future__ import annotations

import time

from django.conf import settings


def now_ms() -> int:
    """Return milliseconds since the epoch."""
    return time.time_ns() // 1_000_000 + int(settings.CLOCK_OFFSET_MS)
