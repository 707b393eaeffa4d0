"""Watchlist queries, each limited to one owner."""

from __future__ import annotations

from itertools import chain
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, QuerySet

from apps.accounts.models import User
from apps.workspaces.models import Segment, Watched, Watchlist
from core.errors import NotFound


def watchlists_of(owner: User) -> QuerySet[Watchlist]:
    """Return an account's watchlists, sorted by name; `channels` is the number of channels in each."""
    return Watchlist.objects.filter(owner=owner).annotate(channels=Count("watched"))


def find_watchlist(owner: User, watchlist_id: int) -> Watchlist:
    """Return a watchlist of the owner. Raises: NotFound, also if it belongs to another owner."""
    watchlist = Watchlist.objects.filter(owner=owner, pk=watchlist_id).first()
    if watchlist is None:
        raise NotFound("You have no such watchlist.")
    return watchlist


def find_segment(owner_id: int, segment_id: int) -> Segment:
    """Return a segment of the owner. Raises: NotFound, also if it belongs to another owner."""
    segment = Segment.objects.filter(owner_id=owner_id, pk=segment_id).first()  # defense: key-ownership
    if segment is None:
        raise NotFound("You have no such segment.")
    return segment


def channels_of(watchlist: Watchlist) -> list[str]:
    """Return the channel ids of a watchlist, in the watchlist's order."""
    return list(watchlist.watched.values_list("channel_id", flat=True))


def lists_with(owner: User, channel_id: str) -> list[tuple[Watchlist, bool]]:
    """Return an account's watchlists, most recently used first, and whether each contains the channel."""
    containing = set(
        Watched.objects.filter(watchlist__owner=owner, channel_id=channel_id).values_list("watchlist_id", flat=True)
    )
    lists = Watchlist.objects.filter(owner=owner).order_by("-used_at")
    return [(watchlist, watchlist.pk in containing) for watchlist in lists]


def lists_containing(owner: User, channel_id: str) -> QuerySet[Watchlist]:
    """Return an account's watchlists that contain a channel, most recently used first."""
    return Watchlist.objects.filter(owner=owner, watched__channel_id=channel_id).order_by("-used_at")


def watching(user: User | AnonymousUser) -> dict[str, Any] | None:
    """Return the data for the watchlist stars of a page: all watched ids, and each watchlist, most recently used first.

    Return None for anonymous visitors.
    """
    if not isinstance(user, User):
        return None
    lists = Watchlist.objects.filter(owner=user).order_by("-used_at").prefetch_related("watched")
    channels = {watchlist.pk: [row.channel_id for row in watchlist.watched.all()] for watchlist in lists}
    return {
        "channels": set(chain.from_iterable(channels.values())),
        "lists": [
            {"id": watchlist.pk, "name": watchlist.name, "channels": channels[watchlist.pk]} for watchlist in lists
        ],
    }
