"""Create missing history tables in Cassandra, and add new columns to existing tables."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections

# On a busy server, creating a table can take longer than the time limit for page queries.
LIMIT_S = 60.0


class Command(BaseCommand):
    help = __doc__

    def handle(self, *_args: Any, **_options: Any) -> None:
        connections["cassandra"].connection.session.default_timeout = LIMIT_S
        call_command("sync_cassandra", stdout=self.stdout)
