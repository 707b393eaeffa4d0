"""Sender of the simulated chat: writes due items to the ledger, then to the joined clients."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from itertools import chain, islice

from core.proof.ledger import Entry, format_entry
from simulator.flood import Floods
from simulator.irc_lines import needs_commands, tagged, untagged
from simulator.irc_session import IrcSession
from simulator.ledger_writer import LedgerWriter
from simulator.rooms import Rooms
from simulator.source import Item, Source

log = logging.getLogger(__name__)

STEP_S = 0.02
# Keeps steps short, so that joins and PINGs are answered while the chat catches up.
MAX_PER_STEP = 2_000
BEHIND_MS = 1_000
LOG_EVERY_MS = 5_000


class Sender:
    """Sends the due items of `source` and `floods` to the sessions in `rooms`, after writing them to the ledger."""

    def __init__(
        self,
        *,
        source: Source,
        floods: Floods,
        rooms: Rooms,
        ledger: LedgerWriter,
        now_ms: Callable[[], int],
        wait_for_joins: bool,
    ) -> None:
        self.sent: Counter[str] = Counter()
        """Number of sent items by ledger kind."""
        self._source = source
        self._floods = floods
        self._rooms = rooms
        self._ledger = ledger
        self._now_ms = now_ms
        self._wait_for_joins = wait_for_joins
        self._started = False
        self._is_finish_logged = False
        self._last_log_ms = 0

    async def run(self) -> None:
        """Run `step` forever. Raises: OSError if the ledger cannot be written."""
        while True:
            self.step()
            await asyncio.sleep(STEP_S)

    def step(self) -> None:
        """Send due items; with `wait_for_joins`, only after all channels are joined."""
        now_ms = self._now_ms()
        if self._started:
            self._send(now_ms)
        elif not self._wait_for_joins or self._all_joined(now_ms):
            self._source.start(now_ms)
            self._started = True
        if self._source.finished and not self._is_finish_logged:
            log.info("replay finished; streams remain live")
            self._is_finish_logged = True

    def _all_joined(self, now_ms: int) -> bool:
        joined, total = self._rooms.joined(), len(self._source.channels)
        if joined == total:
            log.info("all %d channels joined, starting the chat", total)
        elif self._may_log(now_ms):
            log.info("waiting for joins: %d of %d channels", joined, total)
        return joined == total

    def _send(self, sent_ms: int) -> None:
        batch = list(islice(chain(self._source.due(sent_ms), self._floods.due(sent_ms)), MAX_PER_STEP))
        if not batch:
            return
        audiences = [self._audience(item) for item in batch]
        self._record(batch, audiences, sent_ms)
        outgoing: dict[IrcSession, list[bytes]] = defaultdict(list)
        for item, sessions in zip(batch, audiences, strict=True):
            if sessions:
                _add_lines(item, sent_ms, sessions, outgoing)
        for session, lines in outgoing.items():
            session.send(b"".join(lines))
        late_ms = sent_ms - batch[0].due_ms
        if late_ms > BEHIND_MS and self._may_log(sent_ms):
            log.warning("simulated chat is %.1f s behind", late_ms / 1000)

    def _audience(self, item: Item) -> Collection[IrcSession]:
        sessions = self._rooms.sessions(item.channel.login)
        if needs_commands(item):
            return [session for session in sessions if session.commands]
        return sessions

    def _record(self, batch: list[Item], audiences: list[Collection[IrcSession]], sent_ms: int) -> None:
        kinds = [item.kind for item in batch]
        entries = (
            Entry(item.id, item.channel.id, sent_ms, len(sessions), kind)
            for item, sessions, kind in zip(batch, audiences, kinds, strict=True)
        )
        self._ledger.append(b"".join(map(format_entry, entries)), sent_ms)
        self.sent.update(kinds)

    def _may_log(self, now_ms: int) -> bool:
        if now_ms - self._last_log_ms < LOG_EVERY_MS:
            return False
        self._last_log_ms = now_ms
        return True


def _add_lines(
    item: Item, sent_ms: int, sessions: Collection[IrcSession], outgoing: dict[IrcSession, list[bytes]]
) -> None:
    # Nearly all clients request tags, so the untagged line is formatted on demand.
    line = tagged(item, sent_ms)
    for session in sessions:
        outgoing[session].append(line if session.tags else untagged(item))
