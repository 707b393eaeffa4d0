"""Floods: temporary bursts of messages in a few channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from uuid import UUID

from simulator.faults import Fault
from simulator.source import Channel, Chat, Chatter

SHOUTS = ("GOAL", "again!!", "what a shot", "no way", "let's go", "clip that", "wow wow wow", "unreal", "one more")
PEOPLE = [Chatter(str(2_000_000_000 + number), f"guest_{number}", f"Guest_{number}") for number in range(500)]


class Flood:
    """The messages of one flood fault, at a constant rate."""

    def __init__(self, fault: Fault, channels: Sequence[Channel]) -> None:
        self._fault = fault
        self._channels = channels
        self._random = Random(f"{fault.id} {fault.from_ms}")
        self._sent = 0

    def due(self, now_ms: int) -> Iterator[Chat]:
        """Yield the messages due by `now_ms`, oldest first; messages that are not consumed remain due."""
        while self._channels and self._fault.rate and self._due_ms() <= min(now_ms, self._fault.until_ms - 1):
            chat = self._chat(self._due_ms())
            self._sent += 1
            yield chat

    def _due_ms(self) -> float:
        return self._fault.from_ms + self._sent * 1000 / self._fault.rate

    def _chat(self, due_ms: float) -> Chat:
        draw = self._random
        return Chat(
            id=str(UUID(int=draw.getrandbits(128), version=4)),
            channel=self._channels[self._sent % len(self._channels)],
            chatter=draw.choice(PEOPLE),
            text=f"{draw.choice(SHOUTS)} {draw.randrange(1_000)}",
            due_ms=due_ms,
        )


class Floods:
    """The active floods, by fault id."""

    def __init__(self) -> None:
        self._floods: dict[str, Flood] = {}

    def begin(self, fault: Fault, channels: Sequence[Channel]) -> None:
        """Start a flood in these channels."""
        self._floods[fault.id] = Flood(fault, channels)

    def end(self, fault: Fault) -> None:
        """End a flood; due messages that were not consumed are never sent."""
        self._floods.pop(fault.id, None)

    def due(self, now_ms: int) -> Iterator[Chat]:
        """Yield the messages due by `now_ms`, one flood after the other."""
        for flood in self._floods.values():
            yield from flood.due(now_ms)
