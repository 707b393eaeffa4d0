"""The Cassandra tables have the columns of core/metrics/columns.py."""

from __future__ import annotations

from typing import Any

import pytest

from apps.metrics.models import HourWindow, LiveWindow, MinuteWindow
from core.metrics.columns import names_of


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
