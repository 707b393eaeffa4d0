"""Changes to keys. Each raises Refused with what to do instead where it cannot be done."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from django.db import transaction

from apps.accounts.models import User
from apps.api.keys.queries import state_of
from apps.api.keys.revocation import tell_ended
from apps.api.keys.secret import digest_of, new_secret, shown_of
from apps.api.models import ApiKey
from apps.api.scopes import Scope
from core.errors import Refused
from core.inputs.names import clean_name

KEYS_MAX = 20
DAYS_MAX = 730
# How long a key that was replaced is good beside its successor.
GRACE = timedelta(hours=24)


def create_key(*, owner: User, name: str, scopes: Collection[str], days: int | None) -> tuple[ApiKey, str]:
    """Make a key that expires after `days`, or never; return it with its secret, which nobody can tell again."""
    name = clean_name("key", name)
    if not scopes or not set(scopes) <= set(Scope):
        raise Refused("Choose what the key may do.")
    if days is not None and not 1 <= days <= DAYS_MAX:
        raise Refused(f"A key expires after 1 to {DAYS_MAX} days, or never.")
    _refuse_more(owner)
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    return _make(owner, name, sorted(scopes), expires_at)


@transaction.atomic
def rotate_key(*, key: ApiKey) -> tuple[ApiKey, str]:
    """Make a successor with the same name and scopes; the key itself is good for GRACE more."""
    now = datetime.now(UTC)
    if state_of(key, now) != "active":
        raise Refused("Only a key that is active, and has no successor, can be replaced.")
    _refuse_more(key.owner)
    # The successor lasts as long as this one was made for.
    expires_at = None if key.expires_at is None else now + (key.expires_at - key.created_at)
    successor, secret = _make(key.owner, key.name, key.scopes, expires_at)
    key.replaced_by = successor
    key.expires_at = now + GRACE if key.expires_at is None else min(key.expires_at, now + GRACE)
    key.save(update_fields=["replaced_by", "expires_at"])
    return successor, secret


def revoke_key(*, key: ApiKey) -> None:
    """End a key at once, and what is open with it."""
    if key.revoked_at is None:
        key.revoked_at = datetime.now(UTC)
        key.save(update_fields=["revoked_at"])
    tell_ended(key.pk)


def _make(owner: User, name: str, scopes: Collection[str], expires_at: datetime | None) -> tuple[ApiKey, str]:
    secret = new_secret()
    key = ApiKey.objects.create(
        owner=owner,
        name=name,
        prefix=shown_of(secret),
        digest=digest_of(secret),
        scopes=list(scopes),
        expires_at=expires_at,
    )
    return key, secret


def _refuse_more(owner: User) -> None:
    now = datetime.now(UTC)
    good = [key for key in ApiKey.objects.filter(owner=owner, revoked_at=None) if state_of(key, now) != "expired"]
    if len(good) >= KEYS_MAX:
        raise Refused(f"You have {KEYS_MAX} keys. Revoke one to make another.")
