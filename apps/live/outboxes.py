"""Outboxes: the newest-wins queue of each socket, one payload per subscription, so a slow reader costs no memory."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from apps.live.subscriptions import SubscriptionSpec

# A socket that has read nothing for this long, although frames are pending, is closed.
BACKLOG_S = 60.0
# Pending error frames. The socket is closed before this many accumulate.
ERRORS_MAX = 20


@dataclass(frozen=True, slots=True)
class Payload:
    """The state of one subscription spec, as the inside of a JSON object; `content` is the complete state.

    `changes` is the difference to the payload numbered before it, for a page that received that one; None if there is
    no difference to send. `at_ms` is the time it was built.
    """

    content: str
    number: int = 0
    changes: str | None = None
    at_ms: int = 0


class Subscription:
    """One subscription of a page and its pending payload. The first frame is a snapshot, later ones are pushes."""

    def __init__(self, name: str, spec: SubscriptionSpec) -> None:
        self.spec = spec
        self._id = json.dumps(name)
        self._seq = 0
        self._sent_number: int | None = None
        self._pending: Payload | None = None

    @property
    def pending_at_ms(self) -> int | None:
        """The time at which the pending payload was built."""
        return self._pending.at_ms if self._pending else None

    def put(self, payload: Payload) -> None:
        self._pending = payload

    def frame(self) -> str:
        """Return the pending payload as a numbered frame, without encoding the shared content again."""
        payload, self._pending = self._pending, None
        assert payload is not None  # noqa: S101  called only while a payload is pending
        is_next = payload.changes is not None and self._sent_number == payload.number - 1
        self._sent_number, self._seq = payload.number, self._seq + 1
        kind = "snapshot" if self._seq == 1 else "push"
        content = payload.changes if is_next else payload.content
        return f'{{"type":"{kind}","id":{self._id},"seq":{self._seq},{content}}}'


class Outbox:
    """The pending frames of one socket: one payload per subscription.

    `session` is the digest of the session that opened the socket. `frames_sent` counts the frames it has taken.
    """

    def __init__(
        self, session: str, make_subscription: Callable[[str, SubscriptionSpec], Subscription] = Subscription
    ) -> None:
        self.session = session
        self._make_subscription = make_subscription
        self.subscriptions: dict[str, Subscription] = {}
        self._pending: dict[str, None] = {}
        self._errors: deque[str] = deque(maxlen=ERRORS_MAX)
        self._needs_auth_check = False
        self._pending_since_s: float | None = None
        self.is_abandoned = False
        self.frames_sent = 0
        self.on_abandon: Callable[[], object] = lambda: None
        self._changed = asyncio.Event()

    def subscribe(self, name: str, spec: SubscriptionSpec) -> None:
        """Add a subscription, or replace the one of the same name."""
        self.unsubscribe(name)
        self.subscriptions[name] = self._make_subscription(name, spec)

    def unsubscribe(self, name: str) -> None:
        """Remove a subscription if it exists."""
        self.subscriptions.pop(name, None)
        self._pending.pop(name, None)

    def put(self, payloads: Mapping[SubscriptionSpec, Payload], now_s: float) -> None:
        """Replace the pending payload of each subscription that has a new one."""
        for name, subscription in self.subscriptions.items():
            if subscription.spec in payloads:
                self._put(name, subscription, payloads[subscription.spec])
        if self._pending and self._pending_since_s is None:
            self._pending_since_s = now_s

    def is_stuck(self, now_s: float) -> bool:
        """Tell whether frames have been pending for BACKLOG_S without any being taken."""
        return self._pending_since_s is not None and now_s - self._pending_since_s >= BACKLOG_S

    def put_snapshot(self, name: str, spec: SubscriptionSpec, payload: Payload) -> None:
        """Queue the snapshot of one subscription, unless its spec has changed meanwhile."""
        subscription = self.subscriptions.get(name)
        if subscription is not None and subscription.spec == spec:
            self._put(name, subscription, payload)

    def put_error(self, reason: str, name: str | None) -> None:
        """Queue an error frame; `name` is the subscription it concerns."""
        self._errors.append(json.dumps({"type": "error", "id": name, "reason": reason}))
        self._changed.set()

    @property
    def has_pending(self) -> bool:
        """Whether `take` would return at once."""
        return bool(self._pending or self._errors or self._needs_auth_check)

    @property
    def has_errors(self) -> bool:
        """Whether error frames are pending."""
        return bool(self._errors)

    def abandon(self) -> None:
        """Give up on a socket whose page reads nothing."""
        self.is_abandoned = True
        self.on_abandon()

    def request_auth_check(self) -> None:
        """Make the socket check its session before it takes another frame."""
        self._needs_auth_check = True
        self._changed.set()

    async def take(self) -> str | None:
        """Wait for the next frame and return it; None if the socket must check its session first."""
        while True:
            await self._changed.wait()
            if self._needs_auth_check:
                self._needs_auth_check = False
                return None
            if self._errors:
                return self._errors.popleft()
            if self._pending:
                self._pending_since_s = None
                self.frames_sent += 1
                name = next(iter(self._pending))
                del self._pending[name]
                return self.subscriptions[name].frame()
            self._changed.clear()

    def _put(self, name: str, subscription: Subscription, payload: Payload) -> None:
        subscription.put(payload)
        self._pending[name] = None
        self._changed.set()
