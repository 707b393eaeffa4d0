"""The clock of the instance, which may be shifted so that the recount crosses midnight."""

from __future__ import annotations

import os
import time

OFFSET_MS = int(os.environ.get("CLOCK_OFFSET_MS") or 0)


def now_ms() -> int:
    """Return the instance's time in ms since 1970."""
    return time.time_ns() // 1_000_000 + OFFSET_MS
