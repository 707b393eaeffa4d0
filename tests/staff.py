"""A staff client that has signed in with a second factor."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.test import Client

from apps.accounts.models import User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def staff_client(role: str = "") -> Client:
    """Return a client signed in as a member of staff with a role, or as a superuser."""
    email = f"{role or 'curator'}@example.com"
    if role:
        user = User.objects.create_user(email, "a long password", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
    else:
        user = User.objects.create_superuser(email, "a long password")
    client = Client()
    client.force_login(user)
    verify_second_factor(client, user)
    return client


def verify_second_factor(client: Client, user: User) -> None:
    """Set up a second factor, and mark it as verified in the client's session."""
    TOTP.activate(user, SECRET)
    request = HttpRequest()
    request.session = session = client.session
    record_authentication(request, user, "mfa", type="totp")
    session.save()


def totp(secret: str) -> str:
    """Return the current code of an authenticator app."""
    return str(format_hotp_value(hotp_value(secret, max(yield_hotp_counters_from_time()))))
