"""Authentication of API requests by key, with a limit for guessing keys."""

from __future__ import annotations

from apps.api.clients import secret_from_header
from apps.api.keys.queries import ApiClient
from apps.api.problems import Problem
from apps.api.process import ApiServices
from apps.api.scopes import Scope


async def authenticate(services: ApiServices, header: str, address: str) -> ApiClient:
    """Return the client whose key is in an Authorization header. Raises: Problem."""
    rate_limiter, clients = services.rate_limiter, services.clients
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
