"""Signal handlers: a new account begins its first visit."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import user_signed_up

from apps.accounts.models import User
from apps.dashboard.welcome.services import begin


def connect() -> None:
    """Connect to the sign-up signal."""
    user_signed_up.connect(_signed_up)


def _signed_up(user: User, **_: Any) -> None:
    begin(user=user)
