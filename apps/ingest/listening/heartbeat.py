"""Heartbeat gauges of a producer. Called in a separate thread; read-only."""

from __future__ import annotations

import time
from collections.abc import Mapping

from apps.ingest.listening.producer import ChatProducer
from core.ops.health import Gauge
from twitchly.heartbeats import Rate


class ProducerHeartbeat:
    """Callable that returns the gauges: channels, rates, queue lengths and losses."""

    def __init__(self, producer: ChatProducer) -> None:
        self._producer = producer
        self._heard, self._acked = Rate(), Rate()

    def __call__(self) -> Mapping[str, Gauge]:
        producer, now_s = self._producer, time.monotonic()
        writer, connections = producer.writer, list(producer.pool.connections)
        lost = sum(n for name, n in dict(writer.counts).items() if name.startswith("lost by "))
        return {
            "wanted": len(producer.tracker.tracked),
            "confirmed": producer.recorder.heard,
            "connections": len(connections),
            "quiet_s": min((connection.quiet_ms / 1000 for connection in connections), default=0.0),
            "heard_per_s": self._heard.per_s(producer.intake.heard, now_s),
            "acked_per_s": self._acked.per_s(writer.acked, now_s),
            "waiting": writer.buffered + writer.in_flight,
            "lost": lost,
            "is_held": writer.is_held(),
        }
