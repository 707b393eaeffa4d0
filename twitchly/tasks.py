"""Cancellation of asyncio tasks."""

from __future__ import annotations

import asyncio
from typing import Any

# Time for a canceled task to clean up before it is canceled again.
CANCEL_EVERY_S = 1.0


async def cancel(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks repeatedly until all have ended; their results and errors stay with them.

    In Python 3.11, `asyncio.wait_for`, which redis-py calls, swallows a cancellation that arrives as its wait ends.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_EVERY_S)
