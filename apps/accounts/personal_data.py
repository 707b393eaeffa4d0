"""Export and deletion of an account's personal data."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db import transaction

from apps.accounts.models import User
from apps.accounts.session_endings import end_sessions
from twitchly.personal_data import iso, rows, sections


def personal_data(user: User) -> dict[str, Any]:
    """Return all data stored about a user, without secrets. Times are in UTC, in ISO 8601 format."""
    return {
        "account": {
            "email": user.email,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "times": user.times,
            "own_channel": user.channel_id or None,
            "joined": iso(user.date_joined),
            "last_sign_in": iso(user.last_login),
        },
        "email_addresses": rows(EmailAddress.objects.filter(user=user), "email", "verified", "primary"),
        "second_factors": rows(Authenticator.objects.filter(user=user), "type", "created_at", "last_used_at"),
        "connected_accounts": rows(
            SocialAccount.objects.filter(user=user), "provider", "uid", "date_joined", "last_login"
        ),
        "sessions": rows(UserSession.objects.filter(user=user), "created_at", "last_seen_at", "ip", "user_agent"),
        **sections(user),
    }


@transaction.atomic
def delete_account(user: User) -> None:
    """Delete a user with all their data, and end their sessions."""
    end_sessions(user)
    user.delete()
