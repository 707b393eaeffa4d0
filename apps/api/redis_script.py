"""Lua scripts in Redis, called in batches that share round trips."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

import redis


class BatchedScript:
    """Runs a script in Redis. Calls made during a round trip are sent together in the next one."""

    def __init__(self, client: Any, text: str) -> None:
        self._redis = client
        self._text = text
        self._digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        self._pending: list[tuple[Sequence[Any], asyncio.Future[Any]]] = []
        self._send_task: asyncio.Task[None] | None = None

    async def run(self, keys: Sequence[str], arguments: Sequence[float]) -> Any:
        """Return what the script returns. Raises: redis.RedisError, OSError."""
        future = asyncio.get_running_loop().create_future()
        self._pending.append(((len(keys), *keys, *arguments), future))
        if self._send_task is None or self._send_task.done():
            self._send_task = asyncio.create_task(self._send())
        return await future

    async def _send(self) -> None:
        while self._pending:
            batch, self._pending = self._pending, []
            try:
                results = await self._run_batch([call for call, _ in batch])
            except Exception as error:  # raised in the callers, through their futures
                results = [error] * len(batch)
            for (_, future), result in zip(batch, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)

    async def _run_batch(self, calls: Sequence[Sequence[Any]]) -> list[Any]:
        results = await self._send_batch(calls)
        failed = [i for i, result in enumerate(results) if isinstance(result, redis.exceptions.NoScriptError)]
        if failed:
            # Redis was restarted or flushed: load the script and repeat the calls.
            await self._redis.script_load(self._text)
            for i, result in zip(failed, await self._send_batch([calls[i] for i in failed]), strict=True):
                results[i] = result
        return results

    async def _send_batch(self, calls: Sequence[Sequence[Any]]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for arguments in calls:
                pipe.evalsha(self._digest, *arguments)
            results: list[Any] = await pipe.execute(raise_on_error=False)
        return results
