"""The services of a web process from startup to shutdown."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from starlette.routing import Router

from apps.api.models import Usage
from apps.live.services import live_services
from tests.api.conftest import new_key
from twitchly.entry.lifespan import open_services


class Server:
    """The server side of the ASGI lifespan protocol."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {"type": "lifespan", "state": {}}
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.replies: asyncio.Queue[Any] = asyncio.Queue()

    async def send(self, kind: str) -> str:
        await self.events.put({"type": f"lifespan.{kind}"})
        async with asyncio.timeout(60):
            return str((await self.replies.get())["type"])


@pytest.mark.django_db(transaction=True)
async def test_a_shutdown_saves_unsaved_usage() -> None:
    key, _ = await sync_to_async(new_key)()
    server, application = Server(), Router(lifespan=lambda _application: open_services())
    running = asyncio.create_task(application(server.scope, server.events.get, server.replies.put))
    assert await server.send("startup") == "lifespan.startup.complete"
    services = server.scope["state"]["api"]
    assert services.hub is live_services(server.scope).hub
    services.usage.record(key.pk, "")
    assert await server.send("shutdown") == "lifespan.shutdown.complete"
    await running
    assert (await Usage.objects.aget(key=key)).requests == 1
