"""Board definition: metric, window, size and filters."""

from __future__ import annotations

from dataclasses import dataclass

from core.channels.stream import CATEGORY_MAX, LANGUAGE_MAX
from core.inputs.readable_text import one_line
from core.metrics.table import BOARDS, METRIC
from core.metrics.windows import BOARD_WINDOW_LABEL, DEFAULT_WINDOW, BoardWindow, key_over

BOARD_KEYS = tuple(board.key for board in BOARDS)
DEFAULT_BOARD = BOARD_KEYS[0]
SIZES = (10, 25, 100)
# Fields of a board that select channels.
FILTERS = ("category", "language", "band")


@dataclass(frozen=True, slots=True)
class Board:
    """The top `size` channels by a metric, filtered by category, language (Twitch code) and band; "" means all.

    `window` is the time that the values cover: one of the metric's windows.
    """

    metric: str = DEFAULT_BOARD
    size: int = SIZES[0]
    category: str = ""
    language: str = ""
    band: str = ""
    window: BoardWindow = DEFAULT_WINDOW

    @property
    def key(self) -> str:
        """Return the key of the board in Redis, without size and filters."""
        return key_over(self.metric, self.window)

    @property
    def label(self) -> str:
        """Return the title of the board, with the window unless it is the default one."""
        label = METRIC[self.metric].label
        return label if self.window == DEFAULT_WINDOW else f"{label} over {BOARD_WINDOW_LABEL[self.window]}"

    @property
    def is_filtered(self) -> bool:
        return bool(self.category or self.language or self.band)


def requested_board(
    metric: str, size: int, *, category: str, language: str, band: str, window: str = DEFAULT_WINDOW
) -> Board:
    """Return a board. Untrusted filters are normalized like the channel fields that they are compared with.

    If the metric has no board for `window`, the default window is used.
    """
    over = next((each for each in METRIC[metric].windows if each == window), DEFAULT_WINDOW)
    return Board(metric, size, one_line(category, CATEGORY_MAX), one_line(language, LANGUAGE_MAX), band, over)
