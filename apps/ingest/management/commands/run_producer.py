"""Join the listed channels and write chat, pulses and watermark records to Kafka."""

from __future__ import annotations

import argparse
import gc
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand

from apps.ingest.listening.connection import Server
from apps.ingest.listening.heartbeat import ProducerHeartbeatSource
from apps.ingest.listening.producer import ChatProducer
from apps.ingest.listening.telemetry import ProducerCollector
from twitchly import heartbeats, kafka
from twitchly.arguments import whole_number
from twitchly.clock import now_ms
from twitchly.shutdown import Stop
from twitchly.telemetry import try_to_serve


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--name", default=settings.PRODUCER_ID, help="unique among the producers (PRODUCER_ID)")
        parser.add_argument(
            "--metrics-port", type=whole_number, default=settings.METRICS_PORT, help="port for Prometheus, 0 for none"
        )

    def handle(self, *_args: Any, name: str, metrics_port: int, **_options: Any) -> None:
        stop = Stop()
        for topic in ("chat", "channel-events"):
            kafka.wait_for_topic(topic, stop)
        # Lines and records live for milliseconds and contain no cycles, so collecting less often saves 10% CPU.
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        if not stop():
            uvloop.run(self._run(name, metrics_port, stop))

    async def _run(self, name: str, metrics_port: int, stop: Stop) -> None:
        server = Server(
            settings.TWITCH_IRC_HOST,
            settings.TWITCH_IRC_PORT,
            settings.TWITCH_IRC_TLS,
            settings.TWITCH_IRC_CA_FILE,
        )
        producer = ChatProducer(server, kafka.producer(), name)
        try_to_serve(ProducerCollector(producer), metrics_port)
        heartbeats.start_heartbeat(ProducerHeartbeatSource(producer, name, now_ms))
        await producer.run(stop)
