"""Sections about accounts, for support and owners."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef
from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.staff.site import FACTORS
from apps.dashboard.desk.attention import WEEK
from apps.dashboard.desk.sections import ROWS, Action, Row, Section, Visit, ago_text
from core.times import datetime_of

USERS = "admin:accounts_user_changelist"


def new_accounts(visit: Visit) -> Section:
    """Return the accounts created in the past 7 days, newest first."""
    section = Section(
        "new-accounts",
        "New accounts",
        "Created in the past 7 days.",
        ("Account", "Created", "Last sign-in"),
        "No accounts were created in the past 7 days.",
        f"{reverse(USERS)}?o=-5",
    )
    created = User.objects.filter(date_joined__gte=datetime_of(visit.now_ms) - WEEK, is_staff=False)
    rows = [
        Row(
            user.email,
            _url(user),
            (ago_text(user.date_joined, visit.now_ms), ago_text(user.last_login, visit.now_ms)),
            _actions(user, visit),
        )
        for user in created.order_by("-date_joined", "pk")[:ROWS]
    ]
    return section.filled(rows, created.count())


def staff(visit: Visit) -> Section:
    """Return the members of staff, those without a second factor first."""
    section = Section(
        "staff",
        "Staff",
        "The admin site requires a second factor.",
        ("Account", "Roles", "Second factor", "Last sign-in"),
        "No members of staff.",
        f"{reverse(USERS)}?is_staff__exact=1",
    )
    has_factor = Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS))
    members = User.objects.filter(is_staff=True, is_active=True).annotate(has_factor=has_factor)
    rows = [
        Row(
            user.email,
            _url(user),
            (_roles(user), "set up" if user.has_factor else "missing", ago_text(user.last_login, visit.now_ms)),
            _actions(user, visit),
        )
        for user in members.order_by("has_factor", "email").prefetch_related("groups")[:ROWS]
    ]
    return section.filled(rows, members.count())


def _actions(user: User, visit: Visit) -> tuple[Action, ...]:
    return (Action("Change" if visit.may("accounts.change_user") else "Open", _url(user)),)


def _url(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def _roles(user: User) -> str:
    names = sorted(group.name for group in user.groups.all())
    return ", ".join([*(["superuser"] if user.is_superuser else []), *names]) or "none"
