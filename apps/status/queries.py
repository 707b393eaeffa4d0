"""What the status page and the API's status read: how the whole stands, the past hour and 90 days, and incidents."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from apps.status.models import Incident, Looks, StatusDay, StatusMinute
from apps.status.snapshot import look
from core.ops.health import COVERAGE_WANTED, COVERAGE_WHOLE, RULE, Look, Open, Verdict, incidents, verdict
from core.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

DAYS = 90
RECENT_INCIDENTS = 12
# Twitchly is looked at every 10 s.
LOOK_EVERY_MS = 10 * SECOND_MS
# A day with less than a quarter of an hour of trouble is a day with trouble; with more, a bad one.
BAD_SHARE = 0.01
KEPT_MS = 2 * SECOND_MS

BarState = Literal["none", "whole", "partial", "bad"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A minute or a day: its mean coverage, how long it was measured, and how long there was trouble.

    `watched` is the measured share of the time that has passed of it since the first measurement of all.
    """

    start_ms: int
    state: BarState
    coverage: float | None = None
    watched: float = 0.0
    measured_ms: int = 0
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
    """The state of the instance. Coverages are means over the measured part of the past hour and of the past 90 days.

    `since_ms` is the first measurement of the 90 days, None before it.
    """

    look: Look
    verdict: Verdict
    lasting: Sequence[Open]
    hour: Sequence[Bar]
    hour_coverage: float | None
    hour_measured_ms: int
    days: Sequence[Bar]
    days_coverage: float | None
    days_measured_ms: int
    incidents: Sequence[PastIncident]
    since_ms: int | None


def read_status(now_ms: int) -> Status:
    """Return the state of the instance."""
    seen = look(now_ms)
    rows = Incident.objects.filter(ended_ms=None)
    lasting = incidents(seen, {row.rule: Open(row.rule, row.began_ms, row.cause, row.is_sure) for row in rows})
    hour = _since(StatusMinute.objects.all(), now_ms, MINUTE_MS, HOUR_MS // MINUTE_MS)
    days = _since(StatusDay.objects.all(), now_ms, DAY_MS, DAYS)
    hour_coverage = _coverage(hour)
    since_ms = days[0].first_ms or days[0].start_ms if days else None
    return Status(
        seen,
        verdict(seen, [one.rule for one in lasting], hour_coverage),
        lasting,
        _bars(hour, now_ms, MINUTE_MS, HOUR_MS // MINUTE_MS, Counter(), since_ms),
        hour_coverage,
        _measured_ms(hour),
        _bars(days, now_ms, DAY_MS, DAYS, _begun_by_day(now_ms), since_ms),
        _coverage(days),
        _measured_ms(days),
        _past(lasting),
        since_ms,
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


def _since(rows: Iterable[Looks], now_ms: int, length_ms: int, count: int) -> list[Looks]:
    """Return the rows of so many minutes or days up to now, oldest first."""
    first_ms = now_ms // length_ms * length_ms - (count - 1) * length_ms
    return [row for row in rows if row.start_ms >= first_ms]


def _coverage(rows: Collection[Looks]) -> float | None:
    covered = sum(row.covered for row in rows)
    return sum(row.coverage_sum for row in rows) / covered if covered else None


def _measured_ms(rows: Collection[Looks]) -> int:
    return sum(row.looks for row in rows) * LOOK_EVERY_MS


def _bars(
    rows: Iterable[Looks], now_ms: int, length_ms: int, count: int, begun: Mapping[int, int], since_ms: int | None
) -> list[Bar]:
    """Return so many minutes or days up to now, oldest first, with an empty bar where nothing was measured."""
    last_ms = now_ms // length_ms * length_ms
    found = {row.start_ms: row for row in rows}
    return [
        _bar(start_ms, found.get(start_ms), min(start_ms + length_ms, now_ms) - max(start_ms, since_ms or 0), begun)
        for start_ms in range(last_ms - (count - 1) * length_ms, last_ms + 1, length_ms)
    ]


def _bar(start_ms: int, row: Looks | None, passed_ms: int, begun: Mapping[int, int]) -> Bar:
    if row is None or row.looks == 0:
        return Bar(start_ms, "none", incidents=begun.get(start_ms, 0))
    coverage = _coverage([row])
    troubled = row.troubled / row.looks
    watched = min(1.0, row.looks * LOOK_EVERY_MS / max(passed_ms, LOOK_EVERY_MS))
    state: BarState = "whole"
    if coverage is None or coverage < COVERAGE_WHOLE or row.troubled or watched < COVERAGE_WANTED:
        state = "partial"
    if troubled > BAD_SHARE or (coverage is not None and coverage < COVERAGE_WANTED):
        state = "bad"
    trouble_ms, measured_ms = row.troubled * LOOK_EVERY_MS, row.looks * LOOK_EVERY_MS
    return Bar(start_ms, state, coverage, watched, measured_ms, trouble_ms, begun.get(start_ms, 0))
