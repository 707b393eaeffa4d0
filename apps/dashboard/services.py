"""Changes to accounts."""

from __future__ import annotations

from django.db import transaction

from apps.dashboard.models import User


@transaction.atomic
def ensure_user(*, email: str, password: str) -> bool:
    """Make the user, not staff, if there is none, and give it this password; return whether anything changed."""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        User.objects.create_user(email, password)
        return True
    if user.check_password(password):
        return False
    user.set_password(password)
    user.save(update_fields=["password"])
    return True
