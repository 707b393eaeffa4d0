"""Share links and the first visit in the data export of an account."""

from __future__ import annotations

from apps.accounts.models import User
from apps.dashboard.models import FirstVisit, ShareLink
from twitchly.personal_data import Section, rows

_FIRST_VISIT = ("role", "step", "language", "category", "band", "channels", "begun_at", "done_at")


def share_links(user: User) -> Section:
    """Return a user's share links."""
    links = ShareLink.objects.filter(owner=user)
    return rows(links, "title", "note", "kind", "query", "created_at", "expires_at", "opened")


def first_visit(user: User) -> Section:
    """Return the progress of a user's first visit."""
    return rows(FirstVisit.objects.filter(user=user), *_FIRST_VISIT)
