"""The producer process: wanted channels, what is heard of them, and the seconds' pulses and clocks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from confluent_kafka import Producer
from django.conf import settings

from apps.ingest.listening.connection import Ears, Server, monotonic_ms
from apps.ingest.listening.connection_pool import Listener
from apps.ingest.listening.hash_keys import Keys
from apps.ingest.listening.intake import Intake, Unwanted
from apps.ingest.listening.ownership import Newest, Ownership
from apps.ingest.listening.targets import Wishes
from apps.ingest.listening.writer import Entry, Writer
from core.irc.event_time import PROMISE_DELAY_MS, SlewedClock, set_note
from core.irc.lines import Line
from core.irc.sharding import partition_of
from core.pipeline.coverage import Coverage, Gap
from core.pipeline.records import MAX_AHEAD_MS
from core.pipeline.topics import TOPIC
from core.times import MINUTE_MS
from twitchly.clock import now_ms as wall_ms

log = logging.getLogger(__name__)

PARTITIONS = TOPIC["chat"].partitions
# How long a message may be under way to us: one sent this long before a loss may be lost too.
HEARING_MS = 2_000
# After the machine slept, or stood still, longer than this, the seconds in between get no pulses.
CATCH_UP_MS = 30_000
# A minute's sums are written this long after its end, when its last lines have come.
SUMS_AFTER_MS = 5_000
WRITE_AT_ONCE = 1_000
SPLIT_EVERY_S = 60.0
REPORT_EVERY_S = 30.0
# Together with leaving the group within the 8 s that a stop may take.
DRAIN_S = 5.0
HANDOVER_S = 3.0


class ChatProducer:
    """Listens to the channels of the partitions it owns and writes what it hears."""

    def __init__(self, server: Server, kafka_producer: Producer, name: str) -> None:
        self._clock = SlewedClock(wall_ms(), monotonic_ms())
        keys = Keys()
        self.writer = Writer(
            kafka_producer, name=name, limit=settings.BUFFER_RECORDS, now_ms=self._now_ms, hash_key=keys
        )
        self._wishes = Wishes(keys, self._now_ms, self._want)
        self.coverage = Coverage()
        self.intake = Intake(PARTITIONS, count_bots=settings.COUNT_BOTS)
        self.listener = Listener(
            server,
            Ears(self._lines, self._joined, self._lost, self._refused),
            settings.CHANNELS_PER_CONNECTION,
            joins=settings.JOINS_PER_10_S,
            strict=settings.STRICT_JOINS,
        )
        self.wanted: frozenset[str] = frozenset()
        self._promises: dict[int, int] = {}
        self._ownership = Ownership(name, self._assigned, self._revoked)
        self._loop = asyncio.get_running_loop()

    async def run(self, stop: Callable[[], bool]) -> None:
        """Work until told to stop, then write what is left. A part that ends by itself is an error."""
        await self._wishes.first_rules(stop)
        self._ownership.start()
        wishes = (self._wishes.follow_streams(), self._wishes.follow_rules())
        work = (*wishes, self._write(), self._beat(), self._report())
        parts = [asyncio.create_task(part) for part in work]
        try:
            while not stop():
                done, _ = await asyncio.wait(parts, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
                for part in done:
                    part.result()
                    raise RuntimeError("a part of the producer ended by itself")
                self.listener.check()
                if self._ownership.failure is not None:
                    raise self._ownership.failure
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            await self._drain()

    async def _drain(self) -> None:
        lag_ms = self._lag_ms()
        await self.listener.close()
        if self.writer.has_stood_still:
            # What is missing lies in the gap that the next owner records.
            return
        now_ms = self._now_ms()
        for gap in self.coverage.split(now_ms):
            self.writer.put_gap(gap)
        self._put_lost()
        self._put_sums(now_ms + MINUTE_MS)
        self.writer.put_clocks(lag_ms)
        await asyncio.to_thread(self.writer.flush, DRAIN_S)
        await asyncio.to_thread(self._ownership.close)
        log.info("stopped; %s", dict(self.writer.counts))

    def _now_ms(self) -> int:
        return self._clock.now_ms(wall_ms(), monotonic_ms())

    def _lag_ms(self) -> int:
        return max((connection.session.lag_ms for connection in self.listener.connections), default=0)

    # The wanted channels

    def _want(self) -> None:
        """Follow the streams whose partitions are ours, by the rules."""
        streams, rules, owned = self._wishes.streams, self._wishes.rules, self.writer.partitions
        wanted = [
            stream
            for stream in streams.values()
            if stream.id not in rules.opted_out_channels and partition_of(stream.id, PARTITIONS) in owned
        ]
        now_ms = self._now_ms()
        ids = frozenset(stream.id for stream in wanted)
        for channel_id in self.wanted - ids:
            self._put_gap(self.coverage.unwant(channel_id, now_ms))
        for channel_id in ids - self.wanted:
            promise_ms = self._promises.get(partition_of(channel_id, PARTITIONS), now_ms)
            if promise_ms < now_ms:
                # Told at once: our own clocks would hide it from the next owner if we died before the join.
                self.writer.put_gap(Gap(channel_id, promise_ms, now_ms, "restart"))
            self.coverage.want(channel_id, now_ms, "joining")
        self.wanted = ids
        self.intake.obey(rules)
        self.intake.follow(streams, ids, know_viewers=self._wishes.know_viewers)
        if wanted:
            # Whoever is wanted from now on was not before: only the first list lies in the restart's gap.
            self._promises.clear()
        self.listener.follow(stream.login for stream in wanted)

    def _assigned(self, newest: Mapping[int, Newest]) -> None:
        self._on_loop(self._take_over, newest)

    def _take_over(self, newest: Mapping[int, Newest]) -> None:
        if not newest:
            return
        self._clock.raise_to(max(last.at_ms for last in newest.values()))
        now_ms = self._now_ms()
        for partition, last in newest.items():
            if last.at_ms:
                self._promises[partition] = last.at_ms - PROMISE_DELAY_MS - HEARING_MS - last.lag_ms
        self.writer.own({partition: last.at_ms or now_ms for partition, last in newest.items()})
        log.info("owns partitions %s", sorted(self.writer.partitions))
        self._want()

    def _revoked(self, partitions: frozenset[int], lost: bool) -> None:
        self._on_loop(self._give_up, partitions, lost)

    def _give_up(self, partitions: frozenset[int], lost: bool) -> None:
        if lost:
            # Kafka was away too long. Nobody else can own them before it is back, so listening goes on.
            log.warning("lost partitions %s: records wait until they are ours again", sorted(partitions))
            self.writer.suspend(partitions)
        else:
            log.warning("gives up partitions %s", sorted(partitions))
            self.writer.disown(partitions, flush_s=HANDOVER_S)
            self._want()

    def _on_loop(self, function: Callable[..., None], *args: object) -> None:
        """Run in the event loop and wait: Kafka goes on with the rebalance only when we are done."""
        if self._loop.is_running():
            asyncio.run_coroutine_threadsafe(_call(function, *args), self._loop).result(timeout=8)

    # What is heard

    def _lines(self, lines: Sequence[Line]) -> int | None:
        now_ms = self._now_ms()
        intake, put = self.intake, self.writer.put
        intake.told_ms = 0
        for line in lines:
            if line.command == "PRIVMSG":
                taken = intake.take(line, now_ms)
                if type(taken) is Entry:
                    put(taken)
                elif type(taken) is Unwanted:
                    self.writer.skip(taken.channel_id, taken.sent_ms, "unwanted")
            else:
                for told in intake.notice(line, now_ms):
                    if isinstance(told, Entry):
                        put(told)
                    else:
                        self.writer.put_event(told)
        if self.writer.buffered >= WRITE_AT_ONCE:
            # In a flood reading must not take all the time and leave none for writing.
            self.writer.step()
        return max(0, now_ms - intake.told_ms) if intake.told_ms else None

    def _joined(self, connection: int, login: str) -> None:
        self._put_gap(self.coverage.joined(self.intake.id_of(login), connection, self._now_ms()))

    def _lost(self, connection: int, logins: Iterable[str], unsure_ms: int, reason: str) -> None:
        """What Twitch sent since what came last is unknown, and it sent that a while before."""
        now_ms = self._now_ms()
        for login in logins:
            since_ms = now_ms - unsure_ms - HEARING_MS
            self._put_gap(self.coverage.lost(self.intake.id_of(login), connection, since_ms, now_ms, reason))

    def _refused(self, login: str, reason: str) -> None:
        self.coverage.refused(self.intake.id_of(login), reason)
        log.warning("Twitch refuses channel %s (%s): it is asked again", login, reason)

    # The seconds

    async def _beat(self) -> None:
        """Write the pulses of each second once it is over, and clocks five times a second."""
        end_ms = (self._now_ms() // 1000 + 1) * 1000
        split_s = time.monotonic()
        late_ms = 0
        while True:
            if self._now_ms() - end_ms > CATCH_UP_MS:
                end_ms = self._now_ms() // 1000 * 1000
            while self._now_ms() >= end_ms:
                self._pulse(end_ms)
                end_ms += 1000
            # After a stall of ours what waits in the sockets is older than any line that was read.
            self.writer.put_clocks(max(self._lag_ms(), late_ms))
            self._put_sums(self._now_ms() - SUMS_AFTER_MS)
            if self.writer.is_held():
                # Gaps stay in one piece while they cannot be written: however long that is, they take no more room.
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
            held = "; Kafka is away, records wait" if self.writer.is_held() else ""
            log.info("%d of %d channels joined; %s%s", self.coverage.heard(), len(self.wanted), counts, held)
            if note := set_note(self._clock.ahead_ms(wall_ms(), monotonic_ms()), MAX_AHEAD_MS):
                log.warning("%s", note)
            await asyncio.sleep(REPORT_EVERY_S)


async def _call(function: Callable[..., None], *args: object) -> None:
    function(*args)
