"""What is read of watchlists. Whoever asks sees their own alone."""

from __future__ import annotations

from itertools import chain
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, QuerySet

from apps.accounts.models import User
from apps.workspaces.models import Watched, Watchlist
from core.errors import NotFound


def watchlists_of(owner: User) -> QuerySet[Watchlist]:
    """Return an account's watchlists by name, each with its `channels`: how many it holds."""
    return Watchlist.objects.filter(owner=owner).annotate(channels=Count("watched"))


def find_watchlist(owner: User, watchlist_id: int) -> Watchlist:
    """Raises: NotFound, also for somebody else's."""
    found = Watchlist.objects.filter(owner=owner, pk=watchlist_id).first()
    if found is None:
        raise NotFound("There is no such watchlist among yours.")
    return found


def channels_of(watchlist: Watchlist) -> list[str]:
    """Return the ids of its channels, in its order."""
    return list(watchlist.watched.values_list("channel_id", flat=True))


def lists_with(owner: User, channel_id: str) -> list[tuple[Watchlist, bool]]:
    """Return an account's watchlists, the one used last first, and whether each holds the channel."""
    holding = set(
        Watched.objects.filter(watchlist__owner=owner, channel_id=channel_id).values_list("watchlist_id", flat=True)
    )
    lists = Watchlist.objects.filter(owner=owner).order_by("-used_at")
    return [(watchlist, watchlist.pk in holding) for watchlist in lists]


def lists_holding(owner: User, channel_id: str) -> QuerySet[Watchlist]:
    """Return an account's watchlists that hold a channel, the one used last first."""
    return Watchlist.objects.filter(owner=owner, watched__channel_id=channel_id).order_by("-used_at")


def watching(user: User | AnonymousUser) -> dict[str, Any] | None:
    """Return what the stars of a page need: the ids on any list, and each list, the one used last first.

    None for those who have no lists because they have no account.
    """
    if not isinstance(user, User):
        return None
    lists = Watchlist.objects.filter(owner=user).order_by("-used_at").prefetch_related("watched")
    channels = {one.pk: [row.channel_id for row in one.watched.all()] for one in lists}
    return {
        "channels": set(chain.from_iterable(channels.values())),
        "lists": [{"id": one.pk, "name": one.name, "channels": channels[one.pk]} for one in lists],
    }
