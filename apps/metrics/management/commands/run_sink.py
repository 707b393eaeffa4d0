"""Run a sink: write windows from Kafka to Cassandra (history) or to the boards in Redis (boards)."""

from __future__ import annotations

import argparse
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand

from apps.metrics.boards import BoardWriter, ranking_thresholds
from apps.metrics.boards_sink import BoardsSink
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.dead_letters import DeadLetters
from apps.metrics.history_sink import HISTORY_TOPICS, HistorySink
from apps.metrics.sink_telemetry import SinkCollector, SinkCounts, SinkHeartbeatSource
from apps.metrics.store import WindowStore
from core.contracts.heartbeats import BoardsHeartbeat, HistoryHeartbeat, SinkHeartbeat
from twitchly import heartbeats, kafka
from twitchly.arguments import whole_number
from twitchly.clock import now_ms
from twitchly.shutdown import Stop
from twitchly.telemetry import try_to_serve


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("sink", choices=["history", "boards"])
        parser.add_argument("--name", default="1", help="unique among the sinks of this kind")
        parser.add_argument("--metrics-port", type=whole_number, help="port of the Prometheus endpoint, 0 for none")

    def handle(self, *_args: Any, sink: str, name: str, metrics_port: int | None, **_options: Any) -> None:
        stop, counts = Stop(), SinkCounts()
        try_to_serve(SinkCollector(counts, now_ms), _port(sink) if metrics_port is None else metrics_port)
        kind: type[SinkHeartbeat] = HistoryHeartbeat if sink == "history" else BoardsHeartbeat
        heartbeats.start_heartbeat(SinkHeartbeatSource(kind, name, counts, now_ms))
        for topic in HISTORY_TOPICS:
            kafka.wait_for_topic(topic, stop)
        # Static membership: a sink that is restarted gets its partitions back immediately.
        consumer = kafka.consumer(sink, **{"group.instance.id": f"sink-{sink}-{name}"})
        try:
            if sink == "history":
                self._history(consumer, counts, stop)
            else:
                self._boards(consumer, counts, stop)
        finally:
            consumer.close()

    def _history(self, consumer: Any, counts: SinkCounts, stop: Stop) -> None:
        store = WindowStore()
        history = HistorySink(consumer, store, BroadcastStore(store), DeadLetters(kafka.producer()), counts)
        while not stop():
            history.step(stop)

    def _boards(self, consumer: Any, counts: SinkCounts, stop: Stop) -> None:
        client = redis.Redis.from_url(settings.REDIS_BOARDS_URL, socket_timeout=5)
        boards = BoardsSink(consumer, BoardWriter(client, ranking_thresholds()), counts)
        try:
            while not stop():
                boards.step(stop)
        finally:
            boards.close()


def _port(sink: str) -> int:
    return int(settings.HISTORY_METRICS_PORT if sink == "history" else settings.BOARDS_METRICS_PORT)
