"""Share links and the first visit of an account, for its data file."""

from __future__ import annotations

from apps.accounts.models import User
from apps.dashboard.models import FirstVisit, ShareLink
from twitchly.personal_data import Section, rows

_FIRST_VISIT = ("step", "language", "category", "band", "channels", "begun_at", "done_at")


def share_links(user: User) -> Section:
    """Return a user's share links."""
    found = ShareLink.objects.filter(owner=user)
    return rows(found, "title", "kind", "query", "created_at", "expires_at", "opened")


def first_visit(user: User) -> Section:
    """Return how far a user has come with the first visit."""
    return rows(FirstVisit.objects.filter(user=user), *_FIRST_VISIT)
