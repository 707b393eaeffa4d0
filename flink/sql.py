"""The SQL of the stream job, built from core/metrics.py and core/records.py. Text only; job.py runs it.

One source is read once by four windowed inserts. Two traps are closed here: a null in the window's time
would crash the job for ever, and a date far ahead would push the watermark for everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.event_time import PROMISE_DELAY_MS
from core.metrics import GRAINS, SLIDE_MS, WINDOW_MS, Grain, columns_of
from core.records import EPOCH_MS, MAX_AHEAD_MS, SPOKEN_KINDS, VERSION

SETTINGS: Mapping[str, str] = {
    "table.local-time-zone": "UTC",
    "pipeline.auto-watermark-interval": "100 ms",
    "pipeline.object-reuse": "true",
    "table.exec.sink.not-null-enforcer": "ERROR",
}


@dataclass(frozen=True, slots=True)
class JobConfig:
    """Where the job reads and writes.

    `valid_from_ms`: a job without state emits no window that began earlier, and reads from then on; 0 reads
    everything. `clock_offset_ms`: how far our clocks run ahead of Kafka's, in trials.
    """

    bootstrap: str
    topic_prefix: str = ""
    valid_from_ms: int = 0
    clock_offset_ms: int = 0


def statements(config: JobConfig) -> tuple[list[str], list[str]]:
    """Return the definitions, then the inserts of the one statement set."""
    definitions = [_source(config), _usable()]
    definitions += [_sink(config, grain) for grain in GRAINS]
    return definitions, [_insert(config, grain) for grain in GRAINS]


def topic_of(grain: Grain) -> str:
    """Return the topic that carries the windows of `grain`."""
    return "windows-live" if grain.startswith("live") else "windows"


def _source(config: JobConfig) -> str:
    startup = (
        f"'scan.startup.mode' = 'timestamp', 'scan.startup.timestamp-millis' = '{config.valid_from_ms}'"
        if config.valid_from_ms
        else "'scan.startup.mode' = 'earliest-offset'"
    )
    ahead_s = (MAX_AHEAD_MS + config.clock_offset_ms) // 1000
    return f"""
CREATE TABLE chat (
  kind STRING,
  channel_id STRING,
  at_ms BIGINT,
  user_hash BIGINT,
  words INT,
  viewers INT,
  observed_ms INT,
  appended TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  event_time AS CASE WHEN at_ms >= {EPOCH_MS}
        AND TO_TIMESTAMP_LTZ(at_ms, 3) <= TIMESTAMPADD(SECOND, {ahead_s}, appended)
        THEN TO_TIMESTAMP_LTZ(at_ms, 3) END,
  WATERMARK FOR event_time AS event_time - INTERVAL '{PROMISE_DELAY_MS / 1000}' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = '{config.topic_prefix}chat',
  'properties.bootstrap.servers' = '{config.bootstrap}',
  'properties.group.id' = '{config.topic_prefix}flink',
  'properties.metadata.max.age.ms' = '30000',
  {startup},
  'format' = 'json',
  'json.ignore-parse-errors' = 'true'
)"""


def _usable() -> str:
    """The rows that count, by the rules of core.records.read_chat."""
    spoken = ", ".join(f"'{kind}'" for kind in sorted(SPOKEN_KINDS))
    return f"""
CREATE TEMPORARY VIEW usable AS
SELECT * FROM chat
WHERE event_time IS NOT NULL AND channel_id IS NOT NULL
  AND (kind IN ({spoken}) AND words IS NOT NULL AND user_hash IS NOT NULL
    OR kind = 'pulse' AND observed_ms IS NOT NULL)"""


def _sink(config: JobConfig, grain: Grain) -> str:
    columns = "".join(f",\n  {column.name} BIGINT" for column in columns_of(grain))
    return f"""
CREATE TABLE out_{grain} (
  v INT, grain STRING, channel_id STRING, start_ms BIGINT, end_ms BIGINT{columns}
) WITH (
  'connector' = 'kafka',
  'topic' = '{config.topic_prefix}{topic_of(grain)}',
  'properties.bootstrap.servers' = '{config.bootstrap}',
  'properties.linger.ms' = '5',
  'properties.compression.type' = 'lz4',
  'key.format' = 'raw',
  'key.fields' = 'channel_id',
  'value.format' = 'json',
  'value.json.encode.ignore-null-fields' = 'true',
  'sink.delivery-guarantee' = 'at-least-once'
)"""


def _insert(config: JobConfig, grain: Grain) -> str:
    columns = "".join(f",\n  {column.sql}" for column in columns_of(grain))
    size, slide = (f"INTERVAL '{ms // 1000}' SECOND(4)" for ms in (WINDOW_MS[grain], SLIDE_MS[grain]))
    window = (
        f"HOP(TABLE usable, DESCRIPTOR(event_time), {slide}, {size})"
        if SLIDE_MS[grain] < WINDOW_MS[grain]
        else f"TUMBLE(TABLE usable, DESCRIPTOR(event_time), {size})"
    )
    start, end = (f"UNIX_TIMESTAMP(CAST({edge} AS STRING)) * 1000" for edge in ("window_start", "window_end"))
    since = f"\nHAVING {start} >= {config.valid_from_ms}" if config.valid_from_ms else ""
    return f"""
INSERT INTO out_{grain}
SELECT {VERSION}, '{grain}', channel_id, {start}, {end}{columns}
FROM TABLE({window})
GROUP BY channel_id, window_start, window_end{since}"""
