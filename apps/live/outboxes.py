"""Outboxes: each socket's queue of the newest payload per subscription. A slow client's queue does not grow."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from apps.live.subscriptions import SubscriptionSpec

# A socket that has read nothing for this long, although frames are pending, is closed.
BACKLOG_S = 60.0
# Maximum number of pending error frames. The socket is closed before this many accumulate.
ERRORS_MAX = 20
# Frames are taken in batches of about this size, so that at most one batch exceeds the room that a client has left.
BATCH_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Payload:
    """The state of one subscription spec, as JSON members without braces; `content` is the complete state.

    `changes` is the difference from the payload with the previous number, for pages that received that payload. If it
    is None, the complete state is sent. `at_ms` is the time at which the payload was built.
    """

    content: bytes
    number: int = 0
    changes: bytes | None = None
    at_ms: int = 0


class Subscription:
    """One subscription of a page and its pending payload. The first frame is a snapshot, later ones are pushes."""

    def __init__(self, name: str, spec: SubscriptionSpec) -> None:
        self.spec = spec
        self.pending: Payload | None = None
        self._id = json.dumps(name).encode()
        self._seq = 0
        self._sent_number: int | None = None

    def frame(self) -> bytes:
        """Return the pending payload as a numbered frame, without encoding the shared content again."""
        payload, self.pending = self.pending, None
        assert payload is not None  # noqa: S101  called only while a payload is pending
        is_next = self._sent_number == payload.number - 1
        self._sent_number, self._seq = payload.number, self._seq + 1
        kind = b"snapshot" if self._seq == 1 else b"push"
        content = payload.changes if is_next and payload.changes is not None else payload.content
        return b'{"type":"%b","id":%b,"seq":%d,%b}' % (kind, self._id, self._seq, content)


class Connection(Protocol):
    """The hub's interface to a socket or event stream. Its methods never block, because clients are served in turn."""

    def flush(self) -> None:
        """Take frames from the outbox if the client has room for them."""

    def check_session(self) -> None:
        """Check, before sending another frame, whether the client may still receive frames."""

    def abandon(self) -> None:
        """Give up on a client that has stopped reading."""


class Outbox:
    """The pending frames of one connection: one payload per subscription.

    `session` is the digest of the session that opened the connection. `frames_sent` counts the payloads taken so far.
    """

    def __init__(
        self,
        session: str,
        connection: Connection,
        subscribers: Subscribers,
        make_subscription: Callable[[str, SubscriptionSpec], Subscription] = Subscription,
    ) -> None:
        self.session = session
        self.connection = connection
        self.subscriptions: dict[str, Subscription] = {}
        self.frames_sent = 0
        self._subscribers = subscribers
        self._make_subscription = make_subscription
        # Ordered. A payload that replaces a pending one takes its position.
        self._pending: dict[Subscription, None] = {}
        self._pending_since_s: float | None = None
        self._errors: deque[bytes] = deque(maxlen=ERRORS_MAX)

    def subscribe(self, name: str, spec: SubscriptionSpec) -> None:
        """Add a subscription, or replace the one with the same name."""
        self.unsubscribe(name)
        subscription = self.subscriptions[name] = self._make_subscription(name, spec)
        self._subscribers.setdefault(spec, {})[subscription] = self

    def unsubscribe(self, name: str) -> None:
        """Remove a subscription if it exists."""
        subscription = self.subscriptions.pop(name, None)
        if subscription is None:
            return
        self._pending.pop(subscription, None)
        del self._subscribers[subscription.spec][subscription]
        if not self._subscribers[subscription.spec]:
            del self._subscribers[subscription.spec]

    def put(self, subscription: Subscription, payload: Payload) -> None:
        """Replace the pending payload of a subscription; `flush` sends it."""
        subscription.pending = payload
        self._pending[subscription] = None

    def put_snapshot(self, name: str, spec: SubscriptionSpec, payload: Payload) -> None:
        """Send a subscription's snapshot, unless the spec has changed in the meantime."""
        subscription = self.subscriptions.get(name)
        if subscription is not None and subscription.spec == spec:
            self.put(subscription, payload)
            self.connection.flush()

    def put_error(self, reason: str, name: str | None) -> None:
        """Send an error frame; `name` is the subscription that the error concerns."""
        self._errors.append(json.dumps({"type": "error", "id": name, "reason": reason}).encode())
        self.connection.flush()

    def flush(self, now_s: float) -> None:
        """Send the frames of a tick."""
        if self._pending:
            self.connection.flush()
        if self._pending and self._pending_since_s is None:
            self._pending_since_s = now_s

    def is_stuck(self, now_s: float) -> bool:
        """Return whether frames have been pending for BACKLOG_S and none was taken."""
        return self._pending_since_s is not None and now_s - self._pending_since_s >= BACKLOG_S

    @property
    def has_pending(self) -> bool:
        """True if `take` would return frames."""
        return bool(self._pending or self._errors)

    @property
    def has_errors(self) -> bool:
        """True if error frames are pending."""
        return bool(self._errors)

    def take(self) -> list[bytes]:
        """Return the next pending frames, errors first, until their total size reaches BATCH_BYTES."""
        frames = list(self._errors)
        self._errors.clear()
        size = 0
        while self._pending and size < BATCH_BYTES:
            subscription = next(iter(self._pending))
            del self._pending[subscription]
            frames.append(subscription.frame())
            size += len(frames[-1])
            self.frames_sent += 1
            self._pending_since_s = None
        return frames


# Subscriptions by spec, with their outboxes.
Subscribers = dict[SubscriptionSpec, dict[Subscription, Outbox]]
