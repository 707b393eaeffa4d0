"""SQL of the stream job, built from core/metrics/columns.py and core/pipeline/records.py. job.py runs it.

All inserts share one source; hours are rolled up from minutes, except distinct counts. The SQL avoids two traps: a null
event time would crash the job repeatedly, and a date far in the future would advance the watermark for all channels.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.irc.event_time import PROMISE_DELAY_MS
from core.metrics.columns import GRAINS, HOUR_COLUMNS, SLIDE_MS, WINDOW_MS, columns_of, names_of
from core.pipeline.records import EPOCH_MS, MAX_AHEAD_MS, TEXT_KINDS, TRAITS, VERSION, VIEWERS_MAX, Grain

# Maximum difference between the instance's clock and Kafka's.
CLOCKS_DIFFER_MS = 1_000

# Environment variable with the credentials for Kafka's Java client, as JSON.
ACCESS = "KAFKA_ACCESS"

SETTINGS: Mapping[str, str] = {
    "table.local-time-zone": "UTC",
    "pipeline.auto-watermark-interval": "100 ms",
    "pipeline.object-reuse": "true",
    "table.exec.sink.not-null-enforcer": "ERROR",
    # Compute shared inputs of the inserts once: the usable rows, and the minutes behind hours.
    "table.optimizer.reuse-optimize-block-with-digest-enabled": "true",
}


@dataclass(frozen=True, slots=True)
class JobConfig:
    """Sources, sinks and times of the job.

    `valid_from_ms`: a job without state reads from this time and emits no window that began earlier; 0 reads
    everything. `clock_offset_ms`: how far the instance's clock is ahead of Kafka's, for tests. `submitted_ms`: the
    submission time; windows that ended before it may have been written by an earlier job, so they contain the
    difference in `again_ms`. `access`: credentials for Kafka's Java client.
    """

    bootstrap: str
    topic_prefix: str = ""
    valid_from_ms: int = 0
    clock_offset_ms: int = 0
    submitted_ms: int = 0
    access: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def kafka(self) -> str:
        """The Kafka connection options of a table."""
        options = {"bootstrap.servers": self.bootstrap, **self.access}
        lines = ((name, value.replace("'", "''")) for name, value in options.items())
        return ",\n".join(f"  'properties.{name}' = '{value}'" for name, value in lines)

    @property
    def read_from_ms(self) -> int:
        """The earliest append time, by Kafka's clock, of records in the first window."""
        return self.valid_from_ms - self.clock_offset_ms - CLOCKS_DIFFER_MS


def statements(config: JobConfig) -> tuple[list[str], list[str]]:
    """Return the table definitions, and the inserts of the statement set."""
    definitions = [_source(config), _usable(), _minutes()]
    definitions += [_sink(config, grain) for grain in GRAINS]
    return definitions, [_insert(config, grain) for grain in GRAINS]


def topic_of(grain: Grain) -> str:
    """Return the topic that carries the windows of `grain`."""
    return _TOPICS.get(grain, "windows")


_TOPICS: Mapping[Grain, str] = {"live": "windows-live", "live_distinct": "windows-distinct"}


def _source(config: JobConfig) -> str:
    startup = (
        f"'scan.startup.mode' = 'timestamp', 'scan.startup.timestamp-millis' = '{config.read_from_ms}'"
        if config.valid_from_ms
        else "'scan.startup.mode' = 'earliest-offset'"
    )
    ahead_s = (MAX_AHEAD_MS + config.clock_offset_ms) // 1000
    traits = "".join(f"\n  {trait} INT," for trait in TRAITS)
    return f"""
CREATE TABLE chat (
  kind STRING,
  channel_id STRING,
  at_ms BIGINT,
  user_hash BIGINT,
  text_hash BIGINT,
  words INT,{traits}
  viewers INT,
  observed_ms INT,
  live BOOLEAN,
  appended TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  event_time AS CASE WHEN at_ms >= {EPOCH_MS}
        AND TO_TIMESTAMP_LTZ(at_ms, 3) <= TIMESTAMPADD(SECOND, {ahead_s}, appended)
        THEN TO_TIMESTAMP_LTZ(at_ms, 3) END,
  WATERMARK FOR event_time AS event_time - INTERVAL '{PROMISE_DELAY_MS / 1000}' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = '{config.topic_prefix}chat',
{config.kafka},
  'properties.group.id' = '{config.topic_prefix}flink',
  'properties.metadata.max.age.ms' = '30000',
  {startup},
  'format' = 'json',
  'json.ignore-parse-errors' = 'true'
)"""


