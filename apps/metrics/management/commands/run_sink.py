"""Carry windows from Kafka into Cassandra (history) or onto the boards in Redis (boards)."""

from __future__ import annotations

import argparse
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand

from apps.metrics.boards import BoardWriter, floors_in_force
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.dead_letters import DeadLetters
from apps.metrics.sinks import HISTORY_TOPICS, BoardsSink, HistorySink
from apps.metrics.store import WindowStore
from twitchly import kafka
from twitchly.running import Stop


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("sink", choices=["history", "boards"])
        parser.add_argument("--name", default="1", help="unique among the sinks of this kind")

    def handle(self, *_args: Any, sink: str, name: str, **_options: Any) -> None:
        stop = Stop()
        for topic in HISTORY_TOPICS:
            kafka.wait_for_topic(topic, stop)
        # Static membership: one that died and is started again has its partitions at once.
        consumer = kafka.consumer(sink, **{"group.instance.id": f"sink-{sink}-{name}"})
        try:
            if sink == "history":
                self._history(consumer, stop)
            else:
                self._boards(consumer, stop)
        finally:
            consumer.close()

    def _history(self, consumer: Any, stop: Stop) -> None:
        store = WindowStore()
        history = HistorySink(consumer, store, BroadcastStore(store), DeadLetters(kafka.producer()))
        while not stop():
            history.step(stop)

    def _boards(self, consumer: Any, stop: Stop) -> None:
        client = redis.Redis.from_url(settings.REDIS_BOARDS_URL, socket_timeout=5)
        boards = BoardsSink(consumer, BoardWriter(client, floors_in_force()))
        try:
            while not stop():
                boards.step(stop)
        finally:
            boards.close()
