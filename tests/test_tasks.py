"""Tasks end even if a library swallows a cancellation."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from apps.live.hub import Hub
from core.contracts import group
from twitchly import tasks
from twitchly.tasks import cancel

HANG_S = 30


@pytest.fixture(autouse=True)
def short_cancel_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "CANCEL_EVERY_S", 0.01)


class StubbornWait:
    """A wait that swallows its first cancellation, as `asyncio.wait_for` in Python 3.11 may."""

    def __init__(self) -> None:
        self.is_waiting, self.swallowed = asyncio.Event(), 0

    async def wait(self) -> None:
        try:
            self.is_waiting.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if self.swallowed:
                raise
            self.swallowed += 1


async def test_tasks_are_canceled_until_they_have_ended() -> None:
    async def follow(wait: StubbornWait) -> None:
        while True:
            await wait.wait()

    waits = [StubbornWait(), StubbornWait()]
    following = [asyncio.create_task(follow(wait)) for wait in waits]
    for wait in waits:
        await wait.is_waiting.wait()
    async with asyncio.timeout(HANG_S):
        await cancel(*following)
    assert all(task.cancelled() for task in following)
    assert [wait.swallowed for wait in waits] == [1, 1]


async def test_an_ended_task_keeps_its_error() -> None:
    async def fail() -> None:
        raise ValueError("broken")

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    await cancel(task)
    with pytest.raises(ValueError, match="broken"):
        task.result()


async def test_a_hub_closes_even_if_its_channel_layer_swallows_a_cancellation() -> None:
    wait = StubbornWait()

    class Layer:
        async def new_channel(self) -> str:
            return "channel"

        async def group_add(self, name: str, channel: str) -> None:
            pass

        async def group_discard(self, name: str, channel: str) -> None:
            pass

        async def receive(self, _channel: str) -> Any:
            await wait.wait()
            return group.SessionEnded("none").to_message()

    cache: Any = None
    connection: Any = None
    hub = Hub(Layer(), cache)
    hub.join("session", connection)
    await wait.is_waiting.wait()
    async with asyncio.timeout(HANG_S):
        await hub.aclose()
    assert wait.swallowed == 1
