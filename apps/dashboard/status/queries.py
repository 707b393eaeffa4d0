"""What the status page and the API's status read: how the whole stands, the past hour and 90 days, and incidents."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from apps.dashboard.models import Incident, Looks, StatusDay, StatusMinute
from apps.dashboard.status.looking import look
from core.status import COVERAGE_WANTED, RULE, Look, Open, Verdict, incidents, verdict
from core.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

DAYS = 90
RECENT_INCIDENTS = 12
# Twitchly is looked at every 10 s.
LOOK_EVERY_MS = 10 * SECOND_MS
# A day with less than a quarter of an hour of trouble is a day with trouble; with more, a bad one.
BAD_SHARE = 0.01
WHOLE = 0.999
KEPT_MS = 2 * SECOND_MS

BarState = Literal["none", "whole", "partial", "bad"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A minute or a day: the mean coverage, in which share of it somebody looked, and in which there was trouble."""

    start_ms: int
    state: BarState
    coverage: float | None = None
    watched: float = 0.0
    troubled_ms: int = 0
    incidents: int = 0


@dataclass(frozen=True, slots=True)
class PastIncident:
    """An incident as people read it; `until_ms` is None while it lasts."""

    rule: str
    title: str
    cause: str
    from_ms: int
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """How the whole stands. `hour_coverage` is the mean of what was heard in the past hour, as far as it was watched.

    `since_ms` is the first day that is known, None on a copy that has just begun.
    """

    look: Look
    verdict: Verdict
    lasting: Sequence[Open]
    hour: Sequence[Bar]
    hour_coverage: float | None
    days: Sequence[Bar]
    incidents: Sequence[PastIncident]
    since_ms: int | None


def read_status(now_ms: int) -> Status:
    """Return how the whole stands."""
    seen = look(now_ms)
    rows = Incident.objects.filter(ended_ms=None)
    lasting = incidents(seen, {row.rule: Open(row.rule, row.began_ms, row.cause, row.is_sure) for row in rows})
    hour = _bars(StatusMinute.objects.all(), now_ms, MINUTE_MS, HOUR_MS // MINUTE_MS, Counter())
    days = _bars(StatusDay.objects.all(), now_ms, DAY_MS, DAYS, _begun_by_day(now_ms))
    known = [bar.coverage for bar in hour if bar.coverage is not None]
    first = StatusDay.objects.first()
    return Status(
        seen,
        verdict(seen, [one.rule for one in lasting]),
        lasting,
        hour,
        sum(known) / len(known) if known else None,
        days,
        _past(lasting),
        first.start_ms if first else None,
    )


class Kept:
    """The status that all who ask a process within two seconds share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._status: Status | None = None

    def read(self, now_ms: int) -> Status:
        """Return a status of at most KEPT_MS ago."""
        with self._lock:
            if self._status is None or not 0 <= now_ms - self._status.look.at_ms <= KEPT_MS:
                self._status = read_status(now_ms)
            return self._status

    def forget(self) -> None:
        """Read it anew the next time."""
        self._status = None


kept = Kept()


def _past(lasting: Sequence[Open]) -> list[PastIncident]:
    now = [PastIncident(one.rule, RULE[one.rule].title, one.cause, one.since_ms, None) for one in lasting]
    rows = Incident.objects.filter(is_sure=True).exclude(ended_ms=None)[:RECENT_INCIDENTS]
    over = [PastIncident(row.rule, _title(row.rule), row.cause, row.began_ms, row.ended_ms) for row in rows]
    return [*reversed(now), *over]


def _title(rule: str) -> str:
    """Return what a rule is called; one of a former version has its key alone."""
    return RULE[rule].title if rule in RULE else rule


def _begun_by_day(now_ms: int) -> Counter[int]:
    began = Incident.objects.filter(is_sure=True, began_ms__gte=now_ms - DAYS * DAY_MS)
    return Counter(ms // DAY_MS * DAY_MS for ms in began.values_list("began_ms", flat=True))


def _bars(rows: Iterable[Looks], now_ms: int, length_ms: int, count: int, begun: Mapping[int, int]) -> list[Bar]:
    """Return so many minutes or days up to now, oldest first, with an empty bar where nobody looked."""
    last_ms = now_ms // length_ms * length_ms
    first_ms = last_ms - (count - 1) * length_ms
    found = {row.start_ms: row for row in rows if row.start_ms >= first_ms}
    return [
        _bar(start_ms, found.get(start_ms), min(length_ms, now_ms - start_ms), begun)
        for start_ms in range(first_ms, last_ms + 1, length_ms)
    ]


def _bar(start_ms: int, row: Looks | None, passed_ms: int, begun: Mapping[int, int]) -> Bar:
    if row is None or row.looks == 0:
        return Bar(start_ms, "none", incidents=begun.get(start_ms, 0))
    coverage = row.coverage_sum / row.covered if row.covered else None
    troubled = row.troubled / row.looks
    watched = min(1.0, row.looks * LOOK_EVERY_MS / max(passed_ms, LOOK_EVERY_MS))
    state: BarState = "whole"
    if coverage is None or coverage < WHOLE or row.troubled or watched < COVERAGE_WANTED:
        state = "partial"
    if troubled > BAD_SHARE or (coverage is not None and coverage < COVERAGE_WANTED):
        state = "bad"
    return Bar(start_ms, state, coverage, watched, row.troubled * LOOK_EVERY_MS, begun.get(start_ms, 0))
