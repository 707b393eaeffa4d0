"""What keys are used for: counted by each web process, and added to the database every few seconds."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.db import DatabaseError, transaction
from django.db.models import F

from apps.partners.models import ApiKey, Usage
from apps.partners.problems import KINDS

ADDED_EVERY_S = 5.0

log = logging.getLogger(__name__)

# A key, the hour, and what is counted.
Count = tuple[int, datetime, str]


class Meter:
    """Counts requests. A process that dies loses those of the last seconds."""

    def __init__(self) -> None:
        self._counted: Counter[Count] = Counter()
        self._adding: asyncio.Task[None] | None = None

    def count(self, key_id: int, code: str) -> None:
        """Count a request that ended with a problem, or well with ""."""
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        self._counted[key_id, hour, "requests"] += 1
        if code:
            self._counted[key_id, hour, "limited" if KINDS[code].status == 429 else "errors"] += 1
        if self._adding is None:
            self._adding = asyncio.create_task(self._add_soon())

    async def add(self) -> None:
        """Add what was counted to the database."""
        counted, self._counted = self._counted, Counter()
        try:
            await database_sync_to_async(add_usage, thread_sensitive=False)(counted)
        except DatabaseError:
            log.exception("what keys were used for is added later")
            self._counted += counted

    async def _add_soon(self) -> None:
        try:
            while self._counted:
                await asyncio.sleep(ADDED_EVERY_S)
                await self.add()
        finally:
            self._adding = None


@transaction.atomic
def add_usage(counted: Counter[Count]) -> None:
    """Add counts to what is known of their hours; keys that are gone are left out."""
    known = set(ApiKey.objects.filter(pk__in={key for key, _, _ in counted}).values_list("pk", flat=True))
    for key_id, hour in {(key_id, hour) for key_id, hour, _ in counted if key_id in known}:
        Usage.objects.get_or_create(key_id=key_id, hour=hour)
        more = {name: counted[key_id, hour, name] for name in ("requests", "errors", "limited")}
        Usage.objects.filter(key_id=key_id, hour=hour).update(**{name: F(name) + by for name, by in more.items()})


_meters: WeakKeyDictionary[asyncio.AbstractEventLoop, Meter] = WeakKeyDictionary()


def running_meter() -> Meter:
    """Return the meter of this process; its task belongs to the running event loop."""
    return _meters.setdefault(asyncio.get_running_loop(), Meter())
