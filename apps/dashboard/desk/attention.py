"""Channels that need a curator's attention, for the start page and for a filter of the channel list."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from apps.audit.models import Act
from apps.audit.services import logged_name
from apps.channels.models import Channel, FormerLogin

EXPIRING, RENAMED, UNAVAILABLE = "expiring", "renamed", "unavailable"
NEEDS = (
    (EXPIRING, "decision expires within 7 days"),
    (RENAMED, "renamed in the past 30 days"),
    (UNAVAILABLE, "pinned, not live for 30 days"),
)
WEEK, MONTH = dt.timedelta(days=7), dt.timedelta(days=30)


def channels_needing(need: str, now: dt.datetime) -> QuerySet[Channel]:
    """Return the channels with a `need`, one of NEEDS, most urgent first."""
    if need == EXPIRING:
        return _decided().filter(decided_until__lte=now + WEEK).order_by("decided_until", "pk")
    return _renamed(now - MONTH) if need == RENAMED else _unavailable(now - MONTH)


def _decided() -> QuerySet[Channel]:
    return Channel.objects.filter(Q(pinned=True) | Q(blocked=True))


def _renamed(since: dt.datetime) -> QuerySet[Channel]:
    """Return the tracked or curated channels whose login has changed since a time, latest first."""
    # A channel can reclaim a former login, which is then its current login.
    former = FormerLogin.objects.filter(channel=OuterRef("pk"), left_at__gte=since).exclude(login=OuterRef("login"))
    tracked = Channel.objects.filter(Q(is_wanted=True) | Q(pinned=True) | Q(blocked=True))
    newest = Subquery(former.order_by("-left_at").values("left_at")[:1])
    return tracked.filter(Exists(former)).annotate(renamed_at=newest).order_by("-renamed_at", "pk")


def _unavailable(since: dt.datetime) -> QuerySet[Channel]:
    """Return the channels that were pinned before a time and have not been live since then."""
    pins = Act.objects.filter(model=logged_name(Channel), object_id=OuterRef("pk"), act=Act.Kind.PINNED)
    pinned_since = pins.filter(at__gte=since)
    absent = Channel.objects.filter(Q(last_seen_at=None) | Q(last_seen_at__lt=since), pinned=True)
    return absent.exclude(Exists(pinned_since)).order_by(F("last_seen_at").asc(nulls_first=True), "pk")
