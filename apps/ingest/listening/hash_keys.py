"""Prefetched hash keys for yesterday, today and tomorrow, so that the writer never waits for the database."""

from __future__ import annotations

import datetime as dt

from channels.db import database_sync_to_async

from apps.ingest.services import hash_key
from core.times import day_of


class HashKeyCache:
    """Callable that returns the key for a UTC day."""

    def __init__(self) -> None:
        self._keys: dict[dt.date, bytes] = {}

    async def fetch(self, now_ms: int) -> None:
        """Fetch the keys for the days around `now_ms` and drop older keys."""
        today = day_of(now_ms)
        days = [today + dt.timedelta(days=n) for n in (-1, 0, 1)]
        for day in days:
            if day not in self._keys:
                self._keys[day] = await database_sync_to_async(hash_key)(day)
        self._keys = {day: self._keys[day] for day in days}

    def __call__(self, day: dt.date) -> bytes:
        """Return the key. Raises: KeyError for a day that was not fetched."""
        return self._keys[day]
