"""Live readings that all who ask within a second share; they are the hub's, so orders are those of the pages."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from apps.dashboard.choices import Board
from apps.dashboard.hub import running_hub
from apps.dashboard.readings import Reading

KEPT_S = 1.0
# A reading of each board that was asked for lately; that of all live channels is a board of its own.
KEPT_MAX = 300


@dataclass(slots=True)
class _Read:
    at_s: float
    task: asyncio.Task[Reading]


class Readings:
    """The newest readings by board; None stands for all live channels. Methods raise ServiceAway."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._read: OrderedDict[Board | None, _Read] = OrderedDict()

    async def get(self, board: Board | None = None) -> Reading:
        """Return a reading that is at most KEPT_S old."""
        found = self._read.get(board)
        if found is None or self._clock() - found.at_s >= KEPT_S:
            found = self._read[board] = _Read(self._clock(), asyncio.create_task(running_hub().read(board)))
            self._read.move_to_end(board)
            while len(self._read) > KEPT_MAX:
                self._read.popitem(last=False)
        try:
            return await asyncio.shield(found.task)
        except Exception:
            self._read.pop(board, None)
            raise


_readings: WeakKeyDictionary[asyncio.AbstractEventLoop, Readings] = WeakKeyDictionary()


def running_readings() -> Readings:
    """Return the readings of this process."""
    return _readings.setdefault(asyncio.get_running_loop(), Readings())
