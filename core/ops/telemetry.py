"""The one list of what processes tell Prometheus: every name, its kind, its labels, and what it means.

A counter's samples end with `_total`. Times are in seconds, sizes in bytes. No label names a channel or a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
# A process of ours that has a page; "all" stands for every one of them.
Process = Literal["all", "producer", "worker", "history", "boards", "stream", "web"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One name on the page of a process; `text` names the unit where the name does not."""

    process: Process
    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...] = ()

    @property
    def samples(self) -> tuple[str, ...]:
        """The names that its samples have."""
        if self.kind == "counter":
            return (f"{self.name}_total",)
        if self.kind == "histogram":
            return tuple(f"{self.name}_{end}" for end in ("bucket", "sum", "count"))
        return (self.name,)


_EVERYWHERE = (
    Measure("all", "process_start_time_seconds", "gauge", "When the process began, in seconds since 1970"),
    Measure("all", "process_cpu_seconds", "counter", "CPU time that it used"),
    Measure("all", "process_resident_memory_bytes", "gauge", "Its memory"),
    Measure("all", "process_virtual_memory_bytes", "gauge", "Its address space"),
    Measure("all", "process_open_fds", "gauge", "Files and sockets that it holds open"),
    Measure("all", "process_max_fds", "gauge", "How many it may hold open"),
)
_PRODUCER = (
    Measure("producer", "twitchly_irc_connections", "gauge", "IRC connections by state", ("state",)),
    Measure(
        "producer", "twitchly_irc_channels", "gauge", "Channels wanted, confirmed, and asked for in vain", ("state",)
    ),
    Measure(
        "producer",
        "twitchly_irc_quiet_seconds",
        "gauge",
        "Seconds since the last line, by the connection's place",
        ("connection",),
    ),
    Measure(
        "producer",
        "twitchly_irc_lag_seconds",
        "gauge",
        "How long the newest line had been under way, by the connection's place",
        ("connection",),
    ),
    Measure("producer", "twitchly_irc_ends", "counter", "Connections that ended, by reason", ("reason",)),
    Measure("producer", "twitchly_irc_lines", "counter", "Lines of chat and notices heard"),
    Measure("producer", "twitchly_lines_rejected", "counter", "Lines that were not used, by reason", ("reason",)),
    Measure("producer", "twitchly_records", "counter", "Records given to Kafka's driver, by kind", ("kind",)),
    Measure("producer", "twitchly_records_acked", "counter", "Records of chat that Kafka confirmed"),
    Measure("producer", "twitchly_records_lost", "counter", "Records dropped or not confirmed, by reason", ("reason",)),
    Measure("producer", "twitchly_records_moved", "counter", "Records whose time was moved to keep the promise"),
    Measure("producer", "twitchly_records_moved_most_seconds", "gauge", "The most of it"),
    Measure("producer", "twitchly_records_buffered", "gauge", "Records that wait in memory"),
    Measure("producer", "twitchly_records_in_flight", "gauge", "Records in Kafka's driver"),
)
_WORKER = (
    Measure(
        "worker",
        "twitchly_helix_calls",
        "counter",
        "Calls of Twitch's HTTP, tokens included, by status, or timeout, connection, malformed",
        ("result",),
    ),
    Measure(
        "worker",
        "twitchly_refreshes",
        "counter",
        "Refreshes of the list of channels, by result: done, failed, skipped (another was under way)",
        ("result",),
    ),
    Measure(
        "worker",
        "twitchly_refresh_success_timestamp_seconds",
        "gauge",
        "When the list was refreshed last, in seconds since 1970",
    ),
    Measure("worker", "twitchly_listed_channels", "gauge", "Channels on the list, by state: live, offline", ("state",)),
    Measure("worker", "twitchly_snapshot_age_seconds", "gauge", "How old the list in Redis is"),
    Measure(
        "worker", "twitchly_incidents_open", "gauge", "Incidents that last, as the status page has them", ("rule",)
    ),
)


def _sink(process: Process) -> tuple[Measure, ...]:
    """Return what both sinks tell; which one it is, the job says."""
    return (
        Measure(process, "twitchly_sink_rows", "counter", "Rows written, by grain; events are one", ("grain",)),
        Measure(process, "twitchly_sink_batch_seconds", "histogram", "How long a batch took from Kafka to its store"),
        Measure(process, "twitchly_sink_lag_records", "gauge", "Records that wait on Kafka, by topic", ("topic",)),
        Measure(
            process,
            "twitchly_sink_lag_seconds",
            "gauge",
            "How old the record read last is while others wait behind it, otherwise 0",
        ),
        Measure(
            process,
            "twitchly_sink_newest_window_age_seconds",
            "gauge",
            "Since when the newest window is over",
            ("grain",),
        ),
        Measure(
            process, "twitchly_sink_dead_letters", "counter", "Records that could not be used, by topic", ("topic",)
        ),
        Measure(process, "twitchly_sink_waits", "gauge", "1 while the store it writes to does not answer"),
        Measure(process, "twitchly_sink_halted", "gauge", "1 once too large a share of a topic was unusable"),
    )


_STREAM = (
    Measure("stream", "twitchly_flink_answers", "gauge", "1 while Flink's job manager answers"),
    Measure("stream", "twitchly_stream_runs", "gauge", "1 while every task of the stream job runs"),
    Measure("stream", "twitchly_stream_restarts", "gauge", "How often the job that runs was restarted"),
    Measure("stream", "twitchly_stream_records_read", "counter", "Records of chat that the job that runs has read"),
    Measure("stream", "twitchly_stream_not_json", "counter", "Records of those that were no JSON"),
    Measure("stream", "twitchly_stream_lag_records", "gauge", "Records of chat that the job has yet to read"),
    Measure("stream", "twitchly_stream_late_dropped", "counter", "Records dropped as late since somebody watches"),
    Measure(
        "stream", "twitchly_stream_checkpoints", "counter", "Checkpoints by result: completed, failed", ("result",)
    ),
    Measure("stream", "twitchly_stream_checkpoint_age_seconds", "gauge", "How old the newest complete checkpoint is"),
    Measure("stream", "twitchly_stream_checkpoint_bytes", "gauge", "How large its state is"),
    Measure("stream", "twitchly_stream_checkpoint_seconds", "gauge", "How long it took"),
)
_WEB = (
    Measure(
        "web",
        "twitchly_http_requests",
        "counter",
        "Requests answered, by the name of the route and the status",
        ("route", "status"),
    ),
    Measure(
        "web", "twitchly_http_request_seconds", "histogram", "How long the answer took to begin, by route", ("route",)
    ),
    Measure(
        "web", "twitchly_api_answers", "counter", "Answers of the API, by the code of the problem or ok", ("code",)
    ),
    Measure("web", "twitchly_sockets_open", "gauge", "Open live sockets and event streams"),
    Measure("web", "twitchly_socket_frames", "counter", "Frames that sockets and event streams have taken"),
    Measure("web", "twitchly_sockets_slow_closed", "counter", "Sockets closed because they took nothing"),
    Measure("web", "twitchly_hub_tick_age_seconds", "gauge", "Since the hub's last tick; absent while nobody looks"),
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
# By name: what two processes tell by the same name means the same.
MEASURE: Mapping[str, Measure] = {measure.name: measure for measure in MEASURES}


def exported_by(process: Process) -> frozenset[str]:
    """Return the names on the page of a process."""
    return frozenset(measure.name for measure in MEASURES if measure.process in (process, "all"))
