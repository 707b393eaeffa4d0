"""The producer process: wanted channels, what is heard of them, and the seconds' pulses and clocks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import redis
import redis.asyncio
from confluent_kafka import Producer
from django.conf import settings

from apps.ingest import snapshot
from apps.ingest.listening.connection import Heard, Server, monotonic_ms
from apps.ingest.listening.intake import Intake, Unwanted
from apps.ingest.listening.keys import Keys
from apps.ingest.listening.listener import Listener
from apps.ingest.listening.ownership import Ownership
from apps.ingest.listening.writer import Entry, Writer
from apps.ingest.snapshot import Stream
from core.coverage import Coverage, Gap
from core.event_time import PROMISE_DELAY_MS, SlewedClock
from core.irc import Line
from core.records import TOPIC, pulse_record
from core.sharding import partition_of
from twitchly.clock import now_ms as wall_ms

log = logging.getLogger(__name__)

PARTITIONS = TOPIC["chat"].partitions
# How long a message may be under way to us: one sent this long before a loss may be lost too.
HEARING_MS = 2_000
# After the machine slept, or stood still, longer than this, the seconds in between get no pulses.
CATCH_UP_MS = 30_000
DRAIN_S = 6.0
HANDOVER_S = 3.0


class ChatProducer:
    """Listens to the channels of the partitions it owns and writes what it hears."""

    def __init__(self, server: Server, kafka_producer: Producer, name: str) -> None:
        self._clock = SlewedClock(wall_ms(), monotonic_ms())
        self._keys = Keys()
        self._writer = Writer(
            kafka_producer, name=name, limit=settings.BUFFER_RECORDS, now_ms=self._now_ms, hash_key=self._keys
        )
        self._coverage = Coverage()
        self._streams: dict[str, Stream] = {}
        self._wanted: frozenset[str] = frozenset()
        self._promises: dict[int, int] = {}
        self._intake = Intake(PARTITIONS)
        self._listener = Listener(server, Heard(self._line, self._joined, self._lost), settings.CHANNELS_PER_CONNECTION)
        self._ownership = Ownership(name, self._assigned, self._revoked)
        self._loop = asyncio.get_running_loop()

    async def run(self, stop: Callable[[], bool]) -> None:
        """Work until told to stop, then write what is left. A part that ends by itself is an error."""
        await self._keys.fetch(self._now_ms())
        self._ownership.start()
        parts = [asyncio.create_task(part) for part in (self._follow(), self._write(), self._beat(), self._report())]
        try:
            while not stop():
                done, _ = await asyncio.wait(parts, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
                for part in done:
                    part.result()
                    raise RuntimeError("a part of the producer ended by itself")
                if self._ownership.failure is not None:
                    raise self._ownership.failure
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            await self._drain()

    async def _drain(self) -> None:
        await self._listener.close()
        for gap in self._coverage.split(self._now_ms()):
            self._writer.put_gap(gap)
        self._put_lost()
        self._writer.put_clocks()
        await asyncio.to_thread(self._writer.flush, DRAIN_S)
        await asyncio.to_thread(self._ownership.close)
        log.info("stopped; %s", dict(self._writer.counts))

    def _now_ms(self) -> int:
        return self._clock.now_ms(wall_ms(), monotonic_ms())

    # The wanted channels

    async def _follow(self) -> None:
        client = redis.asyncio.Redis.from_url(settings.REDIS_STREAMS_URL, socket_timeout=5)
        fetched_ms, known, waiting = 0, False, 0
        async with client:
            while True:
                try:
                    current = await snapshot.read(client)
                except (redis.RedisError, OSError, ValueError, KeyError, TypeError) as error:
                    current = None
                    log.warning("the stream snapshot cannot be read, the last list stays: %s", error)
                if current is not None and current.streams and current.fetched_ms != fetched_ms:
                    fetched_ms, known = current.fetched_ms, True
                    self._streams = dict(current.streams)
                    self._want()
                if not known and waiting % 10 == 0:
                    log.warning("waiting for the stream snapshot in Redis (Celery writes it every 60 s)")
                waiting += 1
                await asyncio.sleep(1)

    def _want(self) -> None:
        """Follow the streams whose partitions are ours."""
        owned = self._writer.partitions
        wanted = [s for s in self._streams.values() if partition_of(s.id, PARTITIONS) in owned]
        now_ms = self._now_ms()
        ids = frozenset(stream.id for stream in wanted)
        for channel_id in self._wanted - ids:
            if gap := self._coverage.unwant(channel_id, now_ms):
                self._writer.put_gap(gap)
        for channel_id in ids - self._wanted:
            promise_ms = self._promises.get(partition_of(channel_id, PARTITIONS), now_ms)
            if promise_ms < now_ms:
                # Told at once: our own clocks would hide it from the next owner if we died before the join.
                self._writer.put_gap(Gap(channel_id, promise_ms, now_ms, "restart"))
            self._coverage.want(channel_id, now_ms, "joining")
        self._wanted = ids
        self._intake.follow(self._streams, ids)
        if wanted:
            # Whoever is wanted from now on was not before: only the first list lies in the restart's gap.
            self._promises.clear()
        self._listener.follow(stream.login for stream in wanted)

    def _assigned(self, newest: dict[int, int]) -> None:
        self._on_loop(self._take_over, newest)

    def _take_over(self, newest: dict[int, int]) -> None:
        if not newest:
            return
        self._clock.raise_to(max(newest.values()))
        now_ms = self._now_ms()
        self._promises.update({p: at_ms - PROMISE_DELAY_MS - HEARING_MS for p, at_ms in newest.items() if at_ms})
        self._writer.own({p: at_ms or now_ms for p, at_ms in newest.items()})
        log.info("owns partitions %s", sorted(self._writer.partitions))
        self._want()

    def _revoked(self, partitions: frozenset[int], lost: bool) -> None:
        self._on_loop(self._give_up, partitions, lost)

    def _give_up(self, partitions: frozenset[int], lost: bool) -> None:
        if lost:
            # Kafka was away too long. Nobody else can own them before it is back, so listening goes on.
            log.warning("lost partitions %s: records wait until they are ours again", sorted(partitions))
            self._writer.suspend(partitions)
        else:
            log.warning("gives up partitions %s", sorted(partitions))
            self._writer.disown(partitions, flush_s=HANDOVER_S)
            self._want()

    def _on_loop(self, function: Callable[..., None], *args: object) -> None:
        """Run in the event loop and wait: Kafka goes on with the rebalance only when we are done."""
        if self._loop.is_running():
            asyncio.run_coroutine_threadsafe(_call(function, *args), self._loop).result(timeout=8)

    # What is heard

    def _line(self, line: Line) -> None:
        match self._intake.take(line, self._now_ms()):
            case Entry() as entry:
                self._writer.put(entry)
            case Unwanted(channel_id, sent_ms):
                self._writer.skip(channel_id, sent_ms, "unwanted")

    def _joined(self, login: str) -> None:
        if gap := self._coverage.joined(self._intake.id_of(login), self._now_ms()):
            self._writer.put_gap(gap)

    def _lost(self, logins: frozenset[str], quiet_ms: int) -> None:
        """What Twitch sent after the last bytes that came is unknown, and it sent those a while before."""
        now_ms = self._now_ms()
        for login in logins:
            since_ms = now_ms - quiet_ms - HEARING_MS
            self._coverage.lost(self._intake.id_of(login), since_ms, now_ms, "disconnected")

    # The seconds

    async def _beat(self) -> None:
        """Write the pulses of each second once it is over, and clocks five times a second."""
        end_ms = (self._now_ms() // 1000 + 1) * 1000
        split_s = time.monotonic()
        while True:
            if self._now_ms() - end_ms > CATCH_UP_MS:
                end_ms = self._now_ms() // 1000 * 1000
            while self._now_ms() >= end_ms:
                self._pulse(end_ms)
                end_ms += 1000
            self._writer.put_clocks()
            self._put_lost()
            if time.monotonic() - split_s > 60:
                split_s = time.monotonic()
                for gap in self._coverage.split(self._now_ms()):
                    self._writer.put_gap(gap)
            now_ms = self._now_ms()
            await asyncio.sleep((200 - now_ms % 200) / 1000)

    def _pulse(self, end_ms: int) -> None:
        for channel_id, observed_ms in self._coverage.observed(end_ms).items():
            stream = self._streams.get(channel_id)
            if stream is None:
                continue
            fields = pulse_record(
                channel_id=channel_id,
                observed_ms=observed_ms,
                live=True,
                viewers=stream.viewers,
                category=stream.category,
                language=stream.language,
            )
            self._writer.put(Entry(partition_of(channel_id, PARTITIONS), end_ms - 1, fields))

    def _put_lost(self) -> None:
        for gap in self._writer.take_lost():
            self._writer.put_gap(gap)

    async def _write(self) -> None:
        while True:
            self._writer.step()
            await asyncio.sleep(0.01)

    async def _report(self) -> None:
        while True:
            await self._keys.fetch(self._now_ms())
            counts = {**self._writer.counts, **{f"rejected: {why}": n for why, n in self._intake.rejected.items()}}
            held = "; Kafka is away, records wait" if self._writer.is_held() else ""
            log.info("%d channels wanted; %s%s", len(self._wanted), counts, held)
            await asyncio.sleep(30)


async def _call(function: Callable[..., None], *args: object) -> None:
    function(*args)
