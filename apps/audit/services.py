"""What is written down. Acts are written in the transaction of what they tell of: both happen, or neither."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models

from apps.audit.models import Act, Deletion

SYSTEM = "system"


def name_of(user: AbstractBaseUser | AnonymousUser) -> str:
    """Return what a person is called in the log: staff by their address, others by a number.

    The log outlives accounts, and tells nothing of a person whose account is deleted.
    """
    is_staff = isinstance(user, AbstractBaseUser) and bool(getattr(user, "is_staff", False))
    return str(user.get_username()) if is_staff else f"account {user.pk}"


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
    """Write down an act; `label` is what the object is called where its own text would name a person.

    Of the values, which are as JSON has them, those are kept that differ.
    """
    was, now = dict(before or {}), dict(after or {})
    differing = {name for name in was.keys() | now.keys() if was.get(name) != now.get(name)}
    Act.objects.create(
        by=by[:254],
        act=act,
        model=str(of._meta.verbose_name),
        object_id=str(of.pk),
        label=(label or str(of))[:254],
        before={name: was[name] for name in sorted(differing & was.keys())},
        after={name: now[name] for name in sorted(differing & now.keys())},
        reason=reason[:254],
    )


def note_deletion(*, event: str, stage: Deletion.Stage, channel_id: str, rows: Mapping[str, int]) -> None:
    """Write down what was found or left of a channel, unless it was before."""
    Deletion.objects.get_or_create(event=event, stage=stage, defaults={"channel_id": channel_id, "rows": dict(rows)})
