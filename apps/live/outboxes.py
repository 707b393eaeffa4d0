"""What waits for a socket: of each of its subscriptions only the newest state, so a slow reader costs no memory."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from apps.live.subscriptions import Wish

# Who takes nothing for so long while something waits has no use for it.
BACKLOG_S = 60.0
# Answers to bad frames: before there are as many, the socket is closed.
ERRORS_MAX = 20


@dataclass(frozen=True, slots=True)
class Filling:
    """The state of one wish, as the inside of a JSON object; `body` is all of it.

    `changes` is what is new since the filling numbered before it, for who took that one; None where there is no such.
    `at_ms` is when it was made.
    """

    body: str
    number: int = 0
    changes: str | None = None
    at_ms: int = 0


class Subscription:
    """One wish of a page, and what waits for it. The first frame is its snapshot, the later ones are pushes."""

    def __init__(self, name: str, wish: Wish) -> None:
        self.wish = wish
        self._id = json.dumps(name)
        self._seq = 0
        self._taken: int | None = None
        self._filling: Filling | None = None

    @property
    def waits_ms(self) -> int | None:
        """When what waits was made."""
        return self._filling.at_ms if self._filling else None

    def fill(self, filling: Filling) -> None:
        self._filling = filling

    def frame(self) -> str:
        """Return what waits as a frame, and count it; the shared body is not encoded again."""
        filling, self._filling = self._filling, None
        assert filling is not None  # noqa: S101  asked only when something waits
        follows = filling.changes is not None and self._taken == filling.number - 1
        self._taken, self._seq = filling.number, self._seq + 1
        kind = "snapshot" if self._seq == 1 else "push"
        body = filling.changes if follows else filling.body
        return f'{{"type":"{kind}","id":{self._id},"seq":{self._seq},{body}}}'


class Slot:
    """Room for one filling a subscription of one socket; `session` is the digest of the session it was opened with.

    `frames` is how many it has taken.
    """

    def __init__(self, session: str, subscription: Callable[[str, Wish], Subscription] = Subscription) -> None:
        self.session = session
        self._subscription = subscription
        self.subscriptions: dict[str, Subscription] = {}
        self._ready: dict[str, None] = {}
        self._errors: deque[str] = deque(maxlen=ERRORS_MAX)
        self._must_check = False
        self._waits_since_s: float | None = None
        self.given_up = False
        self.frames = 0
        self.on_give_up: Callable[[], object] = lambda: None
        self._filled = asyncio.Event()

    def subscribe(self, name: str, wish: Wish) -> None:
        """Begin, or begin anew with another wish."""
        self.unsubscribe(name)
        self.subscriptions[name] = self._subscription(name, wish)

    def unsubscribe(self, name: str) -> None:
        """End a subscription; one that does not exist has ended already."""
        self.subscriptions.pop(name, None)
        self._ready.pop(name, None)

    def fill(self, fillings: Mapping[Wish, Filling], now_s: float) -> None:
        """Take what is new of what this socket wishes for, in place of what it has not taken."""
        for name, subscription in self.subscriptions.items():
            if subscription.wish in fillings:
                self._fill(name, subscription, fillings[subscription.wish])
        if self._ready and self._waits_since_s is None:
            self._waits_since_s = now_s

    def is_stuck(self, now_s: float) -> bool:
        """Say whether something has waited for too long and nothing was taken."""
        return self._waits_since_s is not None and now_s - self._waits_since_s >= BACKLOG_S

    def fill_one(self, name: str, wish: Wish, filling: Filling) -> None:
        """Take the snapshot of one subscription, unless it has another wish by now."""
        subscription = self.subscriptions.get(name)
        if subscription is not None and subscription.wish == wish:
            self._fill(name, subscription, filling)

    def say_error(self, reason: str, name: str | None) -> None:
        """Tell why something was not done; `name` is the subscription it is about."""
        self._errors.append(json.dumps({"type": "error", "id": name, "reason": reason}))
        self._filled.set()

    @property
    def waits(self) -> bool:
        """Whether there is anything to take."""
        return bool(self._ready or self._errors or self._must_check)

    @property
    def has_errors(self) -> bool:
        """Whether answers to bad frames still wait."""
        return bool(self._errors)

    def give_up(self) -> None:
        """Tell the socket that its page takes nothing."""
        self.given_up = True
        self.on_give_up()

    def ask_whether_allowed(self) -> None:
        """Let the socket look whether it may stay before it takes anything more."""
        self._must_check = True
        self._filled.set()

    async def take(self) -> str | None:
        """Return the next frame as soon as there is one; None when the socket must look whether it may stay."""
        while True:
            await self._filled.wait()
            if self._must_check:
                self._must_check = False
                return None
            if self._errors:
                return self._errors.popleft()
            if self._ready:
                self._waits_since_s = None
                self.frames += 1
                name = next(iter(self._ready))
                del self._ready[name]
                return self.subscriptions[name].frame()
            self._filled.clear()

    def _fill(self, name: str, subscription: Subscription, filling: Filling) -> None:
        subscription.fill(filling)
        self._ready[name] = None
        self._filled.set()
