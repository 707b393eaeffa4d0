"""Authentication of API requests: the key format, and the client and scopes of a request's key.

A key is `twitchly_`, 30 random letters and digits, and a checksum of 6 characters. Other
modules use only its digest.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.api.keys.queries import ApiClient
from apps.api.limits import RateLimiter
from apps.api.lookups import ApiClientCache
from apps.api.problems import Problem
from apps.api.scopes import Scope

_PREFIX = "twitchly_"
_ALPHABET = string.digits + string.ascii_letters
# These characters hold 178 random bits, or 143 without the visible prefix.
_RANDOM_CHARS = 30
_VISIBLE_CHARS = 6
_CHECKSUM_CHARS = 6
_FORMAT = re.compile(rf"{_PREFIX}([0-9A-Za-z]{{{_RANDOM_CHARS}}})([0-9A-Za-z]{{{_CHECKSUM_CHARS}}})", re.ASCII)


def new_secret() -> str:
    """Return a new random key."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARS))
    return f"{_PREFIX}{body}{_checksum(body)}"


def has_valid_checksum(text: str) -> bool:
    """Return whether a string has the format and checksum of a key; the checksum detects typos."""
    match = _FORMAT.fullmatch(text)
    return match is not None and _checksum(match[1]) == match[2]


def digest_of(secret: str) -> str:
    """Return the digest that is stored for a key. Keys are random enough to need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def visible_prefix(secret: str) -> str:
    """Return the prefix of a key, which identifies it in lists."""
    return secret[: len(_PREFIX) + _VISIBLE_CHARS]


def _checksum(body: str) -> str:
    rest, text = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM_CHARS):
        rest, digit = divmod(rest, len(_ALPHABET))
        text = _ALPHABET[digit] + text
    return text


def digest_from_header(header: str) -> str:
    """Return the digest of the key in an Authorization header. Raises: Problem."""
    scheme, _, secret = header.strip().partition(" ")
    if not header or scheme.lower() != "bearer":
        raise Problem("no-key", "Send your key in the header “Authorization: Bearer twitchly_…”.")
    if not has_valid_checksum(secret := secret.strip()):
        raise Problem("bad-key", "Malformed API key: checksum mismatch.")
    return digest_of(secret)


async def authenticate(clients: ApiClientCache, rate_limiter: RateLimiter, header: str, address: str) -> ApiClient:
    """Return the client whose key is in an Authorization header. Raises: Problem."""
    try:
        digest = digest_from_header(header)
        if not clients.is_cached(digest):
            rate_limiter.refuse_guesser(address)
        return await clients.find(digest)
    except Problem as problem:
        if problem.code == "unknown-key":
            await rate_limiter.count_guess(address)  # defense: key-guessing
        elif problem.code in ("no-key", "bad-key"):
            # Malformed keys need no lookup, so they count as requests and not as guesses.
            await rate_limiter.take_anonymous(address)
        raise


def require_scope(client: ApiClient, scope: Scope) -> None:
    """Refuse a client whose key lacks a scope. Raises: Problem."""
    if scope not in client.scopes:
        has = ", ".join(sorted(client.scopes))
        raise Problem("missing-scope", f"This operation requires the scope {scope}. Your key has {has}.")


class HasScope(BasePermission):
    """Requires a key with the scope of the operation."""

    def has_permission(self, _request: Request, view: Any) -> bool:
        """Return True. Raises: Problem, if the scope is missing."""
        if view.scope is not None:
            require_scope(view.api_client, view.scope)
        return True
