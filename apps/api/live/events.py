"""Server-sent events: the frames of the pages' sockets, each with an id to resume from.

An id contains the time of the last frame of each subscription and a digest of the subscriptions. Frames are complete,
so a client that resumes gets one snapshot for each subscription that has a newer frame. An id that belongs to other
subscriptions or is from the future is ignored, and the client gets a snapshot of every subscription.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from functools import partial

import orjson

from apps.api.keys.queries import ApiClient
from apps.api.keys.revocation import session_name
from apps.api.live.connections import ConnectionLease
from apps.api.lookups import ApiClientCache
from apps.api.problems import Problem
from apps.api.process import ApiServices
from apps.live.outboxes import Outbox, Subscription
from apps.live.subscriptions import Subscribe, SubscriptionSpec
from twitchly.clock import now_ms

# Proxies close idle connections after about a minute.
KEEPALIVE_S = 15.0
RETRY_MS = 2_000
KEEPALIVE = b": \n\n"


class StreamPosition:
    """The times of the newest frames sent to a client, by subscription; `last_id` is the id to resume from."""

    def __init__(self, subscriptions: Sequence[Subscribe], last_id: str, now_ms: int) -> None:
        self._digest = hashlib.blake2b(repr(subscriptions).encode(), digest_size=6).hexdigest()
        self._sent_ms = _parse_id(last_id, [subscription.id for subscription in subscriptions], self._digest, now_ms)
        self._resumed_ms = dict(self._sent_ms)

    def includes(self, name: str, at_ms: int) -> bool:
        """Return whether the client received the frame of this time or a later one before it resumed."""
        return at_ms <= self._resumed_ms.get(name, 0)

    def advance(self, name: str, at_ms: int) -> str:
        """Move past a frame and return its id."""
        # From here on, every frame is sent, because a clock that is set back must not silence the stream.
        self._resumed_ms.pop(name, None)
        self._sent_ms[name] = at_ms
        return "-".join((*map(str, self._sent_ms.values()), self._digest))


def _parse_id(last_id: str, names: Sequence[str], digest: str, now_ms: int) -> dict[str, int]:
    """Return the times in an id, by subscription.

    All are 0 if the id is malformed, belongs to other subscriptions, or is from the future.
    """
    *times, suffix = last_id.split("-")
    if suffix == digest and len(times) == len(names) and all(re.fullmatch("[0-9]{1,15}", time) for time in times):
        sent_ms = dict(zip(names, map(int, times), strict=True))
        if max(sent_ms.values()) <= now_ms:
            return sent_ms
    return dict.fromkeys(names, 0)


class EventSubscription(Subscription):
    """Writes frames as events, omitting frames that the client already has."""

    def __init__(self, name: str, spec: SubscriptionSpec, position: StreamPosition) -> None:
        super().__init__(name, spec)
        self._name = name
        self._position = position

    def frame(self) -> bytes:
        at_ms = self.pending.at_ms if self.pending else 0
        frame = super().frame()
        if self._position.includes(self._name, at_ms):
            return b""
        return b"id: %b\ndata: %b\n\n" % (self._position.advance(self._name, at_ms).encode(), frame)


class EventStream:
    """An SSE connection. Its task waits for `changed`, then takes the frames from the outbox."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self._task = asyncio.current_task()

    def flush(self) -> None:
        self.changed.set()

    def check_session(self) -> None:
        self.changed.set()

    def abandon(self) -> None:
        if self._task is not None:
            self._task.cancel()


async def event_stream(
    services: ApiServices,
    client: ApiClient,
    key_digest: str,
    subscriptions: Sequence[Subscribe],
    last_id: str,
    lease: ConnectionLease,
) -> AsyncIterator[bytes]:
    """Yield the events of a stream until its client disconnects or the client's key becomes invalid."""
    hub, stream = services.hub, EventStream()
    position = StreamPosition(subscriptions, last_id, now_ms())
    outbox = hub.join(session_name(client.key_id), stream, partial(EventSubscription, position=position))
    try:
        yield f"retry: {RETRY_MS}\n\n".encode()
        for subscription in subscriptions:
            await hub.subscribe(outbox, subscription)
        async for event in _events(outbox, stream.changed, services.clients, key_digest):
            yield event
    finally:
        hub.leave(outbox)
        await lease.release()


async def _events(
    outbox: Outbox, changed: asyncio.Event, clients: ApiClientCache, key_digest: str
) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(KEEPALIVE_S):
                await changed.wait()
        except TimeoutError:
            yield KEEPALIVE
            continue
        changed.clear()
        try:
            await clients.find(key_digest)
        except Problem as problem:
            yield _closing_event(problem)
            return
        frames = outbox.take()
        if outbox.has_pending:
            changed.set()
        for frame in filter(None, frames):
            yield frame if frame.startswith(b"id: ") else b"event: problem\ndata: %b\n\n" % frame


def _closing_event(problem: Problem) -> bytes:
    fields = {"type": "error", "id": None, "reason": problem.detail, "code": problem.code}
    return b"event: problem\ndata: " + orjson.dumps(fields) + b"\n\n"
