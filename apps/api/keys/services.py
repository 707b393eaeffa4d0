"""Creation, rotation and revocation of API keys. Functions raise Refused with a message for the user."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from django.db import transaction

from apps.accounts.models import User
from apps.api.authentication import digest_of, new_secret, visible_prefix
from apps.api.keys.queries import state_of
from apps.api.keys.revocation import close_connections
from apps.api.models import ApiKey
from apps.api.scopes import Scope
from core.errors import Refused
from core.inputs.names import clean_name

KEYS_MAX = 20
DAYS_MAX = 730
# Time for which a replaced key stays valid alongside its successor.
GRACE = timedelta(hours=24)


def create_key(*, owner: User, name: str, scopes: Collection[str], days: int | None) -> tuple[ApiKey, str]:
    """Create a key that expires after `days`, or never if None. Return it with its secret, which is not stored."""
    name = clean_name("key", name)
    if not scopes or not set(scopes) <= set(Scope):
        raise Refused("Choose at least one scope.")
    if days is not None and not 1 <= days <= DAYS_MAX:
        raise Refused(f"A key expires after 1 to {DAYS_MAX} days, or never.")
    _require_room_for_key(owner)
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    return _create(owner, name, sorted(scopes), expires_at)


@transaction.atomic
def rotate_key(*, key: ApiKey) -> tuple[ApiKey, str]:
    """Create a successor with the same name and scopes; the replaced key expires after GRACE."""
    now = datetime.now(UTC)
    if state_of(key, now) != "active":
        raise Refused("Only active keys without a replacement can be replaced.")
    _require_room_for_key(key.owner)
    # The successor gets the same lifetime as the key it replaces.
    expires_at = None if key.expires_at is None else now + (key.expires_at - key.created_at)
    successor, secret = _create(key.owner, key.name, key.scopes, expires_at)
    key.replaced_by = successor
    key.expires_at = now + GRACE if key.expires_at is None else min(key.expires_at, now + GRACE)
    key.save(update_fields=["replaced_by", "expires_at"])
    return successor, secret


def revoke_key(*, key: ApiKey) -> None:
    """Revoke a key and close its open connections."""
    if key.revoked_at is None:
        key.revoked_at = datetime.now(UTC)
        key.save(update_fields=["revoked_at"])
    close_connections(key.pk)


def _create(owner: User, name: str, scopes: Collection[str], expires_at: datetime | None) -> tuple[ApiKey, str]:
    secret = new_secret()
    key = ApiKey.objects.create(
        owner=owner,
        name=name,
        prefix=visible_prefix(secret),
        digest=digest_of(secret),
        scopes=list(scopes),
        expires_at=expires_at,
    )
    return key, secret


def _require_room_for_key(owner: User) -> None:
    now = datetime.now(UTC)
    usable = [key for key in ApiKey.objects.filter(owner=owner, revoked_at=None) if state_of(key, now) != "expired"]
    if len(usable) >= KEYS_MAX:
        raise Refused(f"You have {KEYS_MAX} keys. Revoke one to create another.")
