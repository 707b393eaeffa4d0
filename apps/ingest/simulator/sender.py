"""The pace of the simulated chat: what is due goes into the ledger, then to everybody who joined."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from itertools import islice

from apps.ingest.simulator.irc_lines import privmsg, privmsg_tags
from apps.ingest.simulator.irc_session import IrcSession, Rooms
from apps.ingest.simulator.ledger_writer import LedgerWriter
from apps.ingest.simulator.source import Chat, Source
from core.ledger import Entry, format_entry

log = logging.getLogger(__name__)

STEP_S = 0.02
# Keeps one step short, so that joins and PINGs are answered while the chat catches up.
MAX_PER_STEP = 2_000
BEHIND_MS = 1_000
TELL_EVERY_MS = 5_000


class Sender:
    """Sends the chat of `source` to the sessions in `rooms`, the ledger first."""

    def __init__(
        self, *, source: Source, rooms: Rooms, ledger: LedgerWriter, now_ms: Callable[[], int], wait_for_joins: bool
    ) -> None:
        self.sent = 0
        self._source = source
        self._rooms = rooms
        self._ledger = ledger
        self._now_ms = now_ms
        self._wait_for_joins = wait_for_joins
        self._started = False
        self._finish_told = False
        self._told_ms = 0

    async def run(self) -> None:
        """Step for ever. Raises: OSError when the ledger cannot be written."""
        while True:
            self.step()
            await asyncio.sleep(STEP_S)

    def step(self) -> None:
        """Send what is due, once everything that must be joined is."""
        now_ms = self._now_ms()
        if self._started:
            self._send(now_ms)
        elif not self._wait_for_joins or self._all_joined(now_ms):
            self._source.start(now_ms)
            self._started = True
        if self._source.finished and not self._finish_told:
            log.info("replay finished: the streams stay live, nothing more is sent")
            self._finish_told = True

    def _all_joined(self, now_ms: int) -> bool:
        joined, wanted = self._rooms.joined(), len(self._source.channels)
        if joined == wanted:
            log.info("all %d channels are joined: the chat begins", wanted)
        elif self._may_tell(now_ms):
            log.info("waiting for joins before the first message: %d of %d channels", joined, wanted)
        return joined == wanted

    def _send(self, sent_ms: int) -> None:
        batch = list(islice(self._source.due(sent_ms), MAX_PER_STEP))
        if not batch:
            return
        listeners = [self._rooms.sessions(chat.channel.login) for chat in batch]
        entries = (
            Entry(chat.id, chat.channel.id, sent_ms, len(sessions))
            for chat, sessions in zip(batch, listeners, strict=True)
        )
        self._ledger.append(b"".join(map(format_entry, entries)), sent_ms)
        outgoing: dict[IrcSession, list[bytes]] = defaultdict(list)
        for chat, sessions in zip(batch, listeners, strict=True):
            _address(chat, sent_ms, sessions, outgoing)
        for session, lines in outgoing.items():
            session.send(b"".join(lines))
        self.sent += len(batch)
        late_ms = sent_ms - batch[0].due_ms
        if late_ms > BEHIND_MS and self._may_tell(sent_ms):
            log.warning("the simulated chat is %.1f s behind its pace", late_ms / 1000)

    def _may_tell(self, now_ms: int) -> bool:
        if now_ms - self._told_ms < TELL_EVERY_MS:
            return False
        self._told_ms = now_ms
        return True


def _address(chat: Chat, sent_ms: int, sessions: set[IrcSession], outgoing: dict[IrcSession, list[bytes]]) -> None:
    if not sessions:
        return
    line = privmsg(chat)
    tagged = privmsg_tags(chat, sent_ms) + line
    for session in sessions:
        outgoing[session].append(tagged if session.tags else line)
