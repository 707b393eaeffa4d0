"""The small live board of the front page, rendered once for all visitors."""

from __future__ import annotations

import threading
from collections.abc import Callable

# Interval at which the page requests the board.
REFRESH_MS = 2_000
ROWS = 5


class RenderedBoard:
    """The HTML of a board, at most REFRESH_MS old. One thread renders it while others wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rendered_ms = 0
        self._html = ""

    def read(self, now_ms: int, render: Callable[[], str]) -> str:
        """Return the HTML; call `render` if it is too old, or if the clock was set back."""
        with self._lock:
            if not 0 <= now_ms - self._rendered_ms < REFRESH_MS:
                self._html = render()
                self._rendered_ms = now_ms
            return self._html

    def clear(self) -> None:
        """Discard the HTML."""
        with self._lock:
            self._rendered_ms = 0


rendered_board = RenderedBoard()
