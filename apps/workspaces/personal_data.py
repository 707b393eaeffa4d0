"""Watchlists, saved searches and notes in the data export of an account."""

from __future__ import annotations

from apps.accounts.models import User
from apps.workspaces.models import Segment
from apps.workspaces.queries import channels_of, watchlists_of
from twitchly.personal_data import Section, iso, rows


def watchlists(user: User) -> Section:
    """Return a user's watchlists with their channels."""
    return [
        {"name": watchlist.name, "created": iso(watchlist.created_at), "channels": channels_of(watchlist)}
        for watchlist in watchlists_of(user)
    ]


def segments(user: User) -> Section:
    """Return a user's saved searches."""
    return rows(Segment.objects.filter(owner=user), "name", "query", "created_at")


def notes(user: User) -> Section:
    """Return a user's notes, by channel and time."""
    return rows(user.notes.order_by("channel_id", "at_ms"), "channel_id", "at", "text", "created")
