"""Old and new code run together during an upgrade, so schemas in the relational database and Cassandra only grow.

`python -m tests.test_upgrades` saves the tables of a release for comparison with the next one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from django_migration_linter import MigrationLinter

from apps.metrics import models
from tests.postgres import VARIABLE

# Tables of the last release and tables added since, updated at each release: see docs/operation.md.
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
    """Return the columns of every table with their type, and `key` for key columns."""
    return {
        str(table): {
            name: f"{column.db_type}{' key' if column.primary_key or column.partition_key else ''}"
            for name, column in model._columns.items()
        }
        for model in vars(models).values()
        if (table := getattr(model, "__table_name__", None))
    }


def test_every_cassandra_table_is_compared() -> None:
    assert json.loads(RELEASED.read_text()).keys() == columns().keys(), "add new tables to released_tables.json"


def test_cassandra_tables_only_gain_columns() -> None:
    current = columns()
    for table, released in json.loads(RELEASED.read_text()).items():
        for name, kind in released.items():
            assert current.get(table, {}).get(name) == kind, f"{table}.{name}"
        added = current[table].keys() - released.keys()
        assert not [name for name in added if current[table][name].endswith("key")], table


if __name__ == "__main__":
    RELEASED.write_text(json.dumps(columns(), indent=2) + "\n")
