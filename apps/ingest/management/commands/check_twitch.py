"""Check step by step whether Twitch, real or simulated, is usable; exit with 1 if not."""

from __future__ import annotations

import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.ingest import services
from apps.ingest.listening.connection import Server
from apps.ingest.twitch_check import CHAT_S, TwitchCheck
from twitchly.arguments import positive


class Command(BaseCommand):
    """`manage.py check_twitch`."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--chat-seconds", type=positive, default=CHAT_S, help="how long to wait for the first message"
        )

    def handle(self, *_args: Any, chat_seconds: float, **_options: Any) -> None:
        server = Server(
            settings.TWITCH_IRC_HOST, settings.TWITCH_IRC_PORT, settings.TWITCH_IRC_TLS, settings.TWITCH_IRC_CA_FILE
        )
        credentials = (settings.TWITCH_CLIENT_ID, settings.TWITCH_CLIENT_SECRET)
        failed = asyncio.run(self._print(TwitchCheck(services.helix(), server, credentials, chat_seconds)))
        if failed:
            raise CommandError(f"Twitch is not ready: {', '.join(failed)} failed")
        self.stdout.write("Twitch is ready")

    async def _print(self, check: TwitchCheck) -> list[str]:
        failed = []
        async for outcome in check.outcomes():
            self.stdout.write(str(outcome))
            self.stdout.flush()
            if outcome.state == "FAILED":
                failed.append(outcome.step)
        return failed
