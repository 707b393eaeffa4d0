"""Serve a simulated Twitch on loopback: IRC over TCP, TLS and WebSocket, Helix, and a ledger of sent messages."""

from __future__ import annotations

import asyncio
import logging
import signal
from argparse import BooleanOptionalAction
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import TwitchlyError
from simulator.audience import Audience
from simulator.certificate import server_context
from simulator.ledger_writer import LedgerWriter, last_entry, replay_run, reset_replay
from simulator.recording import Recording, rows_sent
from simulator.simulator import Listeners, Simulator, listen
from simulator.source import Source
from twitchly.arguments import add_audience_arguments, positive, whole_number
from twitchly.clock import now_ms

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """`manage.py simulate_twitch`."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--irc-port", type=whole_number, default=settings.SIMULATOR_IRC_PORT)
        parser.add_argument("--helix-port", type=whole_number, default=settings.SIMULATOR_HELIX_PORT)
        parser.add_argument(
            "--ws-port", type=whole_number, default=settings.SIMULATOR_WS_PORT, help="IRC over WebSocket"
        )
        parser.add_argument("--tls-port", type=whole_number, default=settings.SIMULATOR_TLS_PORT, help="IRC over TLS")
        add_audience_arguments(parser)
        parser.add_argument("--replay", type=Path, help="play a recording (.csv, .csv.gz) instead")
        parser.add_argument("--speed", type=positive, default=1.0, help="playback speed of the recording")
        parser.add_argument("--ledger", type=Path, default=settings.VAR_DIR / "ledger", help="folder for the ledger")
        parser.add_argument(
            "--tls-folder",
            type=Path,
            help="folder for ca.pem, the CA for clients of --tls-port (default: tls beside the ledger)",
        )
        parser.add_argument(
            "--strict-joins",
            action="store_true",
            help="count the joins of all connections together, as if Twitch limited them per IP address",
        )
        parser.add_argument(
            "--wait-for-joins",
            action=BooleanOptionalAction,
            default=None,
            help="send nothing until every channel is joined (default with --replay)",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        wait = options["wait_for_joins"]
        try:
            with ExitStack() as closing:
                # Open the ports first, because a second simulator must not touch the ledger of the first.
                listeners = _listeners(options, closing)
                source = _source(options)
                ledger = LedgerWriter(options["ledger"])
                closing.callback(ledger.close)
                simulator = Simulator(
                    source=source,
                    ledger=ledger,
                    now_ms=now_ms,
                    wait_for_joins=options["replay"] is not None if wait is None else wait,
                    strict_joins=options["strict_joins"],
                )
                uvloop.run(_run(simulator, listeners, len(source.channels)))
        except TwitchlyError as error:
            raise CommandError(str(error)) from error


async def _run(simulator: Simulator, listeners: Listeners, channels: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # Logged after the signal handlers are installed, because scripts wait for this line before they send SIGTERM.
    log.info("%d channels on %s", channels, listeners)
    await simulator.run(listeners, stop)


def _listeners(options: dict[str, Any], closing: ExitStack) -> Listeners:
    purposes = {"irc": "IRC", "helix": "Helix", "ws": "IRC over WebSocket", "tls": "IRC over TLS"}
    irc, helix, websocket, tls = (
        closing.enter_context(listen(options[f"{name}_port"], purpose)) for name, purpose in purposes.items()
    )
    folder = options["tls_folder"] or options["ledger"].resolve().parent / "tls"
    return Listeners(irc, helix, websocket, tls, server_context(folder, datetime.now(UTC)))


def _source(options: dict[str, Any]) -> Source:
    path: Path | None = options["replay"]
    if path is None:
        reset_replay(options["ledger"])
        return Audience(channels=options["channels"], rate=options["rate"], seed=options["seed"])
    recording = Recording(path, options["speed"])
    run = replay_run(options["ledger"], path, options["speed"], now_ms())
    last = last_entry(options["ledger"])
    sent = rows_sent(run, recording.rows, last.id if last else None)
    recording.continue_from(run, sent)
    log.info("%s: next row %d of %d, %d malformed rows skipped", path, sent, recording.rows, recording.malformed)
    return recording
