"""The hash keys of yesterday, today and tomorrow, fetched ahead: the writer never waits for the database."""

from __future__ import annotations

import datetime as dt

from channels.db import database_sync_to_async

from apps.ingest.services import hash_key


class Keys:
    """Call it with a UTC day to get the day's key."""

    def __init__(self) -> None:
        self._keys: dict[dt.date, bytes] = {}

    async def fetch(self, now_ms: int) -> None:
        """Fetch the keys that `at_ms` can need soon, and forget older ones."""
        today = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()
        days = [today + dt.timedelta(days=n) for n in (-1, 0, 1)]
        for day in days:
            if day not in self._keys:
                self._keys[day] = await database_sync_to_async(hash_key)(day)
        self._keys = {day: self._keys[day] for day in days}

    def __call__(self, day: dt.date) -> bytes:
        """Return the key. Raises: KeyError when the day is not near today."""
        return self._keys[day]
