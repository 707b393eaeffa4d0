"""What an account holds: to take along, and to delete."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db import transaction

from apps.dashboard.accounts.endings import end_sessions
from apps.dashboard.models import CurationRequest, FirstVisit, Segment, ShareLink, User
from apps.dashboard.watchlists.queries import channels_of, watchlists_of
from core.inputs.moments import write_moment

# What other applications keep about a user, by what it is called: they enter it here.
OTHERS: dict[str, Callable[[User], list[dict[str, Any]]]] = {}


def personal_data(user: User) -> dict[str, Any]:
    """Return all that is kept about a user, but no secret; times are ISO 8601, UTC."""
    return {
        "account": {
            "email": user.email,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "times": user.times,
            "joined": _iso(user.date_joined),
            "last_sign_in": _iso(user.last_login),
        },
        "email_addresses": _rows(EmailAddress.objects.filter(user=user), "email", "verified", "primary"),
        "second_factors": _rows(Authenticator.objects.filter(user=user), "type", "created_at", "last_used_at"),
        "connected_accounts": _rows(
            SocialAccount.objects.filter(user=user), "provider", "uid", "date_joined", "last_login"
        ),
        "watchlists": [
            {"name": one.name, "created": _iso(one.created_at), "channels": channels_of(one)}
            for one in watchlists_of(user)
        ],
        "requested_channels": _rows(
            CurationRequest.objects.filter(user=user), "login", "note", "created_at", "closed_at", "state", "answer"
        ),
        "segments": _rows(Segment.objects.filter(owner=user), "name", "query", "created_at"),
        "share_links": _rows(
            ShareLink.objects.filter(owner=user), "title", "kind", "query", "created_at", "expires_at", "opened"
        ),
        "first_visit": _rows(
            FirstVisit.objects.filter(user=user),
            "step",
            "language",
            "category",
            "band",
            "channels",
            "begun_at",
            "done_at",
        ),
        "sessions": _rows(UserSession.objects.filter(user=user), "created_at", "last_seen_at", "ip", "user_agent"),
        "notes": _rows(user.notes.order_by("channel_id", "at_ms"), "channel_id", "at", "text", "created"),
        **{name: [_plain_row(row) for row in read(user)] for name, read in OTHERS.items()},
    }


@transaction.atomic
def delete_account(user: User) -> None:
    """Delete a user and all that belongs to them, and end their sessions."""
    end_sessions(user)
    user.delete()


def _rows(found: Iterable[Any], *names: str) -> list[dict[str, Any]]:
    return [{name: _plain(getattr(one, name)) for name in names} for one in found]


def _plain_row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    return _iso(value) if isinstance(value, dt.datetime) else value


def _iso(moment: dt.datetime | None) -> str | None:
    return None if moment is None else write_moment(moment)
