"""Whose key a request carries: looked up anew after KEPT_S, so a revoked one is refused within a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async

from apps.api.batch_cache import Together
from apps.api.keys.queries import Caller, find_callers
from apps.api.keys.revocation import session_of
from apps.api.keys.secret import digest_of, is_written_right
from apps.api.problems import Problem
from apps.live.hub import running_hub

KEPT_S = 0.8  # defense: revoked-keys
KEPT_MAX = 10_000


def secret_in(header: str) -> str:
    """Return the key in an Authorization header. Raises: Problem."""
    scheme, _, secret = header.strip().partition(" ")
    if not header or scheme.lower() != "bearer":
        raise Problem("no-key", "Send your key in the header “Authorization: Bearer twitchly_…”.")
    if not is_written_right(secret := secret.strip()):
        raise Problem(
            "bad-key", "This is no key, or one with a typing error: its last six letters do not fit the rest."
        )
    return secret


class Callers:
    """The callers that a process knows."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._known = Together(_find, KEPT_S, KEPT_MAX, clock)

    def knows(self, secret: str) -> bool:
        """Say whether this key was somebody's when it was last looked up here."""
        return digest_of(secret) in self._known

    async def find(self, secret: str) -> Caller:
        """Return whose key it is. Raises: Problem."""
        caller = await self._known.get(digest_of(secret))
        if caller is None:
            raise Problem(
                "unknown-key", "This key belongs to nobody. Keys are made on the page “API keys” of an account."
            )
        return good(caller)

    def forget(self, session: str) -> None:
        """Look a key up anew that has ended, as the hub is told."""
        for digest, caller in self._known.done():
            if caller is None or session_of(caller.key_id) == session:
                self._known.forget(digest)


def good(caller: Caller) -> Caller:
    """Return a caller whose key is good now. Raises: Problem."""
    if caller.state == "revoked":
        raise Problem("revoked-key", "This key was revoked. Make another one on the page “API keys” of your account.")
    is_past = caller.expires_at is not None and caller.expires_at <= datetime.now(UTC)
    if caller.state == "expired" or is_past:  # defense: expired-keys
        raise Problem("expired-key", "This key has expired. Make another one on the page “API keys” of your account.")
    return caller


async def _find(digests: Collection[str]) -> Mapping[str, Caller]:
    # Not in the thread of one request: others wait for it too.
    found: Mapping[str, Caller] = await database_sync_to_async(find_callers, thread_sensitive=False)(digests)
    return found


_callers: WeakKeyDictionary[asyncio.AbstractEventLoop, Callers] = WeakKeyDictionary()


def running_callers() -> Callers:
    """Return the callers that this process knows; looks belong to the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _callers:
        _callers[loop] = Callers()
        running_hub().on_session_end.append(_callers[loop].forget)
    return _callers[loop]
