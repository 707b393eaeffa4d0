"""Status of the instance for the status page and the API: verdict, past hour, past 90 days, and incidents."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from apps.status.models import Incident, StatusDay, StatusMinute, StatusSample
from apps.status.snapshot import take_snapshot
from core.ops.health import (
    COVERAGE_FULL,
    COVERAGE_TARGET,
    RULE,
    HealthSnapshot,
    OpenIncident,
    Verdict,
    confirmed_incidents,
    verdict,
)
from core.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

DAYS = 90
RECENT_INCIDENTS = 12
# Celery beat records a sample every 10 s.
SAMPLE_INTERVAL_MS = 10 * SECOND_MS
# A day is bad if incidents took more than this share of it (a quarter of an hour), and partial if they took less.
BAD_SHARE = 0.01
CACHE_MS = 2 * SECOND_MS

BarState = Literal["none", "whole", "partial", "bad"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A minute or a day: its mean coverage, measured time and degraded time.

    `monitored` is the measured share of the bar's elapsed time; time before the very first sample does not count.
    """

    start_ms: int
    state: BarState
    coverage: float | None = None
    monitored: float = 0.0
    measured_ms: int = 0
    degraded_ms: int = 0
    incidents: int = 0


@dataclass(frozen=True, slots=True)
class IncidentSummary:
    """An incident for display; `until_ms` is None while it lasts."""

    rule: str
    title: str
    cause: str
    from_ms: int
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """Status of the instance. `since_ms` is the time of the first sample in the past 90 days, or None if there is none.

    `hour_coverage` and `days_coverage` are the mean share of channels heard in the parts of the past hour and the past
    90 days in which it was measured. These parts add up to `hour_measured_ms` and `days_measured_ms`.
    """

    snapshot: HealthSnapshot
    verdict: Verdict
    open_incidents: Sequence[OpenIncident]
    hour: Sequence[Bar]
    hour_coverage: float | None
    hour_measured_ms: int
    days: Sequence[Bar]
    days_coverage: float | None
    days_measured_ms: int
    incidents: Sequence[IncidentSummary]
    since_ms: int | None


def read_status(now_ms: int) -> Status:
    """Return the status of the instance."""
    snapshot = take_snapshot(now_ms)
    rows = Incident.objects.filter(ended_ms=None)
    known = {row.rule: OpenIncident(row.rule, row.began_ms, row.cause, row.is_confirmed) for row in rows}
    open_incidents = confirmed_incidents(snapshot, known)
    hour = _since(StatusMinute.objects.all(), now_ms, MINUTE_MS, HOUR_MS // MINUTE_MS)
    days = _since(StatusDay.objects.all(), now_ms, DAY_MS, DAYS)
    hour_coverage = _coverage(hour)
    since_ms = days[0].first_ms or days[0].start_ms if days else None
    return Status(
        snapshot,
        verdict(snapshot, [incident.rule for incident in open_incidents], hour_coverage),
        open_incidents,
        _bars(hour, now_ms, MINUTE_MS, HOUR_MS // MINUTE_MS, Counter(), since_ms),
        hour_coverage,
        _measured_ms(hour),
        _bars(days, now_ms, DAY_MS, DAYS, _incidents_by_day(now_ms), since_ms),
        _coverage(days),
        _measured_ms(days),
        _incidents(open_incidents),
        since_ms,
    )


class StatusCache:
    """Status cached for CACHE_MS per process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._status: Status | None = None

    def read(self, now_ms: int) -> Status:
        """Return a status that is at most CACHE_MS old."""
        with self._lock:
            if self._status is None or not 0 <= now_ms - self._status.snapshot.at_ms <= CACHE_MS:
                self._status = read_status(now_ms)
            return self._status

    def clear(self) -> None:
        """Drop the cached status."""
        self._status = None


status_cache = StatusCache()


def _incidents(open_incidents: Sequence[OpenIncident]) -> list[IncidentSummary]:
    """Return the open incidents, then the ones that ended most recently, newest first."""
    ongoing = [IncidentSummary(i.rule, RULE[i.rule].title, i.cause, i.since_ms, None) for i in reversed(open_incidents)]
    rows = Incident.objects.filter(is_confirmed=True).exclude(ended_ms=None)[:RECENT_INCIDENTS]
    ended = [IncidentSummary(row.rule, _title(row.rule), row.cause, row.began_ms, row.ended_ms) for row in rows]
    return [*ongoing, *ended]


def _title(rule: str) -> str:
    """Return the title of a rule, or the key of a rule that no longer exists."""
    return RULE[rule].title if rule in RULE else rule


def _incidents_by_day(now_ms: int) -> Counter[int]:
    began = Incident.objects.filter(is_confirmed=True, began_ms__gte=now_ms - DAYS * DAY_MS)
    return Counter(ms // DAY_MS * DAY_MS for ms in began.values_list("began_ms", flat=True))


def _since(rows: Iterable[StatusSample], now_ms: int, length_ms: int, count: int) -> list[StatusSample]:
    """Return the rows of the last `count` minutes or days, oldest first."""
    first_ms = now_ms // length_ms * length_ms - (count - 1) * length_ms
    return [row for row in rows if row.start_ms >= first_ms]


def _coverage(rows: Collection[StatusSample]) -> float | None:
    samples = sum(row.coverage_samples for row in rows)
    return sum(row.coverage_sum for row in rows) / samples if samples else None


def _measured_ms(rows: Collection[StatusSample]) -> int:
    return sum(row.coverage_samples for row in rows) * SAMPLE_INTERVAL_MS


def _bars(
    rows: Iterable[StatusSample],
    now_ms: int,
    length_ms: int,
    count: int,
    begun: Mapping[int, int],
    since_ms: int | None,
) -> list[Bar]:
    """Return the last `count` minutes or days, oldest first, with an empty bar where nothing was measured."""
    last_ms = now_ms // length_ms * length_ms
    by_start = {row.start_ms: row for row in rows}
    return [
        _bar(start_ms, by_start.get(start_ms), min(start_ms + length_ms, now_ms) - max(start_ms, since_ms or 0), begun)
        for start_ms in range(last_ms - (count - 1) * length_ms, last_ms + 1, length_ms)
    ]


def _bar(start_ms: int, row: StatusSample | None, elapsed_ms: int, begun: Mapping[int, int]) -> Bar:
    if row is None or row.samples == 0:
        return Bar(start_ms, "none", incidents=begun.get(start_ms, 0))
    coverage = _coverage([row])
    degraded = row.degraded_samples / row.samples
    monitored = min(1.0, row.samples * SAMPLE_INTERVAL_MS / max(elapsed_ms, SAMPLE_INTERVAL_MS))
    state: BarState = "whole"
    if coverage is None or coverage < COVERAGE_FULL or row.degraded_samples or monitored < COVERAGE_TARGET:
        state = "partial"
    if degraded > BAD_SHARE or (coverage is not None and coverage < COVERAGE_TARGET):
        state = "bad"
    measured_ms, degraded_ms = row.samples * SAMPLE_INTERVAL_MS, row.degraded_samples * SAMPLE_INTERVAL_MS
    return Bar(start_ms, state, coverage, monitored, measured_ms, degraded_ms, begun.get(start_ms, 0))
