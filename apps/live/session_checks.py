"""Checks whether the sessions of open sockets are still signed in. Checks that are due together share their queries."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from importlib import import_module
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from apps.accounts.models import User


class SessionChecks:
    """Reads sessions again, because the copy in a socket's scope does not reflect a sign-out elsewhere."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._next: asyncio.Task[set[str]] | None = None

    async def is_signed_in(self, session_key: str | None) -> bool:
        """Return whether a session currently belongs to a signed-in user."""
        if session_key is None:
            return False
        # The task starts after all callers in this iteration of the event loop have added their keys.
        batch = self._next = self._next or asyncio.create_task(self._read())
        self._keys.add(session_key)
        return session_key in await asyncio.shield(batch)

    async def _read(self) -> set[str]:
        keys, self._keys, self._next = self._keys, set(), None
        found: set[str] = await database_sync_to_async(signed_in)(keys)
        return found


def signed_in(session_keys: Collection[str]) -> set[str]:
    """Return the keys of the sessions that belong to a signed-in user, with two queries in total.

    The rules are those of django.contrib.auth.get_user, which reads only one session and one user at a time.
    """
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    sessions = store.get_model_class().objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    contents = {session.session_key: session.get_decoded() for session in sessions}
    user_ids = {fields[SESSION_KEY] for fields in contents.values() if SESSION_KEY in fields}
    users = {str(user.pk): user for user in User.objects.filter(pk__in=user_ids, is_active=True)}
    return {key for key, fields in contents.items() if _is_of(fields, users.get(fields.get(SESSION_KEY, "")))}


def _is_of(fields: Mapping[str, str], user: User | None) -> bool:
    """Return whether a session is valid for the user: opened with the user's current password."""
    if user is None or fields.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return False
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(fields.get(HASH_SESSION_KEY, ""), hash_text) for hash_text in hashes)
