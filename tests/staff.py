"""A member of staff who has come in."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.test import Client

from apps.dashboard.models import User


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
    return client
