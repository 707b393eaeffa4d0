"""Listen to the wanted channels and write chat, pulses and clocks to Kafka."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.ingest.listening.connection import Server
from apps.ingest.listening.producer import ChatProducer
from twitchly import kafka
from twitchly.running import Stop


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--name", default=settings.PRODUCER_ID, help="unique among the producers (PRODUCER_ID)")

    def handle(self, *_args: Any, name: str, **_options: Any) -> None:
        stop = Stop()
        for topic in ("chat", "channel-events"):
            kafka.wait_for_topic(topic, stop)
        if not stop():
            asyncio.run(self._run(name, stop))

    async def _run(self, name: str, stop: Stop) -> None:
        server = Server(settings.TWITCH_IRC_HOST, settings.TWITCH_IRC_PORT, settings.TWITCH_IRC_TLS)
        producer = kafka.producer()
        await ChatProducer(server, producer, name).run(stop)
