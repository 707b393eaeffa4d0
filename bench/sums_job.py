"""A Flink job with only the live window's three sums, for a fair comparison. Run through `flink run -py`.

The source and the filter are the product's; other columns and grains are omitted.
"""

from __future__ import annotations

import argparse

from pyflink.table import EnvironmentSettings, TableEnvironment

from bench.chat import SUMS
from core.metrics.columns import SLIDE_MS, WINDOW_MS, columns_of
from flink.sql import SETTINGS, JobConfig, sink_options, statements

NAME = "bench-sums"
# 2020-01-01: TIMESTAMPDIFF returns an INT, which can hold the seconds since then.
SINCE_MS = 1_577_836_800_000


def sums_statements(config: JobConfig, topic: str) -> tuple[list[str], str]:
    """Return the table definitions and the INSERT statement."""
    chat, usable, *_ = statements(config)[0]
    columns = [column for column in columns_of("live") if column.name in SUMS]
    sink = f"""
CREATE TABLE out_sums (
  grain STRING, channel_id STRING, end_ms BIGINT{"".join(f", {column.name} BIGINT" for column in columns)}
){sink_options(config, topic)}"""
    insert = f"""
INSERT INTO out_sums
SELECT 'live', channel_id, TIMESTAMPDIFF(SECOND, TIMESTAMP '2020-01-01 00:00:00', window_end) * CAST(1000 AS BIGINT)
    + {SINCE_MS}{"".join(f",{chr(10)}  {column.sql}" for column in columns)}
FROM TABLE(HOP(TABLE usable, DESCRIPTOR(event_time),
  INTERVAL '{SLIDE_MS["live"] // 1000}' SECOND, INTERVAL '{WINDOW_MS["live"] // 1000}' SECOND))
GROUP BY channel_id, window_start, window_end"""
    return [chat, usable, sink], insert


def main() -> None:
    """Submit the job; return when the cluster has accepted it."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--bootstrap", "--connector-jar", "--topic-prefix", "--topic"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    table_env = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    job_settings = {"pipeline.name": NAME, "pipeline.jars": f"file://{args.connector_jar}"}
    for key, value in {**SETTINGS, **job_settings}.items():
        table_env.get_config().set(key, value)
    definitions, insert = sums_statements(JobConfig(args.bootstrap, args.topic_prefix), args.topic)
    for definition in definitions:
        table_env.execute_sql(definition)
    table_env.execute_sql(insert)


if __name__ == "__main__":
    main()
