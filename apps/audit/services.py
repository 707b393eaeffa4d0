"""Functions that write to the audit log. Entries are written in the transaction of the change that they log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models

from apps.audit.models import Act, Deletion

SYSTEM = "system"


def actor_name(user: AbstractBaseUser | AnonymousUser) -> str:
    """Return a user's name for the log: the email address of staff members, the account number of other users.

    The log outlives accounts, so it must not identify people whose accounts have been deleted.
    """
    is_staff = isinstance(user, AbstractBaseUser) and bool(getattr(user, "is_staff", False))
    return str(user.get_username()) if is_staff else f"account {user.pk}"


def logged_name(model: type[models.Model]) -> str:
    """Return a model's name for the log; `audit_name` preserves a former name, because entries never change."""
    return str(getattr(model, "audit_name", model._meta.verbose_name))


def record(
    *,
    by: str,
    act: str,
    of: models.Model,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    label: str = "",
) -> None:
    """Add an entry; `label` replaces the object's string form if that would name a person.

    `before` and `after` contain JSON values; only values that differ are stored.
    """
    old, new = dict(before or {}), dict(after or {})
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    Act.objects.create(
        by=by[:254],
        act=act,
        model=logged_name(of._meta.model),
        object_id=str(of.pk),
        label=(label or str(of))[:254],
        before={name: old[name] for name in sorted(changed & old.keys())},
        after={name: new[name] for name in sorted(changed & new.keys())},
        reason=reason[:254],
    )


def record_deletion(*, event: str, stage: Deletion.Stage, channel_id: str, rows: Mapping[str, int]) -> None:
    """Record a channel's row counts before or after its erasure, unless this stage was already recorded."""
    Deletion.objects.get_or_create(event=event, stage=stage, defaults={"channel_id": channel_id, "rows": dict(rows)})
