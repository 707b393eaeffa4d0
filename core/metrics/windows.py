"""Types and lengths of windows, shared by columns and formulas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Columns = Mapping[str, int]

LIVE_WINDOW_MS = 30_000
FIVE_MINUTES_MS = 300_000

# The time that the values of a board cover, as in `?window=5m`. Only ratio metrics have 5-minute boards.
BoardWindow = Literal["30s", "5m"]
DEFAULT_WINDOW: BoardWindow = "30s"
BOARD_WINDOW_MS: Mapping[BoardWindow, int] = {"30s": LIVE_WINDOW_MS, "5m": FIVE_MINUTES_MS}
BOARD_WINDOW_LABEL: Mapping[BoardWindow, str] = {"30s": "30 s", "5m": "5 min"}


def key_over(key: str, window: BoardWindow) -> str:
    """Return the key of a metric or grain over a window: `spam` for the default window, `spam:5m` for 5 min."""
    return key if window == DEFAULT_WINDOW else f"{key}:{window}"
