"""What the producer tells Prometheus: every name is in this file, read from its parts when it is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from apps.ingest.listening.producer import ChatProducer
from core.records import CHAT_KINDS

CONNECTION_STATES = ("joining", "listening", "leaving")


class ProducerMeasures(Collector):
    """Collects from one producer. It is called in a thread of its own and only reads."""

    def __init__(self, producer: ChatProducer) -> None:
        self._producer = producer

    def collect(self) -> Iterable[Metric]:
        """Return all measures as they are now."""
        yield from self._connections()
        yield from self._records()

    def _connections(self) -> Iterable[Metric]:
        listener, coverage = self._producer.listener, self._producer.coverage
        connections = list(listener.connections)
        states = Counter(connection.state for connection in connections)
        yield _gauges(
            "twitchly_irc_connections",
            "IRC connections by state",
            "state",
            {state: states[state] for state in CONNECTION_STATES},
        )
        joins = {
            "wanted": len(self._producer.wanted),
            "confirmed": coverage.heard(),
            "failed": sum(connection.session.failed for connection in connections),
        }
        yield _gauges("twitchly_irc_channels", "Channels wanted, confirmed, and asked for in vain", "state", joins)
        yield _gauges(
            "twitchly_irc_quiet_seconds",
            "Seconds since the last line, by connection",
            "connection",
            {str(connection.number): connection.quiet_ms / 1000 for connection in connections},
        )
        yield _gauges(
            "twitchly_irc_lag_seconds",
            "How long the newest line had been under way, by connection",
            "connection",
            {str(connection.number): connection.session.lag_ms / 1000 for connection in connections},
        )
        yield _counters("twitchly_irc_ends", "Connections that ended, by reason", "reason", listener.ends)

    def _records(self) -> Iterable[Metric]:
        writer, intake = self._producer.writer, self._producer.intake
        counts = dict(writer.counts)
        lost = {name.removeprefix("lost by "): n for name, n in counts.items() if name.startswith("lost by ")}
        yield CounterMetricFamily("twitchly_irc_lines", "Lines of chat and notices heard", intake.heard)
        yield _counters("twitchly_lines_rejected", "Lines that were not used, by reason", "reason", intake.rejected)
        kinds = {kind: counts.get(kind, 0) for kind in (*CHAT_KINDS, "gap", "event")}
        yield _counters("twitchly_records", "Records given to Kafka's driver, by kind", "kind", kinds)
        yield CounterMetricFamily("twitchly_records_acked", "Records of chat that Kafka confirmed", writer.acked)
        yield _counters("twitchly_records_lost", "Records dropped or not confirmed, by reason", "reason", lost)
        yield CounterMetricFamily(
            "twitchly_records_moved", "Records whose time was moved to keep the promise", counts.get("moved", 0)
        )
        yield GaugeMetricFamily("twitchly_records_moved_most_seconds", "The most of it", writer.most_moved_ms / 1000)
        yield GaugeMetricFamily("twitchly_records_buffered", "Records that wait in memory", writer.buffered)
        yield GaugeMetricFamily("twitchly_records_in_flight", "Records in Kafka's driver", writer.in_flight)


def _gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in dict(values).items():
        family.add_metric([key], value)
    return family


def _counters(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in dict(values).items():
        family.add_metric([key], value)
    return family
