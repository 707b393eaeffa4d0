"""The single list of Prometheus metrics: name, kind, labels and description of each.

Names of counter samples end with `_total`. Times are in seconds, sizes in bytes. No label names a channel or a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
# A process with a Prometheus endpoint; "all" means every process.
Process = Literal["all", "producer", "worker", "history", "boards", "stream", "web"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One Prometheus metric of a process; `text` states the unit if the name does not."""

    process: Process
    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...] = ()

    @property
    def samples(self) -> tuple[str, ...]:
        """The names of the metric's samples."""
        if self.kind == "counter":
            return (f"{self.name}_total",)
        if self.kind == "histogram":
            return tuple(f"{self.name}_{end}" for end in ("bucket", "sum", "count"))
        return (self.name,)


_EVERYWHERE = (
    Measure("all", "process_start_time_seconds", "gauge", "Start time of the process, in seconds since 1970"),
    Measure("all", "process_cpu_seconds", "counter", "CPU time used"),
    Measure("all", "process_resident_memory_bytes", "gauge", "Resident memory"),
    Measure("all", "process_virtual_memory_bytes", "gauge", "Virtual memory"),
    Measure("all", "process_open_fds", "gauge", "Open files and sockets"),
    Measure("all", "process_max_fds", "gauge", "Maximum number of open files and sockets"),
)
_PRODUCER = (
    Measure("producer", "twitchly_irc_connections", "gauge", "IRC connections by state", ("state",)),
    Measure(
        "producer",
        "twitchly_irc_channels",
        "gauge",
        "Channels by state: wanted, confirmed (joined), failed",
        ("state",),
    ),
    Measure(
        "producer",
        "twitchly_irc_quiet_seconds",
        "gauge",
        "Seconds since the last line, by connection number",
        ("connection",),
    ),
    Measure(
        "producer",
        "twitchly_irc_lag_seconds",
        "gauge",
        "Delay between Twitch sending the newest line and its arrival, by connection number",
        ("connection",),
    ),
    Measure("producer", "twitchly_irc_ends", "counter", "Connections that ended, by reason", ("reason",)),
    Measure("producer", "twitchly_irc_lines", "counter", "Chat lines and notices received"),
    Measure("producer", "twitchly_lines_rejected", "counter", "Lines rejected, by reason", ("reason",)),
    Measure("producer", "twitchly_records", "counter", "Records passed to the Kafka client, by kind", ("kind",)),
    Measure("producer", "twitchly_records_acked", "counter", "Chat records acknowledged by Kafka"),
    Measure(
        "producer", "twitchly_records_lost", "counter", "Records dropped or not acknowledged, by reason", ("reason",)
    ),
    Measure("producer", "twitchly_records_moved", "counter", "Records whose time was moved past the watermark"),
    Measure("producer", "twitchly_records_moved_most_seconds", "gauge", "Largest shift of a record's time"),
    Measure("producer", "twitchly_records_buffered", "gauge", "Records buffered in memory"),
    Measure("producer", "twitchly_records_in_flight", "gauge", "Records in flight in the Kafka client"),
)
_WORKER = (
    Measure(
        "worker",
        "twitchly_helix_calls",
        "counter",
        "Calls to Twitch's HTTP API, including token requests, by result: a status, timeout, connection or malformed",
        ("result",),
    ),
    Measure(
        "worker",
        "twitchly_refreshes",
        "counter",
        "Refreshes of the channel list, by result: done, failed, skipped (another was running)",
        ("result",),
    ),
    Measure(
        "worker",
        "twitchly_refresh_success_timestamp_seconds",
        "gauge",
        "Time of the last channel list refresh, in seconds since 1970",
    ),
    Measure("worker", "twitchly_listed_channels", "gauge", "Channels on the list, by state: live, offline", ("state",)),
    Measure("worker", "twitchly_snapshot_age_seconds", "gauge", "Age of the channel list in Redis"),
    Measure("worker", "twitchly_incidents_open", "gauge", "Open incidents, as on the status page", ("rule",)),
)


