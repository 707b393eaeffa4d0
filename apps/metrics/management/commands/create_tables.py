"""Create the missing tables of the history in Cassandra, and add new columns to existing ones."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections

# Creating a table on a busy server takes longer than the time limit for page queries.
LIMIT_S = 60.0


class Command(BaseCommand):
    help = __doc__

    def handle(self, *_args: Any, **_options: Any) -> None:
        connections["cassandra"].connection.session.default_timeout = LIMIT_S
        call_command("sync_cassandra", stdout=self.stdout)
