"""Prometheus metrics of the producer, collected on each scrape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from apps.ingest.listening.producer import ChatProducer
from apps.ingest.listening.writer_counts import RECORD_KINDS
from twitchly.telemetry import sample, samples

CONNECTION_STATES = ("joining", "listening", "leaving")


class ProducerCollector(Collector):
    """Collects the metrics of one producer. Called in a separate thread; read-only."""

    def __init__(self, producer: ChatProducer) -> None:
        self._producer = producer

    def collect(self) -> Iterable[Metric]:
        """Yield the current metrics."""
        yield from self._connections()
        yield from self._records()

    def _connections(self) -> Iterable[Metric]:
        pool = self._producer.pool
        connections = list(pool.connections)
        states = Counter(connection.state for connection in connections)
        joins = {
            "wanted": len(self._producer.tracker.tracked),
            "confirmed": self._producer.recorder.heard,
            "failed": sum(connection.session.failed for connection in connections),
        }
        # Labeled by position, because connection numbers grow with every reconnect and Prometheus keeps every label.
        quiet = {str(position): connection.quiet_ms / 1000 for position, connection in enumerate(connections, 1)}
        lag = {str(position): connection.session.lag_ms / 1000 for position, connection in enumerate(connections, 1)}
        yield samples("twitchly_irc_connections", {state: states[state] for state in CONNECTION_STATES})
        yield samples("twitchly_irc_channels", joins)
        yield samples("twitchly_irc_quiet_seconds", quiet)
        yield samples("twitchly_irc_lag_seconds", lag)
        yield samples("twitchly_irc_ends", pool.ends)

    def _records(self) -> Iterable[Metric]:
        writer, intake = self._producer.writer, self._producer.intake
        counts = writer.counts
        yield sample("twitchly_irc_lines", intake.heard)
        yield samples("twitchly_lines_rejected", intake.rejected)
        yield samples("twitchly_records", {kind: counts.records[kind] for kind in RECORD_KINDS})
        yield sample("twitchly_records_acked", counts.acked)
        yield samples("twitchly_records_lost", counts.lost)
        yield sample("twitchly_records_moved", counts.moved)
        yield sample("twitchly_records_moved_most_seconds", counts.most_moved_ms / 1000)
        yield sample("twitchly_records_buffered", writer.buffered)
        yield sample("twitchly_records_in_flight", writer.in_flight)
