"""Looks that are shared: one for all that was asked for lately, as a look at many costs little more than one."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# So many are looked at beside the one that is due, at most: a look must not hold up others for long.
BESIDE_MAX = 50


@dataclass(slots=True)
class _Look(Generic[K, V]):
    """A look, under way or done, and when it began."""

    at_s: float
    task: asyncio.Task[Mapping[K, V]]


class Together(Generic[K, V]):
    """What `look` finds, for `kept_s` after it began; at most `most` keys are kept."""

    def __init__(
        self,
        look: Callable[[Collection[K]], Awaitable[Mapping[K, V]]],
        kept_s: float,
        most: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._kept_s = kept_s
        self._most = most
        self._clock = clock
        self._looks: OrderedDict[K, _Look[K, V]] = OrderedDict()
        # What was found since the last look began, and so is asked for again.
        self._asked: dict[K, None] = {}

    def __contains__(self, key: K) -> bool:
        """Whether a key was found when it was last looked for, or is being looked for."""
        return key in self._looks

    async def get(self, key: K) -> V | None:
        """Return what is found of a key, None where there is nothing. Raises what `look` raises."""
        look = self._looks.get(key)
        if look is None or self._clock() - look.at_s >= self._kept_s:
            look = self._begin(key)
        try:
            # Others wait for it too.
            found = (await asyncio.shield(look.task)).get(key)
        except Exception:
            self._drop(key, look)
            raise
        if found is None:
            self._drop(key, look)
        else:
            self._asked[key] = None
        return found

    def done(self) -> Iterator[tuple[K, V | None]]:
        """Yield each key with what was found of it; None while that is not known yet."""
        for key, look in list(self._looks.items()):
            is_found = look.task.done() and not look.task.cancelled() and look.task.exception() is None
            yield key, look.task.result().get(key) if is_found else None

    def forget(self, key: K) -> None:
        """Look for a key anew when it is next asked for."""
        self._looks.pop(key, None)

    def _begin(self, key: K) -> _Look[K, V]:
        wanted = {key: None} | dict.fromkeys(islice(self._asked, BESIDE_MAX))
        self._asked = {}
        look = _Look(self._clock(), asyncio.ensure_future(self._found(list(wanted))))
        for one in wanted:
            self._looks[one] = look
            self._looks.move_to_end(one)
        while len(self._looks) > self._most:
            self._looks.popitem(last=False)
        return look

    async def _found(self, keys: Collection[K]) -> Mapping[K, V]:
        return await self._look(keys)

    def _drop(self, key: K, look: _Look[K, V]) -> None:
        if self._looks.get(key) is look:
            del self._looks[key]
