"""What the aggregates and the formulas both need to know of windows."""

from __future__ import annotations

from collections.abc import Mapping

Columns = Mapping[str, int]

LIVE_WINDOW_MS = 30_000
