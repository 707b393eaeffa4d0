"""A member of staff who has come in, second factor and all."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.test import Client

from apps.accounts.models import User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def staff_client(role: str = "") -> Client:
    """Return one of a role, or a superuser."""
    email = f"{role or 'curator'}@example.com"
    if role:
        user = User.objects.create_user(email, "a long password", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
    else:
        user = User.objects.create_superuser(email, "a long password")
    client = Client()
    client.force_login(user)
    show_factor(client, user)
    return client


def show_factor(client: Client, user: User) -> None:
    """Set up a second factor, and let the client's session have shown it."""
    TOTP.activate(user, SECRET)
    request = HttpRequest()
    request.session = session = client.session
    record_authentication(request, user, "mfa", type="totp")
    session.save()


def totp(secret: str) -> str:
    """Return what an authenticator app shows now."""
    return str(format_hotp_value(hotp_value(secret, max(yield_hotp_counters_from_time()))))
