"""Types and lengths of windows, shared by columns and formulas."""

from __future__ import annotations

from collections.abc import Mapping

Columns = Mapping[str, int]

LIVE_WINDOW_MS = 30_000
