"""Changes to accounts, and what they ask for."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from apps.dashboard.models import CurationRequest, Times, User
from core.errors import Refused, TwitchlyError
from core.inputs.readable_text import one_line

OPEN_REQUESTS_MAX = 10


class NotAsked(TwitchlyError):
    """A request for a channel that is not kept; the message says why."""


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


def ask_for_channel(*, user: User, login: str, note: str) -> None:
    """Ask the curators to follow a channel. Raises: NotAsked."""
    if CurationRequest.objects.filter(user=user, closed_at=None).count() >= OPEN_REQUESTS_MAX:
        raise NotAsked(f"You have asked for {OPEN_REQUESTS_MAX} channels. Ask for more once some of them are decided.")
    try:
        with transaction.atomic():
            CurationRequest.objects.create(user=user, login=login, note=one_line(note))
    except IntegrityError:
        raise NotAsked(f"You have asked for {login} already.") from None
