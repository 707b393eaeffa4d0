"""What a page is asked to show: a board, a channel and a range, as its address names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from apps.metrics.queries import RANGES
from core.bands import BAND
from core.metrics import BOARDS

BOARD_KEYS = tuple(board.key for board in BOARDS)
DEFAULT_BOARD = BOARD_KEYS[0]
DEFAULT_RANGE = "10m"
SIZES = (10, 25, 100)
CATEGORY_MAX = 200
LANGUAGE_MAX = 16


@dataclass(frozen=True, slots=True)
class Board:
    """The best `size` channels by a metric, of those in a category, language (Twitch's code) and band; "" is any."""

    metric: str = DEFAULT_BOARD
    size: int = SIZES[0]
    category: str = ""
    language: str = ""
    band: str = ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.category or self.language or self.band)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address of the page names."""

    board: Board = Board()
    channel: str | None = None
    range: str = DEFAULT_RANGE

    def names(self) -> dict[str, str]:
        """Return the choice as the address has it, whole; "" is what nobody chose."""
        board = self.board
        return {
            "board": board.metric,
            "size": str(board.size),
            "category": board.category,
            "language": board.language,
            "band": board.band,
            "channel": self.channel or "",
            "range": self.range,
        }

    def query(self, **changes: str) -> str:
        """Return the address of the same page with `changes`; what has its default is left out."""
        wanted = self.names() | changes
        return "?" + urlencode({name: value for name, value in wanted.items() if value != DEFAULTS[name]})


DEFAULTS: Mapping[str, str] = Choice().names()


def is_channel_id(text: str) -> bool:
    """Tell whether `text` looks like one of Twitch's channel ids."""
    return re.fullmatch(r"[0-9]{1,20}", text, re.ASCII) is not None


def read_query(query: Mapping[str, str]) -> Choice:
    """Return the choice in a query string; what does not exist becomes the default."""
    metric, size, band = query.get("board", ""), query.get("size", ""), query.get("band", "")
    board = Board(
        metric if metric in BOARD_KEYS else DEFAULT_BOARD,
        int(size) if size in map(str, SIZES) else SIZES[0],
        query.get("category", "")[:CATEGORY_MAX],
        query.get("language", "")[:LANGUAGE_MAX],
        band if band in BAND else "",
    )
    range_key = query.get("range", "")
    return Choice(board, query.get("channel") or None, range_key if range_key in RANGES else DEFAULT_RANGE)
