"""Operations that change watchlists. Each raises Refused with a message that says what to do instead."""

from __future__ import annotations

from collections.abc import Sequence

from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from apps.accounts.models import User
from apps.workspaces.models import Watched, Watchlist
from apps.workspaces.queries import channels_of
from core.channels.account import is_twitch_id
from core.errors import Refused
from core.inputs.names import RefusedName, clean_name

LISTS_MAX = 20
CHANNELS_MAX = 100
FIRST_NAME = "My channels"
UNDO_S = 600
_SALT = "watchlists.undo"


def create(*, owner: User, name: str) -> Watchlist:
    """Create an empty watchlist."""
    name = clean_name("watchlist", name)
    if Watchlist.objects.filter(owner=owner).count() >= LISTS_MAX:
        raise Refused(f"You have {LISTS_MAX} watchlists. Delete one to create another.")
    try:
        with transaction.atomic():
            return Watchlist.objects.create(owner=owner, name=name, used_at=timezone.now())
    except IntegrityError:
        raise RefusedName(f"You already have a watchlist called “{name}”. Choose another name.") from None


def rename(*, watchlist: Watchlist, name: str) -> None:
    """Rename a watchlist."""
    watchlist.name = clean_name("watchlist", name)
    try:
        with transaction.atomic():
            watchlist.save(update_fields=["name"])
    except IntegrityError:
        raise RefusedName(f"You already have a watchlist called “{watchlist.name}”. Choose another name.") from None


def delete(*, watchlist: Watchlist) -> str:
    """Delete a watchlist and return a token for `restore`."""
    undo = signing.dumps([watchlist.owner_id, watchlist.name, channels_of(watchlist)], salt=_SALT)
    watchlist.delete()
    return undo


@transaction.atomic
def restore(*, owner: User, undo: str) -> Watchlist:
    """Restore a deleted watchlist within UNDO_S."""
    try:
        owner_id, name, channel_ids = signing.loads(undo, salt=_SALT, max_age=UNDO_S)
    except signing.BadSignature:
        raise Refused(f"This can no longer be undone. Undo is available for {UNDO_S // 60} min.") from None
    if owner_id != owner.pk:
        raise Refused("That watchlist belongs to another account.")
    watchlist = create(owner=owner, name=name)
    _append(watchlist, channel_ids)
    return watchlist


def add(*, owner: User, channel_id: str, watchlist: Watchlist | None = None) -> Watchlist:
    """Append a channel to a watchlist: see `add_all`."""
    return add_all(owner=owner, channel_ids=[channel_id], watchlist=watchlist)


@transaction.atomic
def add_all(*, owner: User, channel_ids: Sequence[str], watchlist: Watchlist | None = None) -> Watchlist:
    """Append all channels or none to a watchlist: the given one, else the most recently used one, else a new one."""
    if not channel_ids:
        raise Refused("Select at least one channel.")
    if not all(map(is_twitch_id, channel_ids)):
        raise Refused("Invalid channel. Choose one from the list.")
    watchlist = watchlist or Watchlist.objects.filter(owner=owner).order_by("-used_at").first()
    watchlist = watchlist or create(owner=owner, name=FIRST_NAME)
    present = set(watchlist.watched.values_list("channel_id", flat=True))
    missing = [channel_id for channel_id in dict.fromkeys(channel_ids) if channel_id not in present]
    if missing and len(present) + len(missing) > CHANNELS_MAX:
        raise Refused(f"“{watchlist.name}” is full: a watchlist can hold up to {CHANNELS_MAX} channels.")
    _append(watchlist, missing)
    watchlist.used_at = timezone.now()
    watchlist.save(update_fields=["used_at"])
    return watchlist


@transaction.atomic
def put(*, watchlist: Watchlist, channel_ids: Sequence[str]) -> None:
    """Replace the channels of a watchlist with these, in this order."""
    unique_ids = list(dict.fromkeys(channel_ids))
    if len(unique_ids) > CHANNELS_MAX:
        raise Refused(f"A watchlist can hold up to {CHANNELS_MAX} channels. Remove some and try again.")
    if not all(map(is_twitch_id, unique_ids)):
        raise Refused("Some of these channel IDs are invalid. An ID has up to 20 digits.")
    watchlist.watched.all().delete()
    _append(watchlist, unique_ids)


def remove(*, watchlist: Watchlist, channel_id: str) -> None:
    """Remove a channel from a watchlist, if present."""
    watchlist.watched.filter(channel_id=channel_id).delete()


@transaction.atomic
def order(*, watchlist: Watchlist, channel_ids: Sequence[str]) -> None:
    """Reorder the channels of a watchlist; channels that are not named follow in their current order."""
    rows = {row.channel_id: row for row in watchlist.watched.all()}
    named = [channel_id for channel_id in dict.fromkeys(channel_ids) if channel_id in rows]
    for position, channel_id in enumerate(dict.fromkeys([*named, *rows])):
        rows[channel_id].position = position
    Watched.objects.bulk_update(rows.values(), ["position"])


def _append(watchlist: Watchlist, channel_ids: Sequence[str]) -> None:
    last = watchlist.watched.aggregate(last=Max("position"))["last"]
    first = 0 if last is None else last + 1
    Watched.objects.bulk_create(
        Watched(watchlist=watchlist, channel_id=channel_id, position=first + number)
        for number, channel_id in enumerate(channel_ids)
    )
