"""Share links: creation, passwords, visit counts and revocation. Their tokens are signed, so they cannot be guessed."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from urllib.parse import parse_qs

from django.contrib.auth.hashers import check_password, make_password
from django.core import signing
from django.core.cache import cache
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from apps.accounts.models import User
from apps.accounts.security_cache import expires_at
from apps.dashboard.models import ShareLink
from core.errors import NotFound, Refused
from core.inputs.readable_text import one_line
from core.metrics.display import duration
from twitchly.address_groups import network_of

LINKS_MAX = 100
PASSWORD_MAX = 128
# Selectable lifetimes in days; 0 means no expiry.
EXPIRIES: Mapping[str, int] = {"1": 1, "7": 7, "30": 30, "90": 90, "0": 0}
# The maximum number of wrong passwords per link and network, in a time window that begins with the first attempt.
TRIES, TRIES_S = 10, 600
_SIGNER = signing.Signer(sep=".", salt="shares")


class TooManyTries(Refused):
    """Too many wrong passwords; retry after `wait_s`."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"Too many wrong passwords. Try again in {duration(1000 * wait_s)}.")
        self.wait_s = wait_s


def create_link(
    *,
    owner: User,
    kind: str,
    view: str,
    title: str,
    query: str,
    note: str = "",
    days: str = "7",
    password: str = "",
) -> ShareLink:
    """Create a link. Raises: Refused."""
    if kind not in ShareLink.Kind.values or view not in ShareLink.View.values or days not in EXPIRIES:
        raise Refused("Choose what to share and for how long.")
    if kind != ShareLink.Kind.PAGE and view != ShareLink.View.CHANNEL:
        raise Refused("Widgets and overlays are available for channels only.")
    if kind != ShareLink.Kind.PAGE and "until" in parse_qs(query):
        raise Refused("Widgets and overlays show live values. Go back to live, or share a page.")
    if len(password) > PASSWORD_MAX:
        raise Refused(f"A password can have up to {PASSWORD_MAX} characters.")
    if password and kind != ShareLink.Kind.PAGE:
        raise Refused("Widgets and overlays cannot have a password. Leave the password empty, or share a page.")
    if active_links(owner).count() >= LINKS_MAX:
        raise Refused(f"You have {LINKS_MAX} links. Revoke one to create another.")
    lifetime_days = EXPIRIES[days]
    return ShareLink.objects.create(
        owner=owner,
        kind=kind,
        view=view,
        title=one_line(title, 200),
        note=one_line(note, ShareLink.NOTE_MAX),
        query=query,
        password=make_password(password) if password else "",
        expires_at=timezone.now() + dt.timedelta(days=lifetime_days) if lifetime_days else None,
    )


def revoke_link(*, owner: User, link_id: int) -> ShareLink:
    """Revoke a link immediately. Raises: NotFound, including for another owner's link."""
    link = ShareLink.objects.filter(owner=owner, pk=link_id).first()
    if link is None:
        raise NotFound("You have no such link.")
    if link.revoked_at is None:
        link.revoked_at = timezone.now()
        link.save(update_fields=["revoked_at"])
    return link


def active_links(owner: User) -> QuerySet[ShareLink]:
    """Return an account's links that are not revoked, newest first."""
    return ShareLink.objects.filter(owner=owner, revoked_at=None)


def token_of(link: ShareLink) -> str:
    """Return the token in the URL of a link."""
    return _SIGNER.sign(str(link.pk))


def find_link(token: str) -> ShareLink:
    """Return the link for a token. Raises: NotFound, including for revoked and expired links."""
    try:
        pk = int(_SIGNER.unsign(token))
    except (signing.BadSignature, ValueError):
        raise NotFound("This page does not exist.") from None
    link = ShareLink.objects.filter(pk=pk, owner__is_active=True).first()
    if link is None or link.revoked_at is not None or (link.expires_at and link.expires_at <= timezone.now()):
        raise NotFound("This link has expired. Ask the person who sent it for a new one.")
    return link


def count_opening(link: ShareLink) -> None:
    """Count one visit to the link."""
    ShareLink.objects.filter(pk=link.pk).update(opened=F("opened") + 1, opened_at=timezone.now())


def try_password(link: ShareLink, password: str, address: str) -> str:
    """Check a password and return the access cookie's value. Raises: TooManyTries, Refused."""
    key = f"share-tries-{link.pk}-{network_of(address)}"
    # Count before the comparison, so that parallel attempts cannot exceed the limit.
    if _count(key) > TRIES:  # defense: share-password
        raise TooManyTries(_wait_s(key))
    if not check_password(password[:PASSWORD_MAX], link.password):
        raise Refused("Wrong password.")
    if _count(key, -1) <= 0:  # defense: share-lockout
        cache.delete(key)
    return access_token(link)


def _count(key: str, step: int = 1) -> int:
    cache.add(key, 0, TRIES_S)
    try:
        return cache.incr(key, step)
    except ValueError:
        # The counter expired in between, so this is the first attempt of the next window.
        cache.set(key, max(0, step), TRIES_S)
        return 1


def _wait_s(key: str) -> int:
    ends_at = expires_at(key)
    return 1 if ends_at is None else max(1, math.ceil((ends_at - timezone.now()).total_seconds()))


def access_token(link: ShareLink) -> str:
    """Return the token that proves knowledge of the password; it becomes invalid when the password changes."""
    return signing.Signer(salt="shares.pass").signature(f"{link.pk}:{link.password}")


def grants_access(link: ShareLink, token: str) -> bool:
    """Return whether the link has no password or the token is valid."""
    return not link.password or constant_time_compare(token, access_token(link))
