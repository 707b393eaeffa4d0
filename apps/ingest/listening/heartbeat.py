"""Heartbeat of a producer."""

from __future__ import annotations

import time
from collections.abc import Callable

from apps.ingest.listening.producer import ChatProducer
from core.contracts.heartbeats import ProducerHeartbeat
from twitchly.heartbeats import Rate


class ProducerHeartbeatSource:
    """Callable that returns the current heartbeat of a producer. Called in a separate thread; read-only."""

    def __init__(self, producer: ChatProducer, name: str, now_ms: Callable[[], int]) -> None:
        self._producer = producer
        self._name = name
        self._now_ms = now_ms
        self._heard, self._acked = Rate(), Rate()

    def __call__(self) -> ProducerHeartbeat:
        producer, now_s = self._producer, time.monotonic()
        writer, connections = producer.writer, list(producer.pool.connections)
        return ProducerHeartbeat(
            name=self._name,
            at_ms=self._now_ms(),
            wanted=len(producer.tracker.tracked),
            confirmed=producer.recorder.heard,
            connections=len(connections),
            quiet_s=min((connection.quiet_ms / 1000 for connection in connections), default=None),
            heard_per_s=self._heard.per_s(producer.intake.heard, now_s),
            acked_per_s=self._acked.per_s(writer.counts.acked, now_s),
            waiting=writer.buffered + writer.in_flight,
            lost=sum(dict(writer.counts.lost).values()),
            is_held=writer.is_held(),
        )
