"""Server-sent events: the frames of the pages' sockets, each with an id to resume from.

An id has the moment of the last frame of each subscription, and a digest of the subscriptions. Frames are complete, so
a reader that resumes gets a snapshot of what is newer, and nothing else. An id that names no past moments of the same
subscriptions is ignored: the reader gets a snapshot of everything.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from functools import partial

import orjson

from apps.api.clients import running_callers
from apps.api.keys.queries import Caller
from apps.api.keys.revocation import session_of
from apps.api.live.connections import Place
from apps.api.problems import Problem
from apps.live.hub import running_hub
from apps.live.outboxes import Outbox, Subscription
from apps.live.subscriptions import Subscribe, SubscriptionSpec
from core.errors import ServiceAway
from twitchly.clock import now_ms

# Proxies close what says nothing for a minute or so.
BEAT_S = 15.0
RETRY_MS = 2_000
BEAT = b": \n\n"


class Ids:
    """The moments of the frames that a reader has, by subscription; `last` is the id that it resumes from."""

    def __init__(self, asked: Sequence[Subscribe], last: str, now_ms: int) -> None:
        self._digest = hashlib.blake2b(repr(asked).encode(), digest_size=6).hexdigest()
        self._moments = _moments(last, [one.id for one in asked], self._digest, now_ms)
        self._resumed = dict(self._moments)

    def has(self, name: str, at_ms: int) -> bool:
        """Tell whether the reader had a frame of this moment, or a later one, before it resumed."""
        return at_ms <= self._resumed.get(name, 0)

    def take(self, name: str, at_ms: int) -> str:
        """Note that a frame is sent; return its id."""
        # From here on every frame is sent: a clock that is set back must not silence the stream.
        self._resumed.pop(name, None)
        self._moments[name] = at_ms
        return "-".join((*map(str, self._moments.values()), self._digest))


def _moments(last: str, names: Sequence[str], digest: str, now_ms: int) -> dict[str, int]:
    """Return the moments in an id, 0 for each where it is an id of other subscriptions or of the future."""
    *moments, suffix = last.split("-")
    if suffix == digest and len(moments) == len(names) and all(re.fullmatch("[0-9]{1,15}", one) for one in moments):
        found = dict(zip(names, map(int, moments), strict=True))
        if max(found.values()) <= now_ms:
            return found
    return dict.fromkeys(names, 0)


class EventSubscription(Subscription):
    """Writes frames as events; one that the reader has is empty."""

    def __init__(self, name: str, spec: SubscriptionSpec, ids: Ids) -> None:
        super().__init__(name, spec)
        self._name = name
        self._ids = ids

    def frame(self) -> str:
        at_ms, frame = self.pending_at_ms or 0, super().frame()
        return "" if self._ids.has(self._name, at_ms) else f"id: {self._ids.take(self._name, at_ms)}\ndata: {frame}\n\n"


async def events(
    caller: Caller, secret: str, asked: Sequence[Subscribe], last_id: str, place: Place
) -> AsyncIterator[bytes]:
    """Yield the events of a stream until its reader leaves or its key ends."""
    hub, ids = running_hub(), Ids(asked, last_id, now_ms())
    outbox = hub.join(session_of(caller.key_id), partial(EventSubscription, ids=ids))
    task = asyncio.current_task()
    if task is not None:
        outbox.on_abandon = task.cancel
    try:
        yield f"retry: {RETRY_MS}\n\n".encode()
        await _subscribe(outbox, asked)
        async for text in _frames(outbox, secret):
            yield text
    finally:
        hub.leave(outbox)
        await place.aclose()


async def _subscribe(outbox: Outbox, asked: Sequence[Subscribe]) -> None:
    for one in asked:
        try:
            unknown = await running_hub().subscribe(outbox, one)
        except ServiceAway:
            outbox.put_error("The live figures cannot be read just now. They come by themselves when they can.", one.id)
            continue
        if unknown:
            outbox.put_error(f"There is no channel with the id {', '.join(unknown)}. The others go on.", one.id)


async def _frames(outbox: Outbox, secret: str) -> AsyncIterator[bytes]:
    callers = running_callers()
    while True:
        try:
            async with asyncio.timeout(BEAT_S):
                frame = await outbox.take()
        except TimeoutError:
            yield BEAT
            continue
        try:
            await callers.find(secret)
        except Problem as problem:
            yield _ended(problem)
            return
        if frame:
            yield (frame if frame.startswith("id: ") else f"event: problem\ndata: {frame}\n\n").encode()


def _ended(problem: Problem) -> bytes:
    fields = {"type": "error", "id": None, "reason": problem.detail, "code": problem.code}
    return b"event: problem\ndata: " + orjson.dumps(fields) + b"\n\n"
