"""Records health snapshots: samples by minute and day, and the incidents that open and close."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Max, Min

from apps.status.models import Incident, StatusDay, StatusMinute
from core.ops.health import (
    UNWATCHED,
    UNWATCHED_MS,
    HealthSnapshot,
    OpenIncident,
    effects,
    find_problems,
    track_incidents,
)
from core.times import DAY_MS, MINUTE_MS

MINUTE_RETENTION_MS = DAY_MS
DAY_RETENTION_MS = 400 * DAY_MS


@transaction.atomic
def record_sample(snapshot: HealthSnapshot) -> frozenset[str]:
    """Record one snapshot and return the rules that have a confirmed open incident."""
    last_ms = StatusMinute.objects.aggregate(last=Max("last_ms"))["last"]
    if last_ms is not None and snapshot.at_ms <= last_ms:
        # The clock was set back, or two snapshots were taken at once. Each point in time is counted only once.
        return frozenset(Incident.objects.filter(ended_ms=None, is_confirmed=True).values_list("rule", flat=True))
    if last_ms is not None and snapshot.at_ms - last_ms > UNWATCHED_MS:
        Incident.objects.create(
            rule=UNWATCHED.rule, began_ms=last_ms, ended_ms=snapshot.at_ms, cause=UNWATCHED.cause, is_confirmed=True
        )
    open_rules = _update_incidents(snapshot, _monitored_since_ms(snapshot.at_ms))
    _add_to_samples(snapshot, is_degraded="live" in effects(open_rules))
    _delete_expired(snapshot.at_ms)
    return open_rules


def _monitored_since_ms(now_ms: int) -> int:
    """Return the start of the uninterrupted series of snapshots up to now, as far back as minutes are kept."""
    first_ms = StatusMinute.objects.aggregate(first=Min("first_ms"))["first"]
    paused_ms = Incident.objects.filter(rule=UNWATCHED.rule).aggregate(last=Max("ended_ms"))["last"]
    return max(now_ms if first_ms is None else int(first_ms), paused_ms or 0)


def _update_incidents(snapshot: HealthSnapshot, monitored_since_ms: int) -> frozenset[str]:
    rows = {row.rule: row for row in Incident.objects.filter(ended_ms=None)}
    known = {rule: OpenIncident(rule, row.began_ms, row.cause, row.is_confirmed) for rule, row in rows.items()}
    still_open, ended = track_incidents(known, find_problems(snapshot), snapshot.at_ms, monitored_since_ms)
    for incident in ended:
        if incident.is_confirmed:
            Incident.objects.filter(pk=rows[incident.rule].pk).update(ended_ms=snapshot.at_ms)
        else:
            rows[incident.rule].delete()
    for rule, incident in still_open.items():
        if known.get(rule) != incident:
            fields = {
                "began_ms": incident.since_ms,
                "cause": incident.cause,
                "is_confirmed": incident.is_confirmed,
            }
            Incident.objects.update_or_create(rule=rule, ended_ms=None, defaults=fields)
    return frozenset(rule for rule, incident in still_open.items() if incident.is_confirmed)


def _add_to_samples(snapshot: HealthSnapshot, *, is_degraded: bool) -> None:
    changes = {
        "samples": F("samples") + 1,
        "coverage_samples": F("coverage_samples") + int(snapshot.coverage is not None),
        "coverage_sum": F("coverage_sum") + (snapshot.coverage or 0.0),
        "degraded_samples": F("degraded_samples") + int(is_degraded),
        "last_ms": snapshot.at_ms,
    }
    for model, length_ms in ((StatusMinute, MINUTE_MS), (StatusDay, DAY_MS)):
        start_ms = snapshot.at_ms // length_ms * length_ms
        model.objects.get_or_create(start_ms=start_ms, defaults={"first_ms": snapshot.at_ms})
        model.objects.filter(start_ms=start_ms).update(**changes)


def _delete_expired(now_ms: int) -> None:
    StatusMinute.objects.filter(start_ms__lt=now_ms - MINUTE_RETENTION_MS).delete()
    StatusDay.objects.filter(start_ms__lt=now_ms - DAY_RETENTION_MS).delete()
    Incident.objects.filter(ended_ms__lt=now_ms - DAY_RETENTION_MS).delete()