def _usable() -> str:
    """Return the view of usable rows, according to the rules of core.pipeline.records.read_chat."""
    text_kinds = ", ".join(f"'{kind}'" for kind in sorted(TEXT_KINDS))
    return f"""
CREATE TEMPORARY VIEW usable AS
SELECT * FROM chat
WHERE event_time IS NOT NULL AND channel_id IS NOT NULL
  AND (viewers IS NULL OR viewers BETWEEN 0 AND {VIEWERS_MAX})
  AND (kind IN ({text_kinds}) AND words IS NOT NULL AND user_hash IS NOT NULL
    OR kind = 'pulse' AND observed_ms IS NOT NULL
    OR kind = 'removal')"""


def _minutes() -> str:
    """Return the view of minutes that hours are rolled up from; `minute_time` is the time at which each closes."""
    columns = "".join(f",\n  {column.sql} AS {column.name}" for column in columns_of("minute"))
    return f"""
CREATE TEMPORARY VIEW minutes AS
SELECT channel_id, window_time AS minute_time,
  {_ms("window_start")} AS start_ms, {_ms("window_end")} AS end_ms{columns}
FROM TABLE({_window("usable", "event_time", "minute")})
GROUP BY channel_id, window_start, window_end, window_time"""


def _sink(config: JobConfig, grain: Grain) -> str:
    columns = "".join(f",\n  {name} BIGINT" for name in names_of(grain))
    return f"""
CREATE TABLE out_{grain} (
  v INT, grain STRING, channel_id STRING, start_ms BIGINT, end_ms BIGINT, again_ms BIGINT{columns}
){sink_options(config, config.topic_prefix + topic_of(grain))}"""


def sink_options(config: JobConfig, topic: str) -> str:
    """Return the options of a table whose rows become JSON records on a topic, keyed by channel."""
    return f""" WITH (
  'connector' = 'kafka',
  'topic' = '{topic}',
{config.kafka},
  'properties.linger.ms' = '5',
  'properties.compression.type' = 'lz4',
  'key.format' = 'raw',
  'key.fields' = 'channel_id',
  'value.format' = 'json',
  'value.json.encode.ignore-null-fields' = 'true',
  'sink.delivery-guarantee' = 'at-least-once'
)"""


def _insert(config: JobConfig, grain: Grain) -> str:
    start, end = _ms("window_start"), _ms("window_end")
    if grain == "minute":
        names = "".join(f", {column.name}" for column in columns_of(grain))
        since = f"\nWHERE start_ms >= {config.valid_from_ms}" if config.valid_from_ms else ""
        return f"""
INSERT INTO out_minute
SELECT {VERSION}, 'minute', channel_id, start_ms, end_ms, {_again(config, "end_ms")}{names}
FROM minutes{since}"""
    is_rolled = grain == "hour"
    window = _window("minutes", "minute_time", grain) if is_rolled else _window("usable", "event_time", grain)
    values = [c.roll.sql.format(name=c.name) if is_rolled else c.sql for c in columns_of(grain)]
    values += [column.sql for column in HOUR_COLUMNS] if is_rolled else []
    columns = "".join(f",\n  {value}" for value in values)
    since = f"\nHAVING {start} >= {config.valid_from_ms}" if config.valid_from_ms else ""
    return f"""
INSERT INTO out_{grain}
SELECT {VERSION}, '{grain}', channel_id, {start}, {end}, {_again(config, end)}{columns}
FROM TABLE({window})
GROUP BY channel_id, window_start, window_end{since}"""


def _again(config: JobConfig, end: str) -> str:
    return f"CASE WHEN {end} <= {config.submitted_ms} THEN {config.submitted_ms} - {end} END"


def _window(table: str, time: str, grain: Grain) -> str:
    size, slide = (f"INTERVAL '{ms // 1000}' SECOND(4)" for ms in (WINDOW_MS[grain], SLIDE_MS[grain]))
    if SLIDE_MS[grain] < WINDOW_MS[grain]:
        return f"HOP(TABLE {table}, DESCRIPTOR({time}), {slide}, {size})"
    return f"TUMBLE(TABLE {table}, DESCRIPTOR({time}), {size})"


def _ms(edge: str) -> str:
    """Return a window edge in ms since 1970; TIMESTAMPDIFF returns an INT, so it counts seconds from EPOCH_MS."""
    since = dt.datetime.fromtimestamp(EPOCH_MS / 1000, dt.UTC)
    return f"(TIMESTAMPDIFF(SECOND, TIMESTAMP '{since:%Y-%m-%d %H:%M:%S}', {edge}) * CAST(1000 AS BIGINT) + {EPOCH_MS})"
