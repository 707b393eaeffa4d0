"""What keys are used for: counted by each web process, and added to the database every few seconds."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.db import DatabaseError, transaction
from django.db.models import F, Sum

from apps.accounts.models import User
from apps.api.models import ApiKey, Usage
from apps.api.problems import KINDS

ADDED_EVERY_S = 5.0

log = logging.getLogger(__name__)

Span = Literal["hour", "day"]
# How far apart the bars of a plot are, and how many there are.
STEPS: Mapping[Span, tuple[timedelta, int]] = {"hour": (timedelta(hours=1), 48), "day": (timedelta(days=1), 30)}

# A key, the hour, and what is counted.
Count = tuple[int, datetime, str]


@dataclass(frozen=True, slots=True)
class Point:
    """What was asked for in the hour or day that begins at `at`."""

    at: datetime
    requests: int
    errors: int
    limited: int


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


def requests_of_day(owner: User) -> dict[int, int]:
    """Return how often each key of an account asked within the past 24 hours, by the key's id."""
    since = datetime.now(UTC) - timedelta(hours=24)
    found = Usage.objects.filter(key__owner=owner, hour__gt=since).values("key").annotate(sum=Sum("requests"))
    return {row["key"]: row["sum"] for row in found}


def usage_by(owner: User, span: Span, now: datetime) -> list[Point]:
    """Return what an account asked for, by hours or days in UTC, oldest first and without gaps."""
    step, count = STEPS[span]
    last = now.replace(minute=0, second=0, microsecond=0)
    last = last if span == "hour" else last.replace(hour=0)
    first = last - step * (count - 1)
    sums: Counter[tuple[datetime, str]] = Counter()
    for row in Usage.objects.filter(key__owner=owner, hour__gte=first):
        at = row.hour if span == "hour" else row.hour.replace(hour=0)
        for name in ("requests", "errors", "limited"):
            sums[at, name] += getattr(row, name)
    moments = [first + step * number for number in range(count)]
    return [Point(at, sums[at, "requests"], sums[at, "errors"], sums[at, "limited"]) for at in moments]


_meters: WeakKeyDictionary[asyncio.AbstractEventLoop, Meter] = WeakKeyDictionary()


def running_meter() -> Meter:
    """Return the meter of this process; its task belongs to the running event loop."""
    return _meters.setdefault(asyncio.get_running_loop(), Meter())
