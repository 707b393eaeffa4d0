"""Old and new code run together during an upgrade: relational and Cassandra schemas are only added to.

`python -m tests.test_upgrades` writes the tables of a release, which the next one is compared with.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from django_migration_linter import MigrationLinter

from apps.metrics.models import ChannelEvent, HourWindow, LiveWindow, MinuteWindow, StreamSummary
from tests.postgres import VARIABLE

# Tables of the last release; each release writes them: see docs/operation.md.
RELEASED = Path(__file__).parent / "metrics" / "released_tables.json"
APPS = ["accounts", "api", "channels", "curation", "dashboard", "ingest", "status", "workspaces"]


@pytest.mark.django_db
@pytest.mark.skipif(VARIABLE not in os.environ, reason="SQLite rebuilds a table for each change")
def test_migrations_are_backward_compatible(capsys: pytest.CaptureFixture[str]) -> None:
    linter = MigrationLinter(no_cache=True, include_apps=APPS)
    linter.lint_all_migrations()
    assert linter.nb_valid + linter.nb_warnings > len(APPS)
    assert not linter.has_errors, capsys.readouterr().out


def columns() -> dict[str, dict[str, str]]:
    """Return the tables of the models: the type of each column, and whether it is in the key."""
    return {
        str(model.__table_name__): {
            name: f"{column.db_type}{' key' if column.primary_key or column.partition_key else ''}"
            for name, column in model._columns.items()
        }
        for model in (LiveWindow, MinuteWindow, HourWindow, StreamSummary, ChannelEvent)
    }


def test_tables_of_cassandra_are_only_added_to() -> None:
    now = columns()
    for table, released in json.loads(RELEASED.read_text()).items():
        for name, kind in released.items():
            assert now.get(table, {}).get(name) == kind, f"{table}.{name}"
        added = now[table].keys() - released.keys()
        assert not [name for name in added if now[table][name].endswith("key")], table


if __name__ == "__main__":
    RELEASED.write_text(json.dumps(columns(), indent=2) + "\n")
