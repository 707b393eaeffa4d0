"""Account queries."""

from __future__ import annotations

from django.http import HttpRequest

from apps.accounts.models import User


def user_of(request: HttpRequest) -> User:
    """Return the signed-in user, in a view that requires one."""
    assert isinstance(request.user, User)  # noqa: S101  guaranteed by login_required or account_required
    return request.user
