"""The producer process: joins channels and writes their chat, pulses and watermark records to Kafka.

Lines flow one way: connection, intake, writer. In parallel, the recorder turns joins and losses into gaps and pulses.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from confluent_kafka import Producer
from django.conf import settings

from apps.ingest.listening.connection import ConnectionCallbacks, Server
from apps.ingest.listening.connection_pool import ConnectionPool
from apps.ingest.listening.coverage_recorder import CoverageRecorder
from apps.ingest.listening.hash_keys import HashKeyCache
from apps.ingest.listening.ownership import Ownership, PartitionHead
from apps.ingest.listening.periodic import PeriodicRecords
from apps.ingest.listening.producer_clock import ProducerClock
from apps.ingest.listening.targets import ChannelTargets
from apps.ingest.listening.tracker import ChannelTracker
from apps.ingest.listening.writer import Writer
from core.irc.lines import Line
from core.pipeline.intake import Intake
from core.pipeline.topics import TOPIC
from core.times import MINUTE_MS
from twitchly.tasks import cancel

log = logging.getLogger(__name__)

PARTITIONS = TOPIC["chat"].partitions
FLUSH_THRESHOLD = 1_000
REPORT_EVERY_S = 30.0
# Stopping, including leaving the group, may take 8 s.
DRAIN_S = 5.0
REBALANCE_LIMIT_S = 8.0


class ChatProducer:
    """Builds the parts of a producer and runs them."""

    def __init__(self, server: Server, kafka_producer: Producer, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self.clock = clock = ProducerClock()
        keys = HashKeyCache()
        self.writer = Writer(
            kafka_producer, name=name, limit=settings.BUFFER_RECORDS, now_ms=clock.now_ms, hash_key=keys
        )
        self.intake = Intake(PARTITIONS, count_bots=settings.COUNT_BOTS)
        self.recorder = CoverageRecorder(self.intake, self.writer, clock.now_ms)
        self.pool = ConnectionPool(
            server,
            ConnectionCallbacks(self._receive, self.recorder.joined, self.recorder.lost, self.recorder.refused),
            settings.CHANNELS_PER_CONNECTION,
            joins=settings.JOINS_PER_10_S,
            strict=settings.STRICT_JOINS,
        )
        self._targets = ChannelTargets(keys, clock.now_ms)
        self.tracker = ChannelTracker(self._targets, self.intake, self.writer, self.recorder, self.pool, clock)
        self._ownership = Ownership(name, self._assigned, self._revoked)
        self._periodic = PeriodicRecords(self.intake, self.recorder, self.writer, clock.now_ms, self._lag_ms)

    async def run(self, stop: Callable[[], bool]) -> None:
        """Run until `stop` returns True, then flush. Raises: RuntimeError if a task ends unexpectedly."""
        await self._targets.wait_for_rules(stop)
        self._ownership.start()
        apply = self.tracker.apply
        work = (self._targets.poll_channel_list(apply), self._targets.poll_rules(apply), self._periodic.run())
        parts = [asyncio.create_task(part) for part in (*work, self._write(), self._report())]
        try:
            while not stop():
                done, _ = await asyncio.wait(parts, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
                for part in done:
                    part.result()
                    raise RuntimeError("a producer task ended unexpectedly")
                self.pool.check()
                if self._ownership.failure is not None:
                    raise self._ownership.failure
        finally:
            await cancel(*parts)
            await asyncio.gather(*parts, return_exceptions=True)
            await self._drain()

    async def _drain(self) -> None:
        lag_ms = self._lag_ms()
        await self.pool.close()
        if self.writer.is_stalled:
            # The next owner records a gap that covers the loss.
            return
        self.recorder.write_open_gaps()
        self._periodic.write_lost()
        self._periodic.write_sums(self.clock.now_ms() + MINUTE_MS)
        self.writer.put_watermarks(lag_ms)
        await asyncio.to_thread(self.writer.flush, DRAIN_S)
        await asyncio.to_thread(self._ownership.close)
        log.info("stopped; %s", self.writer.counts)

    def _receive(self, lines: Sequence[Line]) -> int | None:
        """Write the records of received lines; return the newest line's delay in ms, or None if no line has a time."""
        lag_ms = self.intake.receive(lines, self.clock.now_ms(), self.writer)
        if self.writer.buffered >= FLUSH_THRESHOLD:
            # During a flood, reading must leave time for writing.
            self.writer.step()
        return lag_ms

    def _lag_ms(self) -> int:
        return max((connection.session.lag_ms for connection in self.pool.connections), default=0)

    async def _write(self) -> None:
        while True:
            self.writer.step()
            await asyncio.sleep(0.01)

    async def _report(self) -> None:
        while True:
            rejected = "".join(f", rejected as {reason}: {n}" for reason, n in self.intake.rejected.items())
            held = "; Kafka unavailable, holding records" if self.writer.is_held() else ""
            log.info(
                "%d of %d channels joined; %s%s%s",
                self.recorder.heard,
                len(self.tracker.tracked),
                self.writer.counts,
                rejected,
                held,
            )
            if warning := self.clock.warning():
                log.warning("%s", warning)
            await asyncio.sleep(REPORT_EVERY_S)

    # Called in Ownership's thread, which must not continue the rebalance until the event loop has run the function.

    def _assigned(self, heads: Mapping[int, PartitionHead]) -> None:
        self._run_in_loop(self.tracker.take_over, heads)

    def _revoked(self, partitions: frozenset[int], lost: bool) -> None:
        self._run_in_loop(self.tracker.release, partitions, lost)

    def _run_in_loop(self, function: Callable[..., None], *args: object) -> None:
        if self._loop.is_running():
            asyncio.run_coroutine_threadsafe(_call(function, *args), self._loop).result(timeout=REBALANCE_LIMIT_S)


async def _call(function: Callable[..., None], *args: object) -> None:
    function(*args)
