"""The Cassandra tables have the columns of core/metrics/columns.py and core/metrics/days.py."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from apps.dashboard.opt_outs.views import TABLES as EXPLAINED_TO_OWNERS
from apps.dashboard.policies.retention import TABLES as IN_PRIVACY_POLICY
from apps.metrics import models
from apps.metrics.backup.history import TABLES as BACKED_UP
from apps.metrics.models import ChannelDay, HourWindow, LiveWindow, MinuteWindow
from apps.metrics.store import _RETENTION_S, partitions_until
from core.metrics.columns import names_of
from core.metrics.days import DAY_COLUMNS
from drills.history_dump import TABLES as COMPARED


@pytest.mark.parametrize(
    ("model", "grains", "period"),
    [
        (LiveWindow, ("live", "live_distinct"), "day"),
        (MinuteWindow, ("minute",), "day"),
        (HourWindow, ("hour", "hour_distinct"), "year"),
    ],
)
def test_a_table_has_its_keys_and_every_column_of_its_grains(model: Any, grains: tuple[Any, ...], period: str) -> None:
    columns = {name for grain in grains for name in names_of(grain)}
    differing = set(model._columns) ^ (columns | {"channel_id", period, "end_ms"})
    assert not differing, f"apps/metrics/models.py: {model.__name__} lacks, or should not have, {sorted(differing)}"
    assert list(model._partition_keys) == ["channel_id", period]
    assert list(model._clustering_keys) == ["end_ms"]


MODELS = [model for model in vars(models).values() if getattr(model, "__table_name__", None)]
TABLES = {model.__table_name__ for model in MODELS}
STORAGE = Path(__file__).resolve().parents[2] / "docs" / "subsystems" / "storage.md"
# The documented retention of each table.
DOCUMENTED = dict(re.findall(r"^\| `(\w+)` \| .+ \| ([\w ]+) \|$", STORAGE.read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    ("tables", "file"),
    [
        (set(BACKED_UP), "apps/metrics/backup/history.py"),
        (set(COMPARED), "drills/history_dump.py"),
        ({table for table, _, _ in partitions_until(0)}, "apps/metrics/store.py"),
        (set(EXPLAINED_TO_OWNERS), "apps/dashboard/opt_outs/views.py"),
        ({table.__table_name__ for table in IN_PRIVACY_POLICY}, "apps/dashboard/policies/retention.py"),
        (set(DOCUMENTED), "docs/subsystems/storage.md"),
    ],
)
def test_every_table_is_erased_backed_up_and_explained(tables: set[str], file: str) -> None:
    assert tables == TABLES, f"{file} lacks {sorted(TABLES - tables)}"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__table_name__)
def test_rows_expire_after_the_documented_time(model: Any) -> None:
    ttl_s = model.__options__.get("default_time_to_live", 0) if hasattr(model, "__options__") else 0
    assert DOCUMENTED[model.__table_name__] == (f"{ttl_s // 86_400} days" if ttl_s else "forever")
    assert _RETENTION_S.get(model.__table_name__, 0) == ttl_s, "rows of past windows would expire at another time"


def test_the_table_of_days_has_its_keys_and_every_column_of_a_day() -> None:
    differing = set(ChannelDay._columns) ^ {*DAY_COLUMNS, "channel_id", "year", "start_ms"}
    assert not differing, f"apps/metrics/models.py: ChannelDay lacks, or should not have, {sorted(differing)}"
    assert list(ChannelDay._partition_keys) == ["channel_id", "year"]
    assert list(ChannelDay._clustering_keys) == ["start_ms"]
