"""Submits the statements of sql.py as one Flink job. `manage.py submit_flink_job` runs it with `flink run -py`."""

from __future__ import annotations

import argparse
import json
import os

from pyflink.table import EnvironmentSettings, TableEnvironment

from flink.sql import ACCESS, SETTINGS, JobConfig, statements


def main() -> None:
    """Parse the arguments, submit the job, and return once the cluster has accepted it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--connector-jar", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--topic-prefix", default="")
    parser.add_argument("--valid-from-ms", type=int, default=0)
    parser.add_argument("--clock-offset-ms", type=int, default=0)
    parser.add_argument("--submitted-ms", type=int, default=0)
    args = parser.parse_args()
    # Credentials come from the environment, because any user on the machine can read a process's arguments.
    access = json.loads(os.environ.get(ACCESS, "{}"))
    config = JobConfig(
        args.bootstrap, args.topic_prefix, args.valid_from_ms, args.clock_offset_ms, args.submitted_ms, access
    )

    table_env = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    for key, value in {
        **SETTINGS,
        "pipeline.name": args.name,
        "pipeline.jars": f"file://{args.connector_jar}",
    }.items():
        table_env.get_config().set(key, value)
    definitions, inserts = statements(config)
    for definition in definitions:
        table_env.execute_sql(definition)
    job = table_env.create_statement_set()
    for insert in inserts:
        job.add_insert_sql(insert)
    job.execute()


if __name__ == "__main__":
    main()
