"""Authentication of API requests by key, with a limit for guessing keys.

The lookup of a key is cached for 0.8 s: a revoked key is refused within a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from channels.db import database_sync_to_async
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.api.batch_cache import BatchCache
from apps.api.keys.queries import ApiClient, find_clients
from apps.api.keys.revocation import session_name
from apps.api.keys.secret import digest_of, has_valid_checksum
from apps.api.limits import RateLimiter
from apps.api.problems import Problem
from apps.api.scopes import Scope

CACHE_TTL_S = 0.8  # defense: revoked-keys
CACHE_KEYS_MAX = 10_000


def secret_from_header(header: str) -> str:
    """Return the key in an Authorization header. Raises: Problem."""
    scheme, _, secret = header.strip().partition(" ")
    if not header or scheme.lower() != "bearer":
        raise Problem("no-key", "Send your key in the header “Authorization: Bearer twitchly_…”.")
    if not has_valid_checksum(secret := secret.strip()):
        raise Problem(
            "bad-key", "This is no key, or one with a typing error: its last six letters do not fit the rest."
        )
    return secret


class ApiClientCache:
    """The API clients of one process, by the digests of their keys."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clients = BatchCache(_fetch_clients, CACHE_TTL_S, CACHE_KEYS_MAX, clock)

    def is_cached(self, secret: str) -> bool:
        """Return whether this key belonged to an account at its last lookup in this process."""
        return digest_of(secret) in self._clients

    async def find(self, secret: str) -> ApiClient:
        """Return the client of a key that is valid now. Raises: Problem."""
        client = await self._clients.get(digest_of(secret))
        if client is None:
            raise Problem(
                "unknown-key", "This key belongs to nobody. Keys are made on the page “API keys” of an account."
            )
        require_valid_key(client)
        return client

    def invalidate_session(self, session: str) -> None:
        """Remove the key of an ended session from the cache; a callback of the hub."""
        for digest, client in self._clients.items():
            # A running fetch may have read the key before its revocation.
            if client is None or session_name(client.key_id) == session:
                self._clients.invalidate(digest)


def require_valid_key(client: ApiClient) -> None:
    """Refuse a client whose key is revoked or expired. Raises: Problem."""
    if client.state == "revoked":
        raise Problem("revoked-key", "This key was revoked. Make another one on the page “API keys” of your account.")
    # The state was cached, so the key may have expired since.
    has_expired = client.expires_at is not None and client.expires_at <= datetime.now(UTC)
    if client.state == "expired" or has_expired:  # defense: expired-keys
        raise Problem("expired-key", "This key has expired. Make another one on the page “API keys” of your account.")


async def _fetch_clients(digests: Collection[str]) -> Mapping[str, ApiClient]:
    # Not in the thread of one request: several requests wait for this lookup.
    find = database_sync_to_async(find_clients, thread_sensitive=False)
    clients: Mapping[str, ApiClient] = await find(digests)
    return clients


async def authenticate(clients: ApiClientCache, rate_limiter: RateLimiter, header: str, address: str) -> ApiClient:
    """Return the client whose key is in an Authorization header. Raises: Problem."""
    try:
        secret = secret_from_header(header)
        if not clients.is_cached(secret):
            rate_limiter.refuse_guesser(address)
        return await clients.find(secret)
    except Problem as problem:
        if problem.code == "unknown-key":
            await rate_limiter.count_guess(address)  # defense: key-guessing
        elif problem.code in ("no-key", "bad-key"):
            # Malformed keys cost no lookup, so they count as requests and not as guesses.
            await rate_limiter.take_anonymous(address)
        raise


def require_scope(client: ApiClient, scope: Scope) -> None:
    """Refuse a client whose key lacks a scope. Raises: Problem."""
    if scope not in client.scopes:
        has = ", ".join(sorted(client.scopes))
        raise Problem("missing-scope", f"This needs a key with the scope {scope}. Yours has {has}.")


class HasScope(BasePermission):
    """Requires a key with the scope of the operation."""

    def has_permission(self, _request: Request, view: Any) -> bool:
        """Return True. Raises: Problem, if the scope is missing."""
        if view.scope is not None:
            require_scope(view.api_client, view.scope)
        return True
