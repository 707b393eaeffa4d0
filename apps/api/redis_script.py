"""Lua scripts in Redis, whose calls share round trips."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

import redis


class BatchedScript:
    """Runs a script in Redis; calls made while an answer is under way are sent together, in one round trip."""

    def __init__(self, client: Any, text: str) -> None:
        self._client = client
        self._text = text
        self._digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        self._waiting: list[tuple[Sequence[Any], asyncio.Future[Any]]] = []
        self._sending: asyncio.Task[None] | None = None

    async def run(self, keys: Sequence[str], arguments: Sequence[float]) -> Any:
        """Return what the script returns. Raises: redis.RedisError, OSError."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(((len(keys), *keys, *arguments), future))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())
        return await future

    async def _send(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting, []
            try:
                found = await self._run([words for words, _ in together])
            except Exception as error:  # theirs, who wait for it
                found = [error] * len(together)
            for (_, future), one in zip(together, found, strict=True):
                if future.done():
                    continue
                if isinstance(one, Exception):
                    future.set_exception(one)
                else:
                    future.set_result(one)

    async def _run(self, calls: Sequence[Sequence[Any]]) -> list[Any]:
        found = await self._once(calls)
        unknown = [at for at, one in enumerate(found) if isinstance(one, redis.exceptions.NoScriptError)]
        if unknown:
            await self._client.script_load(self._text)
            for at, one in zip(unknown, await self._once([calls[at] for at in unknown]), strict=True):
                found[at] = one
        return found

    async def _once(self, calls: Sequence[Sequence[Any]]) -> list[Any]:
        async with self._client.pipeline(transaction=False) as pipe:
            for words in calls:
                pipe.evalsha(self._digest, *words)
            found: list[Any] = await pipe.execute(raise_on_error=False)
        return found
