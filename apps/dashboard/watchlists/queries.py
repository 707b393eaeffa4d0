"""What is read of watchlists. Whoever asks sees their own alone."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from apps.dashboard.models import User, Watched, Watchlist
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


def watched_by(owner: User) -> set[str]:
    """Return the ids of all channels that are on any of an account's watchlists."""
    return set(Watched.objects.filter(watchlist__owner=owner).values_list("channel_id", flat=True))
