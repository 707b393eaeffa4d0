"""Channel table queries."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from apps.channels.models import Channel, FormerLogin
from core.channels.account import Account
from core.times import datetime_of


def channels(channel_ids: Iterable[str]) -> dict[str, Channel]:
    """Return the known channels with these ids, by id."""
    return Channel.objects.in_bulk(list(channel_ids))


def tracked_channels() -> dict[str, Channel]:
    """Return the channels that are on the channel list or pinned, by id."""
    return {channel.id: channel for channel in Channel.objects.filter(Q(is_wanted=True) | Q(pinned=True))}


def tracked_live_channels() -> QuerySet[Channel]:
    """Return the channels on the channel list that are live."""
    return Channel.objects.filter(is_wanted=True, offline_since=None)


def ids_seen_since(ms: int, after: str, limit: int) -> list[str]:
    """Return the next `limit` ids after `after` of channels that are tracked or have been seen live since `ms`."""
    since = datetime_of(ms)
    seen = Channel.objects.filter(Q(last_seen_at__gte=since) | Q(is_wanted=True) | Q(pinned=True))
    return list(seen.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:limit])


def channel_of(account: Account) -> Channel:
    """Return an account's channel with its current login, without saving it."""
    channel = Channel.objects.filter(pk=account.id).first() or Channel(id=account.id, name=account.name)
    channel.login = account.login
    return channel


def name_filter(text: str, *, is_exact: bool = False) -> Q:
    """Return the filter for a search by id, or by part of the name, the login or a former login.

    With `is_exact`, the text must equal the id, the login or a former login.
    """
    if is_exact:
        return Q(pk=text) | Q(login=text) | Q(pk__in=_formerly_named(login=text))
    return (
        Q(pk=text)
        | Q(login__icontains=text)
        | Q(name__icontains=text)
        | Q(pk__in=_formerly_named(login__icontains=text))
    )


def _formerly_named(**login: str) -> QuerySet[FormerLogin, str]:
    return FormerLogin.objects.filter(**login).values_list("channel_id", flat=True)
