"""Graceful shutdown of long-running commands on SIGTERM and Ctrl-C."""

from __future__ import annotations

import signal
import threading
from types import FrameType


class Stop:
    """Stop flag, set by SIGTERM or SIGINT; calling it returns whether to stop."""

    def __init__(self) -> None:
        self._event = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._set)

    def __call__(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep for up to `seconds`; return whether to stop."""
        return self._event.wait(seconds)

    def _set(self, _number: int, _frame: FrameType | None) -> None:
        self._event.set()
