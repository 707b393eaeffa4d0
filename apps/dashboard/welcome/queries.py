"""How far an account is with its first visit."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser

from apps.accounts.models import User
from apps.dashboard.models import FirstVisit

STEPS = 5


def open_visit(user: User | AnonymousUser) -> FirstVisit | None:
    """Return the first visit that is neither finished nor left; None for all others, as for accounts of before."""
    return FirstVisit.objects.filter(user=user, done_at=None).first() if isinstance(user, User) else None


def is_new(user: User | AnonymousUser) -> bool:
    """Say whether nobody has seen the first step yet."""
    return isinstance(user, User) and FirstVisit.objects.filter(user=user, done_at=None, seen_at=None).exists()
