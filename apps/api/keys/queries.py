"""What is read of keys. Whoever asks sees their own alone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Literal

from django.db.models import QuerySet

from apps.accounts.models import User
from apps.api.models import ApiKey, Plan
from core.errors import NotFound
from twitchly.personal_data import Section, rows

# How often it is written down that a key is used.
USED_EVERY = timedelta(minutes=1)

State = Literal["active", "rotating", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What the plan of an account allows."""

    per_s: int
    burst: int
    per_day: int
    streams: int


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks the API: a key, its account, and what both may do. `state` is that of the key when it was read."""

    key_id: int
    owner_id: int
    scopes: frozenset[str]
    state: State
    expires_at: datetime | None
    terms: Terms


def find_callers(digests: Collection[str]) -> dict[str, Caller]:
    """Return whose keys have these digests, nobody's left out, and note that they are used."""
    keys = ApiKey.objects.select_related("owner__membership__plan").filter(digest__in=digests, owner__is_active=True)
    now = datetime.now(UTC)
    found = {key.digest: (key, state_of(key, now)) for key in keys}  # defense: forged-keys
    used = [
        key.pk
        for key, state in found.values()
        if state in ("active", "rotating") and (key.last_used_at is None or now - key.last_used_at >= USED_EVERY)
    ]
    if used:
        ApiKey.objects.filter(pk__in=used).update(last_used_at=now)
    default = cache(default_plan)  # defense: key-timing
    return {digest: _caller(key, state, default) for digest, (key, state) in found.items()}


def _caller(key: ApiKey, state: State, default: Callable[[], Plan]) -> Caller:
    terms = terms_of(plan_of(key.owner, default))
    return Caller(key.pk, key.owner_id, frozenset(key.scopes), state, key.expires_at, terms)


def default_plan() -> Plan:
    """Return the plan of those who have no other; where somebody has deleted it, what it was at first."""
    return Plan.objects.filter(is_default=True).first() or Plan(name="Standard")


def plan_of(owner: User, default: Callable[[], Plan] = default_plan) -> Plan:
    """Return an account's plan."""
    membership = getattr(owner, "membership", None)
    return membership.plan if membership else default()


def terms_of(plan: Plan) -> Terms:
    return Terms(plan.requests_per_second, plan.burst, plan.requests_per_day, plan.streams)


def state_of(key: ApiKey, now: datetime) -> State:
    """Return how a key stands; one that another has replaced is good until it expires."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return "active" if key.replaced_by_id is None else "rotating"


def keys_of(owner: User) -> QuerySet[ApiKey]:
    """Return an account's keys, the newest first."""
    return ApiKey.objects.filter(owner=owner).select_related("replaced_by")


def find_key(owner: User, key_id: int) -> ApiKey:
    """Raises: NotFound, also for somebody else's."""
    found = ApiKey.objects.filter(owner=owner, pk=key_id).first()  # defense: page-ownership
    if found is None:
        raise NotFound("There is no such key among yours.")
    return found


def personal_keys(owner: User) -> Section:
    """Return what is kept of an account's keys, without what could be used in their place."""
    names = ("name", "prefix", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")
    return rows(keys_of(owner), *names)
