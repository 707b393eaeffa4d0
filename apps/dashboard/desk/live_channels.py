"""Sections about live channels: those heard least, and those outside the channel list that gain viewers."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from apps.channels.models import Channel
from apps.channels.queries import tracked_live_channels
from apps.dashboard.desk.channels import channel_actions, subject_of
from apps.dashboard.desk.sections import ROWS, Action, Row, Section, Visit, span_text
from apps.ingest import services
from apps.metrics.many_channels import newest_gap_reasons
from core.channels.outside import OutsideChannel, rising_channels
from core.errors import ServiceUnavailable
from core.metrics.display import ABSENT, count, percent
from core.metrics.formulas import is_complete

REDIS_AWAY = "Redis is not responding, so live channels are unknown."
HISTORY_AWAY = "Cassandra is not responding, so causes are unknown."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HeardChannel:
    """A tracked live channel and its coverage in the past 30 s, 0 to 1, or None without a recent window."""

    id: str
    login: str
    name: str
    viewers: int
    coverage: float | None


def heard_least(channels: Sequence[HeardChannel]) -> list[HeardChannel]:
    """Return the channels that were not completely heard, least coverage first, then most viewers."""
    partial = [channel for channel in channels if not is_complete(channel.coverage or 0.0)]
    return sorted(partial, key=lambda channel: (channel.coverage or 0.0, -channel.viewers, channel.id))


def least_heard_section(visit: Visit) -> Section:
    """Return the section of the tracked live channels with the lowest coverage."""
    section = Section(
        "heard-least",
        "Channels heard least",
        "Tracked live channels by coverage in the past 30 s. A channel that was joined within that time was heard only "
        "in part.",
        ("Channel", "Coverage", "Viewers", "Latest gap"),
        "Every tracked live channel was heard in full in the past 30 s.",
    )
    try:
        partial = heard_least(_tracked_live(visit))
    except ServiceUnavailable as error:
        log.warning("channels with the lowest coverage not read: %s", error)
        return section.filled([], 0, REDIS_AWAY)
    shown = partial[:ROWS]
    reasons = _reasons([channel.id for channel in shown], visit.now_ms)
    rows = [_heard_row(visit, channel, reasons or {}) for channel in shown]
    return section.filled(rows, len(partial), "" if reasons is not None else HISTORY_AWAY)


def rising_section(visit: Visit) -> Section:
    """Return the section of the live channels outside the list that gained the most viewers."""
    section = Section(
        "rising",
        "Rising channels outside the list",
        f"Live channels just below the top {settings.CHANNELS_WANTED:,}, sorted by viewers gained since they first "
        "appeared there.",
        ("Channel", "Viewers", "Gained", "Category"),
        "No live channel outside the list has gained viewers.",
    )
    try:
        outside = services.read_outside_list()
    except ServiceUnavailable as error:
        log.warning("channels outside the list not read: %s", error)
        return section.filled([], 0, REDIS_AWAY)
    if outside is None:
        return section.filled([], 0, "Twitch has not listed live channels in the past 10 min.")
    rising = rising_channels(outside.channels)
    known = set(Channel.objects.filter(pk__in=[channel.id for channel in rising[:ROWS]]).values_list("pk", flat=True))
    rows = [_rising_row(visit, channel, outside.fetched_ms, is_known=channel.id in known) for channel in rising[:ROWS]]
    return section.filled(rows, len(rising))


def _tracked_live(visit: Visit) -> list[HeardChannel]:
    """Return the channels on the list that Twitch reports as live. Raises: ServiceUnavailable."""
    windows = visit.live.channels.live(visit.now_ms)
    tracked = tracked_live_channels().filter(blocked=False)
    return [
        HeardChannel(pk, login, name, viewers, windows[pk].coverage if pk in windows else None)
        for pk, login, name, viewers in tracked.values_list("pk", "login", "name", "viewers")
    ]


def _reasons(channel_ids: Collection[str], now_ms: int) -> Mapping[str, str] | None:
    """Return the reason for each channel's newest gap in the past hour, or None if history cannot be read."""
    if not settings.CASSANDRA_HOSTS or not channel_ids:
        return {}
    try:
        return newest_gap_reasons(channel_ids, now_ms)
    except ServiceUnavailable as error:
        log.warning("channel gaps not read: %s", error)
        return None


def _heard_row(visit: Visit, channel: HeardChannel, reasons: Mapping[str, str]) -> Row:
    coverage = "not heard" if channel.coverage is None else f"{percent(channel.coverage)}%"
    return Row(
        subject_of(channel.name, channel.login),
        reverse("admin:channels_channel_change", args=[channel.id]),
        (coverage, count(channel.viewers), reasons.get(channel.id, ABSENT)),
        channel_actions(visit, channel.id, "Review"),
    )


def _rising_row(visit: Visit, channel: OutsideChannel, fetched_ms: int, *, is_known: bool) -> Row:
    gained = f"+{count(channel.gained)} in {span_text(fetched_ms - channel.since_ms)}"
    pin = f"{reverse('admin:channels_channel_add')}?{urlencode({'login': channel.login, 'reason': 'editorial'})}"
    actions = [Action("Pin…", pin)] if visit.may("channels.add_channel") else []
    if is_known and visit.may("channels.change_channel"):
        actions += channel_actions(visit, channel.id, "Block…")[1:]
    return Row(
        subject_of(channel.name, channel.login),
        reverse("admin:channels_channel_change", args=[channel.id]) if is_known else "",
        (count(channel.viewers), gained, channel.category or ABSENT),
        tuple(actions),
    )
