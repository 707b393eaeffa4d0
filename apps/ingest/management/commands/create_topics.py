"""Make the Kafka topics that are not there yet."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from twitchly.kafka import create_topics


class Command(BaseCommand):
    help = __doc__

    def handle(self, *_args: Any, **_options: Any) -> None:
        made = create_topics()
        self.stdout.write(f"made {', '.join(made)}" if made else "all topics are there")
