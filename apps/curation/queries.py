"""Curation queries: excluded channels and users, and pinned channels."""

from __future__ import annotations

from django.db.models import QuerySet

from apps.channels.models import Channel
from apps.curation.models import Bot, OptOut
from core.channels.address import ChannelName, InvalidChannel, is_url, read_channel
from core.channels.rules import IntakeRules
from core.channels.selection import Curation
from core.errors import Refused
from core.inputs.readable_text import one_line


def rules() -> IntakeRules:
    """Return the current intake rules."""
    return IntakeRules(
        frozenset(Bot.objects.filter(is_counted_out=True).values_list("login", flat=True)),
        opted_out_channels(),
        _opted_out(OptOut.Kind.USER),
    )


def curation() -> Curation:
    """Return the channels that are always tracked and those that are never tracked."""
    blocked = Channel.objects.filter(blocked=True).values_list("id", flat=True)
    pinned = Channel.objects.filter(pinned=True).values_list("id", flat=True)
    return Curation(frozenset(pinned), frozenset(blocked) | opted_out_channels())


def public_channels() -> QuerySet[Channel]:
    """Return the channels that are neither blocked nor opted out."""
    opted_out = OptOut.objects.filter(kind=OptOut.Kind.CHANNEL).values("twitch_id")
    return Channel.objects.filter(blocked=False).exclude(pk__in=opted_out)


def find_named(text: str) -> Channel | None:
    """Return the public channel identified by an id, login, URL or full name. Raises: InvalidChannel."""
    by_name = public_channels().filter(name__iexact=one_line(text))
    try:
        name = read_channel(text)
    except InvalidChannel:
        if is_url(text):
            raise
        return by_name.first()
    return _find_by_name(name) or by_name.first()


def named_channel(text: str) -> Channel:
    """Return the public channel identified by a string; see `find_named`. Raises: Refused, with advice."""
    channel = find_named(text)
    if channel is None:
        raise Refused("We do not know this channel. Check the spelling, or request it.")
    return channel


def _find_by_name(name: ChannelName) -> Channel | None:
    known = public_channels().filter(pk=name.login).first() if name.may_be_id else None
    return known or public_channels().filter(login=name.login).first()


def opted_out_channels() -> frozenset[str]:
    """Return the ids of the channels that have opted out."""
    return _opted_out(OptOut.Kind.CHANNEL)


def _opted_out(kind: OptOut.Kind) -> frozenset[str]:
    return frozenset(OptOut.objects.filter(kind=kind).values_list("twitch_id", flat=True))