def _sink(process: Process) -> tuple[Measure, ...]:
    """Return the metrics of both sinks; the Prometheus job label distinguishes them."""
    return (
        Measure(process, "twitchly_sink_rows", "counter", "Rows written, by grain or event", ("grain",)),
        Measure(process, "twitchly_sink_batch_seconds", "histogram", "Time to write a batch to the store"),
        Measure(process, "twitchly_sink_lag_records", "gauge", "Unread records in Kafka, by topic", ("topic",)),
        Measure(
            process,
            "twitchly_sink_lag_seconds",
            "gauge",
            "Age of the last record read, or 0 if no records are unread",
        ),
        Measure(
            process,
            "twitchly_sink_newest_window_age_seconds",
            "gauge",
            "Age of the newest window",
            ("grain",),
        ),
        Measure(process, "twitchly_sink_dead_letters", "counter", "Unusable records, by topic", ("topic",)),
        Measure(process, "twitchly_sink_waits", "gauge", "1 while the store is not responding"),
        Measure(process, "twitchly_sink_halted", "gauge", "1 after too many records in a topic were unusable"),
    )


_STREAM = (
    Measure("stream", "twitchly_flink_answers", "gauge", "1 while Flink's job manager responds"),
    Measure("stream", "twitchly_stream_runs", "gauge", "1 while all tasks of the stream job run"),
    Measure("stream", "twitchly_stream_restarts", "gauge", "Restarts of the running job"),
    Measure("stream", "twitchly_stream_records_read", "counter", "Chat records read by the running job"),
    Measure("stream", "twitchly_stream_not_json", "counter", "Chat records that were not JSON"),
    Measure("stream", "twitchly_stream_lag_records", "gauge", "Unread chat records"),
    Measure("stream", "twitchly_stream_late_dropped", "counter", "Records dropped as late since the watcher started"),
    Measure(
        "stream", "twitchly_stream_checkpoints", "counter", "Checkpoints by result: completed, failed", ("result",)
    ),
    Measure("stream", "twitchly_stream_checkpoint_age_seconds", "gauge", "Age of the newest completed checkpoint"),
    Measure("stream", "twitchly_stream_checkpoint_bytes", "gauge", "State size of the newest completed checkpoint"),
    Measure("stream", "twitchly_stream_checkpoint_seconds", "gauge", "Duration of the newest completed checkpoint"),
)
_WEB = (
    Measure(
        "web",
        "twitchly_http_requests",
        "counter",
        "Requests answered, by route name and status",
        ("route", "status"),
    ),
    Measure(
        "web", "twitchly_http_request_seconds", "histogram", "Time to the start of the response, by route", ("route",)
    ),
    Measure("web", "twitchly_api_answers", "counter", "API responses, by problem code or ok", ("code",)),
    Measure("web", "twitchly_sockets_open", "gauge", "Open live sockets and event streams"),
    Measure("web", "twitchly_socket_frames", "counter", "Frames sent to sockets and event streams"),
    Measure("web", "twitchly_sockets_slow_closed", "counter", "Sockets closed because the client did not read"),
    Measure(
        "web", "twitchly_hub_tick_age_seconds", "gauge", "Time since the hub's last tick; absent without subscriptions"
    ),
)

MEASURES: tuple[Measure, ...] = (
    *_EVERYWHERE,
    *_PRODUCER,
    *_WORKER,
    *_sink("history"),
    *_sink("boards"),
    *_STREAM,
    *_WEB,
)
# Keyed by name, because a name has the same meaning in all processes.
MEASURE: Mapping[str, Measure] = {measure.name: measure for measure in MEASURES}


def exported_by(process: Process) -> frozenset[str]:
    """Return the names that a process exports."""
    return frozenset(measure.name for measure in MEASURES if measure.process in (process, "all"))
