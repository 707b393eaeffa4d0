"""Queries for an account's first visit."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser

from apps.accounts.models import User
from apps.dashboard.models import FirstVisit

STEPS = 5


def open_visit(user: User | AnonymousUser) -> FirstVisit | None:
    """Return the unfinished first visit, or None if there is none, as for older accounts."""
    return FirstVisit.objects.filter(user=user, done_at=None).first() if isinstance(user, User) else None


def is_new(user: User | AnonymousUser) -> bool:
    """Return whether the first visit has not been opened yet."""
    return isinstance(user, User) and FirstVisit.objects.filter(user=user, done_at=None, seen_at=None).exists()
