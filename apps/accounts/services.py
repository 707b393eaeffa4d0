"""Changes to accounts."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction

from apps.accounts.models import Times, User
from core.errors import Refused


@transaction.atomic
def ensure_user(*, email: str, password: str) -> bool:
    """Make the user, not staff, if there is none, and give it this password; return whether anything changed.

    Its address counts as verified: whoever can call this has the machine.
    """
    user = User.objects.filter(email=email.strip().lower()).first() or User.objects.create_user(email)
    changed = not user.check_password(password)
    if changed:
        user.set_password(password)
        user.save(update_fields=["password"])
    verified = {"verified": True, "primary": True}
    _, is_new = EmailAddress.objects.get_or_create(user=user, email=user.email, defaults=verified)
    return changed or is_new


def choose_times(*, user: User, times: str) -> None:
    """Keep the zone that an account's pages show times in. Raises: Refused."""
    if times not in Times.values:
        raise Refused("Choose one of the zones.")
    user.times = times
    user.save(update_fields=["times"])
