"""The channels that this producer tracks: the listed ones in the partitions that it owns."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from apps.ingest.listening.connection_pool import ConnectionPool
from apps.ingest.listening.coverage_recorder import TRANSIT_MS, CoverageRecorder
from apps.ingest.listening.ownership import PartitionHead
from apps.ingest.listening.producer_clock import ProducerClock
from apps.ingest.listening.targets import ChannelTargets
from apps.ingest.listening.writer import Writer
from core.irc.event_time import PROMISE_DELAY_MS
from core.irc.sharding import partition_of
from core.pipeline.intake import Intake

log = logging.getLogger(__name__)

HANDOVER_S = 3.0


class ChannelTracker:
    """Applies changes to the channel list, the rules and the owned partitions. All methods run in the event loop."""

    def __init__(
        self,
        targets: ChannelTargets,
        intake: Intake,
        writer: Writer,
        recorder: CoverageRecorder,
        pool: ConnectionPool,
        clock: ProducerClock,
    ) -> None:
        self._targets = targets
        self._intake = intake
        self._writer = writer
        self._recorder = recorder
        self._pool = pool
        self._clock = clock
        self._promises: dict[int, int] = {}
        self.tracked: frozenset[str] = frozenset()

    def apply(self) -> None:
        """Track the listed channels that belong to the owned partitions and have not opted out."""
        streams, rules, owned = self._targets.streams, self._targets.rules, self._writer.partitions
        tracked = {
            stream.id: partition
            for stream in streams.values()
            if stream.id not in rules.opted_out_channels and (partition := self._partition_of(stream.id)) in owned
        }
        for channel_id in self.tracked - tracked.keys():
            self._recorder.untrack(channel_id)
        for channel_id in tracked.keys() - self.tracked:
            self._recorder.track(channel_id, self._promises.get(tracked[channel_id]))
        self.tracked = frozenset(tracked)
        self._intake.set_rules(rules)
        self._intake.set_channels(streams, self.tracked, know_viewers=self._targets.know_viewers)
        if tracked:
            # The restart's gap covers only the channels of the first list, because those of later lists were not
            # tracked before the restart.
            self._promises.clear()
        self._pool.set_channels(streams[channel_id].login for channel_id in tracked)

    def take_over(self, heads: Mapping[int, PartitionHead]) -> None:
        """Start writing to partitions, continuing from the heads that their previous owners left."""
        if not heads:
            return
        self._clock.raise_to(max(head.at_ms for head in heads.values()))
        now_ms = self._clock.now_ms()
        for partition, head in heads.items():
            if head.at_ms:
                self._promises[partition] = head.at_ms - PROMISE_DELAY_MS - TRANSIT_MS - head.lag_ms
        self._writer.own({partition: head.at_ms or now_ms for partition, head in heads.items()})
        log.info("partitions owned: %s", sorted(self._writer.partitions))
        self.apply()

    def release(self, partitions: frozenset[int], lost: bool) -> None:
        """Stop writing to partitions; if they are `lost`, they may already have another owner."""
        if lost:
            # Kafka was unavailable for too long. No other producer can own the partitions until Kafka is back, so keep
            # listening.
            log.warning("partitions lost, holding records until reassigned: %s", sorted(partitions))
            self._writer.suspend(partitions)
        else:
            log.warning("partitions revoked: %s", sorted(partitions))
            self._writer.disown(partitions, flush_s=HANDOVER_S)
            self.apply()

    def _partition_of(self, channel_id: str) -> int:
        return partition_of(channel_id, self._intake.partitions)
