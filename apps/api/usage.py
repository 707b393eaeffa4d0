"""API usage by key and hour: counted in each web process, written to the database every few seconds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from channels.db import database_sync_to_async
from django.db import DatabaseError, transaction
from django.db.models import F, Sum

from apps.accounts.models import User
from apps.api.models import ApiKey, Usage
from apps.api.problems import PROBLEM_TYPES

FLUSH_EVERY_S = 5.0

log = logging.getLogger(__name__)

Interval = Literal["hour", "day"]
# Width and number of the bars in the usage plot.
PLOTS: Mapping[Interval, tuple[timedelta, int]] = {"hour": (timedelta(hours=1), 48), "day": (timedelta(days=1), 30)}

# Key id, hour, and name of the counter.
CounterKey = tuple[int, datetime, str]


@dataclass(frozen=True, slots=True)
class UsagePoint:
    """Requests in the hour or day that begins at `at`, including failed and rate-limited ones."""

    at: datetime
    requests: int
    errors: int
    limited: int


class UsageRecorder:
    """Counts requests. A process that is killed loses the counts of its last few seconds."""

    def __init__(self) -> None:
        self._counts: Counter[CounterKey] = Counter()
        self._flush_task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def record(self, key_id: int, code: str) -> None:
        """Count a request under its problem code; "" means that it succeeded."""
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        self._counts[key_id, hour, "requests"] += 1
        if code:
            self._counts[key_id, hour, "limited" if PROBLEM_TYPES[code].status == 429 else "errors"] += 1
        if self._flush_task is None:
            self._flush_task = asyncio.create_task(self._flush_until_empty())

    async def flush(self) -> None:
        """Add the counts to the database."""
        counts, self._counts = self._counts, Counter()
        try:
            await database_sync_to_async(store_usage, thread_sensitive=False)(counts)
        except DatabaseError:
            log.exception("API usage not written, retrying")
            self._counts += counts

    async def aclose(self) -> None:
        """Write the counts recorded since the last flush."""
        self._closing.set()
        if self._flush_task is not None:
            await self._flush_task

    async def _flush_until_empty(self) -> None:
        try:
            while self._counts:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(FLUSH_EVERY_S):
                        await self._closing.wait()
                await self.flush()
        finally:
            self._flush_task = None


@transaction.atomic
def store_usage(counts: Counter[CounterKey]) -> None:
    """Add counts to the stored counts for the same hours; counts of deleted keys are dropped."""
    known = set(ApiKey.objects.filter(pk__in={key for key, _, _ in counts}).values_list("pk", flat=True))
    for key_id, hour in {(key_id, hour) for key_id, hour, _ in counts if key_id in known}:
        Usage.objects.get_or_create(key_id=key_id, hour=hour)
        added = {name: counts[key_id, hour, name] for name in ("requests", "errors", "limited")}
        sums = {name: F(name) + count for name, count in added.items()}
        Usage.objects.filter(key_id=key_id, hour=hour).update(**sums)


def requests_in_past_day(owner: User) -> dict[int, int]:
    """Return the number of requests in the past 24 hours for each of an account's keys, by key id."""
    since = datetime.now(UTC) - timedelta(hours=24)
    rows = Usage.objects.filter(key__owner=owner, hour__gt=since).values("key").annotate(sum=Sum("requests"))
    return {row["key"]: row["sum"] for row in rows}


def usage_points(owner: User, interval: Interval, now: datetime) -> list[UsagePoint]:
    """Return an account's usage by hour or day in UTC, oldest first and without gaps."""
    step, count = PLOTS[interval]
    last = now.replace(minute=0, second=0, microsecond=0)
    last = last if interval == "hour" else last.replace(hour=0)
    first = last - step * (count - 1)
    sums: Counter[tuple[datetime, str]] = Counter()
    for row in Usage.objects.filter(key__owner=owner, hour__gte=first):
        at = row.hour if interval == "hour" else row.hour.replace(hour=0)
        for name in ("requests", "errors", "limited"):
            sums[at, name] += getattr(row, name)
    times = [first + step * number for number in range(count)]
    return [UsagePoint(at, sums[at, "requests"], sums[at, "errors"], sums[at, "limited"]) for at in times]
