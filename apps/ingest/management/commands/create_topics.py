"""Create the missing Kafka topics."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from twitchly.kafka import create_topics


class Command(BaseCommand):
    help = __doc__

    def handle(self, *_args: Any, **_options: Any) -> None:
        created = create_topics()
        self.stdout.write(f"created {', '.join(created)}" if created else "all topics exist")
