"""Operations that change accounts."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction

from apps.accounts.models import Times, User
from core.errors import Refused


@transaction.atomic
def ensure_user(*, email: str, password: str) -> bool:
    """Create the account, without staff rights, unless it exists; set its password; return whether anything changed.

    The address counts as verified, because the caller controls the machine.
    """
    user = User.objects.filter(email=email.strip().lower()).first() or User.objects.create_user(email)
    changed = not user.check_password(password)
    if changed:
        user.set_password(password)
        user.save(update_fields=["password"])
    verified = {"verified": True, "primary": True}
    _, is_new = EmailAddress.objects.get_or_create(user=user, email=user.email, defaults=verified)
    return changed or is_new


def choose_channel(*, user: User, channel_id: str) -> None:
    """Set the user's own channel; "" removes it."""
    user.channel_id = channel_id
    user.save(update_fields=["channel_id"])


def choose_times(*, user: User, times: str) -> None:
    """Set the time zone for an account's pages. Raises: Refused."""
    if times not in Times.values:
        raise Refused("Choose one of the time zones.")
    user.times = times
    user.save(update_fields=["times"])
