"""Board definition: metric, size and filters."""

from __future__ import annotations

from dataclasses import dataclass

from core.metrics.table import BOARDS

BOARD_KEYS = tuple(board.key for board in BOARDS)
DEFAULT_BOARD = BOARD_KEYS[0]
SIZES = (10, 25, 100)
CATEGORY_MAX = 200
LANGUAGE_MAX = 16


@dataclass(frozen=True, slots=True)
class Board:
    """The top `size` channels by a metric, filtered by category, language (Twitch code) and band; "" means any."""

    metric: str = DEFAULT_BOARD
    size: int = SIZES[0]
    category: str = ""
    language: str = ""
    band: str = ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.category or self.language or self.band)
