"""Template context for a channel: chart, notes, peer groups and broadcasts."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser

from apps.accounts.models import User
from apps.dashboard.channel.notes import NOTES_MAX, note_json, note_mark, notes_of
from apps.dashboard.channel.peer_groups import note, read_peer_groups
from apps.dashboard.channel.streams import read_streams
from apps.dashboard.channel.tracking import tracking_state
from apps.dashboard.channel.week import SHOWN
from apps.dashboard.queries import BoardPage
from apps.dashboard.summary import summarize, with_live_value
from apps.dashboard.timeline import (
    GAPS_SHOWN,
    GROUP_LABELS,
    LINES_SHOWN,
    TABLE_ROWS,
    effects_of,
    lines_of,
    marks_by_point,
    noted,
)
from apps.live.directory import TWITCH, Profile
from apps.live.display import channel_display
from apps.live.readings import ChannelNow
from apps.live.services import LiveServices
from apps.metrics.spans import field_value, quick_picks
from apps.workspaces.models import Note
from core.metrics.table import METRICS, Metric

# Placeholder for the page's templates while no channel is open.
NO_CHANNEL = ChannelNow(Profile("", "", ""), None, 0.0, {}, {}, {})


def channel_context(
    live: LiveServices, page: BoardPage, charted: Metric, user: User | AnonymousUser, error: str
) -> dict[str, Any]:
    """Return the template context; `error` is the message about invalid dates, or ""."""
    channel_id = page.channel.profile.id if page.channel else None
    notes = notes_of(user, channel_id) if channel_id and isinstance(user, User) else []
    groups = read_peer_groups(live.channels, channel_id or "", charted.key, page.now_ms)
    return {
        "charted": charted,
        "metrics": METRICS,
        "event_groups": GROUP_LABELS,
        "range": page.chart_range,
        "dates": dates_context(page),
        "error": error,
        "chart": chart_context(page, charted, notes),
        "notes": notes[::-1],
        "notes_max": NOTES_MAX,
        "note_text_max": Note.TEXT_MAX,
        "peer_groups": [(group, note(group)) for group in groups],
        "streams": read_streams(channel_id) if channel_id else None,
        "week_metrics": SHOWN,
        "week_metric": SHOWN[0],
        "tracking": tracking_state(channel_id) if channel_id else None,
        "display": channel_display(page.channel or NO_CHANNEL),
        "twitch": TWITCH,
        "note_fields": [note_json(user_note) for user_note in notes],
    }


def dates_context(page: BoardPage) -> dict[str, Any]:
    """Return the state of the date picker; its fields are empty while the range ends now."""
    choice = page.choice
    return {
        "is_past": choice.span is not None,
        "from": field_value(choice.span.from_ms) if choice.span else "",
        "until": field_value(choice.span.until_ms) if choice.span else "",
        "now": field_value(page.now_ms),
        "live": choice.query(span=None),
        "picks": [(label, choice.query(span=pick)) for label, pick in quick_picks(page.now_ms)],
    }


def chart_context(page: BoardPage, metric: Metric, notes: list[Note]) -> dict[str, Any]:
    """Return the text alternative to the chart: summary, table, gaps, marks and their effects."""
    series = page.series
    if series is None:
        return {"summary": None, "table": [], "gaps": [], "gaps_shown": [], "lines": [], "effects": {}}
    from_ms, until_ms = page.chart_range.event_bounds(page.now_ms)
    summary = with_live_value(summarize(series, metric.key), metric, page.chart_range, page.channel, page.now_ms)
    note_marks = [note_mark(user_note) for user_note in notes if from_ms <= user_note.at_ms <= until_ms]
    marks, merge_ms = [*series.marks, *note_marks], series.range.merge_ms
    effects = effects_of(series)
    step = max(1, round(len(series.points) / TABLE_ROWS))
    return {
        "summary": summary,
        "table": marks_by_point(series.points[::-1][::step], noted(marks, merge_ms)),
        "gaps": series.gaps[::-1],
        "gaps_shown": series.gaps[: -GAPS_SHOWN - 1 : -1],
        "lines": lines_of(marks, merge_ms, effects)[:LINES_SHOWN],
        "effects": effects,
    }
