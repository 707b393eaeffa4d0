"""What a producer tells of itself for the status of the whole. Called in a thread of its own; it only reads."""

from __future__ import annotations

import time
from collections.abc import Mapping

from apps.ingest.listening.producer import ChatProducer
from core.ops.health import Gauge
from twitchly.heartbeats import Rate


class ProducerVitals:
    """How many channels are heard, how fast chat comes and leaves, and what was lost."""

    def __init__(self, producer: ChatProducer) -> None:
        self._producer = producer
        self._heard, self._acked = Rate(), Rate()

    def __call__(self) -> Mapping[str, Gauge]:
        producer, now_s = self._producer, time.monotonic()
        writer, connections = producer.writer, list(producer.listener.connections)
        lost = sum(n for name, n in dict(writer.counts).items() if name.startswith("lost by "))
        return {
            "wanted": len(producer.wanted),
            "confirmed": producer.coverage.heard(),
            "connections": len(connections),
            "quiet_s": min((one.quiet_ms / 1000 for one in connections), default=0.0),
            "heard_per_s": self._heard.per_s(producer.intake.heard, now_s),
            "acked_per_s": self._acked.per_s(writer.acked, now_s),
            "waiting": writer.buffered + writer.in_flight,
            "lost": lost,
            "is_held": writer.is_held(),
        }
