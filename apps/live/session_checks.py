"""Checks whether the sessions of open sockets are still signed in. Checks that are due together share one thread."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from importlib import import_module
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest


class SessionChecks:
    """Reads sessions again: the copy in a socket's scope does not notice a sign-out elsewhere."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._next: asyncio.Task[set[str]] | None = None

    async def is_signed_in(self, session_key: str | None) -> bool:
        """Return whether a session belongs to a signed-in user now."""
        if session_key is None:
            return False
        # The task starts after all callers of this iteration of the loop have added their keys.
        batch = self._next = self._next or asyncio.create_task(self._read())
        self._keys.add(session_key)
        return session_key in await asyncio.shield(batch)

    async def _read(self) -> set[str]:
        keys, self._keys, self._next = self._keys, set(), None
        found: set[str] = await database_sync_to_async(signed_in)(keys)
        return found


def signed_in(session_keys: Collection[str]) -> set[str]:
    """Return the keys of the sessions that belong to a signed-in user."""
    engine: Any = import_module(settings.SESSION_ENGINE)
    return {key for key in session_keys if _has_user(engine.SessionStore(key))}


def _has_user(session: Any) -> bool:
    request = HttpRequest()
    request.session = session
    return get_user(request).is_authenticated
