"""Database cache backend without eviction, for allauth's records of failed sign-ins and used one-time codes.

Django's own DatabaseCache drops a third of its rows, expired or not, once it has more than 300 rows. An attacker could
thus fill the cache to lift the lock on an account.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import SecurityRecord


class SecurityCache(BaseCache):
    """Stores JSON values in SecurityRecord until they expire; LOCATION is ignored."""

    def __init__(self, _location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Set a value if the key does not exist; return whether it was set. Of concurrent callers, only one sets it."""
        name, expires_at = self._name(key, version), self._expires_at(timeout)
        expired = SecurityRecord.objects.filter(key=name, expires_at__lte=timezone.now())
        if expired.update(value=value, expires_at=expires_at):
            return True
        try:
            with transaction.atomic():
                SecurityRecord(key=name, value=value, expires_at=expires_at).save(force_insert=True)
        except IntegrityError:
            return False
        return True

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        value = self._unexpired(key, version).values_list("value", flat=True).first()
        return default if value is None else value

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        record = SecurityRecord(key=self._name(key, version), value=value, expires_at=self._expires_at(timeout))
        SecurityRecord.objects.bulk_create(
            [record], update_conflicts=True, unique_fields=["key"], update_fields=["value", "expires_at"]
        )

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._unexpired(key, version).update(expires_at=self._expires_at(timeout)))

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(SecurityRecord.objects.filter(key=self._name(key, version)).delete()[0])

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Add `delta` to a number without changing its expiry. Raises: ValueError if the key does not exist."""
        with transaction.atomic():
            record = self._unexpired(key, version).select_for_update().first()
            if record is None:
                raise ValueError(f"Key {key!r} not found")
            record.value += delta
            record.save(update_fields=["value"])
        return int(record.value)

    def clear(self) -> None:
        SecurityRecord.objects.all().delete()

    def expires_at(self, key: str, version: int | None = None) -> datetime | None:
        """Return the expiry time of a value, or None if there is no value or it never expires."""
        expires_at: datetime | None = self._unexpired(key, version).values_list("expires_at", flat=True).first()
        return expires_at

    def _unexpired(self, key: str, version: int | None) -> Any:
        is_unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return SecurityRecord.objects.filter(is_unexpired, key=self._name(key, version))

    def _name(self, key: str, version: int | None) -> str:
        return str(self.make_and_validate_key(key, version=version))

    def _expires_at(self, timeout: Any) -> datetime | None:
        expiry_s = self.get_backend_timeout(timeout)
        return None if expiry_s is None else datetime.fromtimestamp(expiry_s, UTC)


def expires_at(key: str) -> datetime | None:
    """Return the expiry time of a value in the default cache, or None if there is no value or it never expires."""
    return cast(SecurityCache, caches["default"]).expires_at(key)


def delete_expired() -> int:
    """Delete expired records and return their number."""
    return SecurityRecord.objects.filter(expires_at__lte=timezone.now()).delete()[0]
