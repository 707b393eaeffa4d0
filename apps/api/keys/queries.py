"""Queries for API keys. Queries for an account return only that account's keys."""

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

# Minimum time between two updates of a key's `last_used_at`.
LAST_USED_RESOLUTION = timedelta(minutes=1)

KeyState = Literal["active", "rotating", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """Limits of an account's plan: requests per second, per burst and per day, and concurrent streams."""

    per_s: int
    burst: int
    per_day: int
    streams: int


@dataclass(frozen=True, slots=True)
class ApiClient:
    """An authenticated API client: a key, its account, scopes and limits. `state` is the key's state at lookup time."""

    key_id: int
    owner_id: int
    scopes: frozenset[str]
    state: KeyState
    expires_at: datetime | None
    limits: PlanLimits


def find_clients(digests: Collection[str]) -> dict[str, ApiClient]:
    """Return the clients whose keys have these digests, omitting unknown digests, and update `last_used_at`."""
    keys = ApiKey.objects.select_related("owner__membership__plan").filter(digest__in=digests, owner__is_active=True)
    now = datetime.now(UTC)
    known = {key.digest: (key, state_of(key, now)) for key in keys}  # defense: forged-keys
    stale = [
        key.pk
        for key, state in known.values()
        if state in ("active", "rotating")
        and (key.last_used_at is None or now - key.last_used_at >= LAST_USED_RESOLUTION)
    ]
    if stale:
        ApiKey.objects.filter(pk__in=stale).update(last_used_at=now)
    default = cache(default_plan)  # defense: key-timing
    return {digest: _client(key, state, default) for digest, (key, state) in known.items()}


def _client(key: ApiKey, state: KeyState, default: Callable[[], Plan]) -> ApiClient:
    limits = limits_of(plan_of(key.owner, default))
    return ApiClient(key.pk, key.owner_id, frozenset(key.scopes), state, key.expires_at, limits)


def default_plan() -> Plan:
    """Return the plan for accounts without a membership; if it was deleted, return a plan with built-in limits."""
    return Plan.objects.filter(is_default=True).first() or Plan(name="Standard")


def plan_of(owner: User, default: Callable[[], Plan] = default_plan) -> Plan:
    """Return an account's plan."""
    membership = getattr(owner, "membership", None)
    return membership.plan if membership else default()


def limits_of(plan: Plan) -> PlanLimits:
    return PlanLimits(plan.requests_per_second, plan.burst, plan.requests_per_day, plan.streams)


def state_of(key: ApiKey, now: datetime) -> KeyState:
    """Return the state of a key; a replaced key is "rotating" until it expires."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return "active" if key.replaced_by_id is None else "rotating"


def keys_of(owner: User) -> QuerySet[ApiKey]:
    """Return an account's keys, newest first."""
    return ApiKey.objects.filter(owner=owner).select_related("replaced_by")


def find_key(owner: User, key_id: int) -> ApiKey:
    """Return an account's key. Raises: NotFound, including for another account's key."""
    key = ApiKey.objects.filter(owner=owner, pk=key_id).first()  # defense: page-ownership
    if key is None:
        raise NotFound("You have no such key.")
    return key


def personal_keys(owner: User) -> Section:
    """Return an account's keys for its data export, without digests."""
    names = ("name", "prefix", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")
    return rows(keys_of(owner), *names)
