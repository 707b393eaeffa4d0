"""Writes down what was seen: the minute, the day, and the incidents that begin and end."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Max, Min

from apps.status.models import Incident, StatusDay, StatusMinute
from core.ops.health import UNWATCHED, UNWATCHED_MS, Look, Open, effects, findings, follow
from core.times import DAY_MS, MINUTE_MS

MINUTES_KEPT_MS = DAY_MS
DAYS_KEPT_MS = 400 * DAY_MS


@transaction.atomic
def write_down(look: Look) -> frozenset[str]:
    """Note one look and return the rules by which an incident lasts."""
    last_ms = StatusMinute.objects.aggregate(last=Max("last_ms"))["last"]
    if last_ms is not None and look.at_ms <= last_ms:
        # A clock was set back, or two looked at once: each moment counts once.
        return frozenset(Incident.objects.filter(ended_ms=None, is_sure=True).values_list("rule", flat=True))
    if last_ms is not None and look.at_ms - last_ms > UNWATCHED_MS:
        Incident.objects.create(
            rule=UNWATCHED.rule, began_ms=last_ms, ended_ms=look.at_ms, cause=UNWATCHED.cause, is_sure=True
        )
    lasting = _follow(look, _watched_since_ms(look.at_ms))
    _count(look, is_troubled="live" in effects(lasting))
    _forget(look.at_ms)
    return lasting


def _watched_since_ms(now_ms: int) -> int:
    """Return since when somebody has looked without a pause, as far as minutes are kept."""
    first_ms = StatusMinute.objects.aggregate(first=Min("first_ms"))["first"]
    paused_ms = Incident.objects.filter(rule=UNWATCHED.rule).aggregate(last=Max("ended_ms"))["last"]
    return max(now_ms if first_ms is None else int(first_ms), paused_ms or 0)


def _follow(look: Look, watched_since_ms: int) -> frozenset[str]:
    rows = {row.rule: row for row in Incident.objects.filter(ended_ms=None)}
    known = {rule: Open(rule, row.began_ms, row.cause, row.is_sure) for rule, row in rows.items()}
    now, ended = follow(known, findings(look), look.at_ms, watched_since_ms)
    for one in ended:
        if one.is_sure:
            Incident.objects.filter(pk=rows[one.rule].pk).update(ended_ms=look.at_ms)
        else:
            rows[one.rule].delete()
    for rule, one in now.items():
        if known.get(rule) != one:
            fields = {"began_ms": one.since_ms, "cause": one.cause, "is_sure": one.is_sure}
            Incident.objects.update_or_create(rule=rule, ended_ms=None, defaults=fields)
    return frozenset(rule for rule, one in now.items() if one.is_sure)


def _count(look: Look, *, is_troubled: bool) -> None:
    by = {
        "looks": F("looks") + 1,
        "covered": F("covered") + int(look.coverage is not None),
        "coverage_sum": F("coverage_sum") + (look.coverage or 0.0),
        "troubled": F("troubled") + int(is_troubled),
        "last_ms": look.at_ms,
    }
    for model, length_ms in ((StatusMinute, MINUTE_MS), (StatusDay, DAY_MS)):
        start_ms = look.at_ms // length_ms * length_ms
        model.objects.get_or_create(start_ms=start_ms, defaults={"first_ms": look.at_ms})
        model.objects.filter(start_ms=start_ms).update(**by)


def _forget(now_ms: int) -> None:
    StatusMinute.objects.filter(start_ms__lt=now_ms - MINUTES_KEPT_MS).delete()
    StatusDay.objects.filter(start_ms__lt=now_ms - DAYS_KEPT_MS).delete()
    Incident.objects.filter(ended_ms__lt=now_ms - DAYS_KEPT_MS).delete()
