"""Sections about channels from the relational database: expiring decisions, renamed and unavailable channels."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse

from apps.channels.models import Channel
from apps.dashboard.desk.attention import EXPIRING, RENAMED, UNAVAILABLE, channels_needing
from apps.dashboard.desk.sections import ROWS, Action, Row, Section, Visit, ago_text, span_text
from core.times import datetime_of, ms_of

CHANNELS = "admin:channels_channel_changelist"
COLUMNS = ("Channel", "Decision", "Reason", "Expires")


def expiring_decisions(visit: Visit) -> Section:
    """Return the pins and blocks that expire within a week, soonest first."""
    section = Section(
        "expiring",
        "Decisions that expire this week",
        "When a pin or block expires, the channel is tracked by rank.",
        COLUMNS,
        "No pin or block expires in the next 7 days.",
        _all(EXPIRING),
    )
    return _channels(visit, section, EXPIRING, _expiring_cells, "Change")


def renamed_channels(visit: Visit) -> Section:
    """Return the tracked or curated channels that were renamed in the past 30 days, latest first."""
    section = Section(
        "renamed",
        "Renamed channels",
        "Renamed on Twitch in the past 30 days. Pins and blocks still apply, because they refer to the Twitch ID.",
        ("Channel", "Former login", "Noticed"),
        "No tracked, pinned or blocked channel was renamed in the past 30 days.",
        _all(RENAMED),
    )
    return _channels(visit, section, RENAMED, _renamed_cells, "Review")


def unavailable_channels(visit: Visit) -> Section:
    """Return the pinned channels that have not been live for 30 days, longest absence first."""
    section = Section(
        "unavailable",
        "Unavailable channels",
        "Pinned at least 30 days ago, and not live in the past 30 days. They may be inactive, suspended or deleted.",
        ("Channel", "Last live", "Reason"),
        "No pinned channel has been offline for 30 days.",
        _all(UNAVAILABLE),
    )
    return _channels(visit, section, UNAVAILABLE, _unavailable_cells, "Review")


def channel_actions(visit: Visit, channel_id: str, label: str, *, can_block: bool = True) -> tuple[Action, ...]:
    """Return the actions for a known channel. Blocking asks for a reason first."""
    url = reverse("admin:channels_channel_change", args=[channel_id])
    if not visit.may("channels.change_channel"):
        return (Action("Open", url),)
    block = Action("Block…", reverse(CHANNELS), {"action": "block", "_selected_action": channel_id})
    return (Action(label, url), block) if can_block else (Action(label, url),)


def subject_of(name: str, login: str) -> str:
    """Return the display name of a channel, with the login if it differs by more than case."""
    return name if not login or name.lower() == login else f"{name} ({login})"


def _channels(
    visit: Visit,
    section: Section,
    need: str,
    cells: Callable[[Channel, int], tuple[str, ...]],
    label: str,
) -> Section:
    found = channels_needing(need, datetime_of(visit.now_ms))
    rows = [
        Row(
            subject_of(channel.name, channel.login),
            reverse("admin:channels_channel_change", args=[channel.pk]),
            cells(channel, visit.now_ms),
            channel_actions(visit, channel.pk, label, can_block=not channel.blocked),
        )
        for channel in found.prefetch_related("former_logins")[:ROWS]
    ]
    return section.filled(rows, found.count())


def _expiring_cells(channel: Channel, now_ms: int) -> tuple[str, ...]:
    left_ms = ms_of(channel.decided_until) - now_ms if channel.decided_until else 0
    expires = f"in {span_text(left_ms)}" if left_ms > 0 else "now"
    return "pinned" if channel.pinned else "blocked", channel.reason or "–", expires


def _renamed_cells(channel: Channel, now_ms: int) -> tuple[str, ...]:
    former = [row for row in channel.former_logins.all() if row.login != channel.login]
    if not former:
        return "–", "–"
    return former[0].login, ago_text(former[0].left_at, now_ms)


def _unavailable_cells(channel: Channel, now_ms: int) -> tuple[str, ...]:
    return ago_text(channel.last_seen_at, now_ms), channel.reason or "–"


def _all(need: str) -> str:
    return f"{reverse(CHANNELS)}?attention={need}"
