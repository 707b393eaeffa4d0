"""Reads of known channels."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from apps.channels.models import Channel, FormerLogin
from core.channels.account import Account


def channels(channel_ids: Iterable[str]) -> dict[str, Channel]:
    """Return those of the channels that have a row, by id."""
    return Channel.objects.in_bulk(list(channel_ids))


def followed_channels() -> dict[str, Channel]:
    """Return, by id, the channels on the list and the pinned ones."""
    return {channel.id: channel for channel in Channel.objects.filter(Q(is_wanted=True) | Q(pinned=True))}


def channel_of(account: Account) -> Channel:
    """Return the account's channel with its current login, still to be saved."""
    channel = Channel.objects.filter(pk=account.id).first() or Channel(id=account.id, name=account.name)
    channel.login = account.login
    return channel


def called(text: str, *, is_whole: bool = False) -> Q:
    """Return the condition of a search: a channel's id, or part of its name, its login or a former login.

    `is_whole`: the text is a login, and no part of one.
    """
    if is_whole:
        return Q(pk=text) | Q(login=text) | Q(pk__in=_once_called(login=text))
    return (
        Q(pk=text) | Q(login__icontains=text) | Q(name__icontains=text) | Q(pk__in=_once_called(login__icontains=text))
    )


def _once_called(**login: str) -> QuerySet[FormerLogin, str]:
    return FormerLogin.objects.filter(**login).values_list("channel_id", flat=True)
