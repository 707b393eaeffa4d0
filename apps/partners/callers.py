"""Whose key a request carries: looked up anew after KEPT_S, so a revoked one is refused within a second."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async

from apps.dashboard.hub import running_hub
from apps.partners.keys.endings import session_of
from apps.partners.keys.queries import Caller, find_caller
from apps.partners.keys.secret import digest_of, is_written_right
from apps.partners.problems import Problem

KEPT_S = 0.8
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


@dataclass(slots=True)
class _Look:
    """A look at the database, under way or done, and when it began."""

    at_s: float
    task: asyncio.Task[Caller | None]


class Callers:
    """The callers that a process knows. Requests that come together share one look."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looks: OrderedDict[str, _Look] = OrderedDict()

    def knows(self, secret: str) -> bool:
        """Say whether this key was somebody's when it was last looked up here."""
        return digest_of(secret) in self._looks

    async def find(self, secret: str) -> Caller:
        """Return whose key it is. Raises: Problem."""
        digest = digest_of(secret)
        look = self._looks.get(digest)
        if look is None or self._clock() - look.at_s >= KEPT_S:
            look = self._looks[digest] = _Look(self._clock(), asyncio.create_task(_find(digest)))
            self._looks.move_to_end(digest)
            while len(self._looks) > KEPT_MAX:
                self._looks.popitem(last=False)
        try:
            caller = await asyncio.shield(look.task)
        except Exception:
            self._looks.pop(digest, None)
            raise
        if caller is None:
            self._looks.pop(digest, None)
            raise Problem(
                "unknown-key", "This key belongs to nobody. Keys are made on the page “API keys” of an account."
            )
        return good(caller)

    def forget(self, session: str) -> None:
        """Look a key up anew that has ended, as the hub is told."""
        for digest, look in list(self._looks.items()):
            if not look.task.done() or (found := _result(look.task)) is None or session_of(found.key_id) == session:
                del self._looks[digest]


def good(caller: Caller) -> Caller:
    """Return a caller whose key is good now. Raises: Problem."""
    if caller.state == "revoked":
        raise Problem("revoked-key", "This key was revoked. Make another one on the page “API keys” of your account.")
    if caller.state == "expired" or (caller.expires_at is not None and caller.expires_at <= datetime.now(UTC)):
        raise Problem("expired-key", "This key has expired. Make another one on the page “API keys” of your account.")
    return caller


def _result(task: asyncio.Task[Caller | None]) -> Caller | None:
    return None if task.cancelled() or task.exception() else task.result()


async def _find(digest: str) -> Caller | None:
    # Not in the thread of one request: others wait for it too.
    found: Caller | None = await database_sync_to_async(find_caller, thread_sensitive=False)(digest)
    return found


_callers: WeakKeyDictionary[asyncio.AbstractEventLoop, Callers] = WeakKeyDictionary()


def running_callers() -> Callers:
    """Return the callers that this process knows; looks belong to the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _callers:
        _callers[loop] = Callers()
        running_hub().on_end.append(_callers[loop].forget)
    return _callers[loop]
