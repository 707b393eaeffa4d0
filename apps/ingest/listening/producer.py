"""The producer process: joins channels and writes their chat, pulses and watermark records to Kafka."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from confluent_kafka import Producer
from django.conf import settings

from apps.ingest.listening.connection import ConnectionCallbacks, Server, monotonic_ms
from apps.ingest.listening.connection_pool import ConnectionPool
from apps.ingest.listening.hash_keys import HashKeyCache
from apps.ingest.listening.intake import Intake, UntrackedMessage
from apps.ingest.listening.ownership import Ownership, PartitionHead
from apps.ingest.listening.targets import ChannelTargets
from apps.ingest.listening.writer import Entry, Writer
from core.irc.event_time import PROMISE_DELAY_MS, SlewedClock, clock_warning
from core.irc.lines import Line
from core.irc.sharding import partition_of
from core.pipeline.coverage import Coverage, Gap
from core.pipeline.records import MAX_AHEAD_MS
from core.pipeline.topics import TOPIC
from core.times import MINUTE_MS
from twitchly.clock import now_ms as wall_ms

log = logging.getLogger(__name__)

PARTITIONS = TOPIC["chat"].partitions
# Assumed delivery time of a message: one sent this long before a loss may be lost too.
TRANSIT_MS = 2_000
# After a suspend or stall longer than this, the seconds in between get no pulses.
CATCH_UP_MS = 30_000
# Delay of a minute's sums, so that its last lines are included.
SUMS_AFTER_MS = 5_000
FLUSH_THRESHOLD = 1_000
SPLIT_EVERY_S = 60.0
REPORT_EVERY_S = 30.0
# Including leaving the group, a stop may take 8 s.
DRAIN_S = 5.0
HANDOVER_S = 3.0


class ChatProducer:
    """Tracks the channels of its partitions and writes their records."""

    def __init__(self, server: Server, kafka_producer: Producer, name: str) -> None:
        self._clock = SlewedClock(wall_ms(), monotonic_ms())
        keys = HashKeyCache()
        self.writer = Writer(
            kafka_producer, name=name, limit=settings.BUFFER_RECORDS, now_ms=self._now_ms, hash_key=keys
        )
        self._targets = ChannelTargets(keys, self._now_ms, self._apply_targets)
        self.coverage = Coverage()
        self.intake = Intake(PARTITIONS, count_bots=settings.COUNT_BOTS)
        self.pool = ConnectionPool(
            server,
            ConnectionCallbacks(self._lines, self._joined, self._lost, self._refused),
            settings.CHANNELS_PER_CONNECTION,
            joins=settings.JOINS_PER_10_S,
            strict=settings.STRICT_JOINS,
        )
        self.tracked: frozenset[str] = frozenset()
        self._promises: dict[int, int] = {}
        self._ownership = Ownership(name, self._assigned, self._revoked)
        self._loop = asyncio.get_running_loop()

    async def run(self, stop: Callable[[], bool]) -> None:
        """Run until `stop` returns True, then flush. Raises: RuntimeError if a task ends by itself."""
        await self._targets.wait_for_rules(stop)
        self._ownership.start()
        target_loops = (self._targets.poll_channel_list(), self._targets.poll_rules())
        work = (*target_loops, self._write(), self._write_pulses_and_watermarks(), self._report())
        parts = [asyncio.create_task(part) for part in work]
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
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            await self._drain()

    async def _drain(self) -> None:
        lag_ms = self._lag_ms()
        await self.pool.close()
        if self.writer.is_stalled:
            # The next owner records a gap that covers the loss.
            return
        now_ms = self._now_ms()
        for gap in self.coverage.split(now_ms):
            self.writer.put_gap(gap)
        self._put_lost()
        self._put_sums(now_ms + MINUTE_MS)
        self.writer.put_watermarks(lag_ms)
        await asyncio.to_thread(self.writer.flush, DRAIN_S)
        await asyncio.to_thread(self._ownership.close)
        log.info("stopped; %s", dict(self.writer.counts))

    def _now_ms(self) -> int:
        return self._clock.now_ms(wall_ms(), monotonic_ms())

    def _lag_ms(self) -> int:
        return max((connection.session.lag_ms for connection in self.pool.connections), default=0)

    # Channels

    def _apply_targets(self) -> None:
        """Track the listed channels that belong to the owned partitions and have not opted out."""
        streams, rules, owned = self._targets.streams, self._targets.rules, self.writer.partitions
        tracked = [
            stream
            for stream in streams.values()
            if stream.id not in rules.opted_out_channels and partition_of(stream.id, PARTITIONS) in owned
        ]
        now_ms = self._now_ms()
        ids = frozenset(stream.id for stream in tracked)
        for channel_id in self.tracked - ids:
            self._put_gap(self.coverage.untrack(channel_id, now_ms))
        for channel_id in ids - self.tracked:
            promise_ms = self._promises.get(partition_of(channel_id, PARTITIONS), now_ms)
            if promise_ms < now_ms:
                # Written at once: our watermark records would hide it from the next owner if we died before the join.
                self.writer.put_gap(Gap(channel_id, promise_ms, now_ms, "restart"))
            self.coverage.track(channel_id, now_ms, "joining")
        self.tracked = ids
        self.intake.set_rules(rules)
        self.intake.set_channels(streams, ids, know_viewers=self._targets.know_viewers)
        if tracked:
            # Only the first list is covered by the restart's gap; channels added later were not tracked before.
            self._promises.clear()
        self.pool.set_channels(stream.login for stream in tracked)

    def _assigned(self, heads: Mapping[int, PartitionHead]) -> None:
        self._on_loop(self._take_over, heads)

    def _take_over(self, heads: Mapping[int, PartitionHead]) -> None:
        if not heads:
            return
        self._clock.raise_to(max(head.at_ms for head in heads.values()))
        now_ms = self._now_ms()
        for partition, head in heads.items():
            if head.at_ms:
                self._promises[partition] = head.at_ms - PROMISE_DELAY_MS - TRANSIT_MS - head.lag_ms
        self.writer.own({partition: head.at_ms or now_ms for partition, head in heads.items()})
        log.info("partitions owned: %s", sorted(self.writer.partitions))
        self._apply_targets()

    def _revoked(self, partitions: frozenset[int], lost: bool) -> None:
        self._on_loop(self._release, partitions, lost)

    def _release(self, partitions: frozenset[int], lost: bool) -> None:
        if lost:
            # Kafka was unavailable for too long. No other producer can own them before it is back: keep listening.
            log.warning("partitions lost, holding records until reassigned: %s", sorted(partitions))
            self.writer.suspend(partitions)
        else:
            log.warning("partitions revoked: %s", sorted(partitions))
            self.writer.disown(partitions, flush_s=HANDOVER_S)
            self._apply_targets()

    def _on_loop(self, function: Callable[..., None], *args: object) -> None:
        """Run in the event loop and wait, because Kafka must not continue the rebalance before."""
        if self._loop.is_running():
            asyncio.run_coroutine_threadsafe(_call(function, *args), self._loop).result(timeout=8)

    # Connection callbacks

    def _lines(self, lines: Sequence[Line]) -> int | None:
        now_ms = self._now_ms()
        intake, put = self.intake, self.writer.put
        intake.last_sent_ms = 0
        for line in lines:
            if line.command == "PRIVMSG":
                result = intake.take(line, now_ms)
                if type(result) is Entry:
                    put(result)
                elif type(result) is UntrackedMessage:
                    self.writer.skip(result.channel_id, result.sent_ms, "unwanted")
            else:
                for record in intake.notice(line, now_ms):
                    if isinstance(record, Entry):
                        put(record)
                    else:
                        self.writer.put_event(record)
        if self.writer.buffered >= FLUSH_THRESHOLD:
            # During a flood, reading must leave time for writing.
            self.writer.step()
        return max(0, now_ms - intake.last_sent_ms) if intake.last_sent_ms else None

    def _joined(self, connection: int, login: str) -> None:
        self._put_gap(self.coverage.joined(self.intake.id_of(login), connection, self._now_ms()))

    def _lost(self, connection: int, logins: Iterable[str], unsure_ms: int, reason: str) -> None:
        """Open gaps that begin before the last received bytes, by the assumed delivery time."""
        now_ms = self._now_ms()
        for login in logins:
            since_ms = now_ms - unsure_ms - TRANSIT_MS
            self._put_gap(self.coverage.lost(self.intake.id_of(login), connection, since_ms, now_ms, reason))

    def _refused(self, login: str, reason: str) -> None:
        self.coverage.refused(self.intake.id_of(login), reason)
        log.warning("join of channel %s refused, retrying later: %s", login, reason)

    # Periodic tasks

    async def _write_pulses_and_watermarks(self) -> None:
        """Write the pulses of each second after its end, and watermark records five times a second."""
        end_ms = (self._now_ms() // 1000 + 1) * 1000
        split_s = time.monotonic()
        late_ms = 0
        while True:
            if self._now_ms() - end_ms > CATCH_UP_MS:
                end_ms = self._now_ms() // 1000 * 1000
            while self._now_ms() >= end_ms:
                self._pulse(end_ms)
                end_ms += 1000
            # After a stall, unread socket data is older than any line that was read.
            self.writer.put_watermarks(max(self._lag_ms(), late_ms))
            self._put_sums(self._now_ms() - SUMS_AFTER_MS)
            if self.writer.is_held():
                # Gaps are not split while they cannot be written, so that an outage takes constant memory.
                split_s = time.monotonic()
            else:
                self._put_lost()
            if time.monotonic() - split_s > SPLIT_EVERY_S:
                split_s = time.monotonic()
                for gap in self.coverage.split(self._now_ms()):
                    self.writer.put_gap(gap)
            wake_ms = (self._now_ms() // 200 + 1) * 200
            await asyncio.sleep((wake_ms - self._now_ms()) / 1000)
            late_ms = max(0, self._now_ms() - wake_ms)

    def _pulse(self, end_ms: int) -> None:
        for channel_id, observed_ms in self.coverage.observed(end_ms).items():
            if pulse := self.intake.pulse(channel_id, observed_ms, end_ms):
                self.writer.put(pulse)

    def _put_gap(self, gap: Gap | None) -> None:
        if gap is not None:
            self.writer.put_gap(gap)

    def _put_lost(self) -> None:
        for gap in self.writer.take_lost():
            self.writer.put_gap(gap)

    def _put_sums(self, until_ms: int) -> None:
        for fields in self.intake.minutes(until_ms):
            self.writer.put_event(fields)

    async def _write(self) -> None:
        while True:
            self.writer.step()
            await asyncio.sleep(0.01)

    async def _report(self) -> None:
        while True:
            counts = {**self.writer.counts, **{f"rejected: {why}": n for why, n in self.intake.rejected.items()}}
            held = "; Kafka unavailable, holding records" if self.writer.is_held() else ""
            log.info("%d of %d channels joined; %s%s", self.coverage.heard(), len(self.tracked), counts, held)
            if note := clock_warning(self._clock.ahead_ms(wall_ms(), monotonic_ms()), MAX_AHEAD_MS):
                log.warning("%s", note)
            await asyncio.sleep(REPORT_EVERY_S)


async def _call(function: Callable[..., None], *args: object) -> None:
    function(*args)
