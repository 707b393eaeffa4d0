"""The columns of hour rows that a summary reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.metrics.columns import Columns, names_of
from core.metrics.ranges import RangeSummary, Row, columns_behind_range, summarize
from core.metrics.table import METRIC, METRICS, Metric
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals
from core.times import HOUR_MS

T = 1_795_399_200_000
HOUR = {name: 1_000 + number for number, name in enumerate([*names_of("hour"), *names_of("hour_distinct")])}


def words_per_chatter(columns: Columns, _window_ms: int) -> float | None:
    """Return a range value from columns that the window formula does not read."""
    return columns.get("words", 0) / columns["minute_chatters"] if "minute_chatters" in columns else None


INVENTED = replace(METRIC["messages"], key="words_per_chatter", over_range=words_per_chatter)


def summary_of(columns: Columns) -> RangeSummary:
    return summarize([Row(T, HOUR_MS, columns)], RecordedGaps(), Intervals(), T, T + HOUR_MS)


@pytest.mark.parametrize("metric", [*METRICS, INVENTED], ids=lambda metric: metric.key)
def test_the_columns_read_for_a_metric_give_its_value_and_peak(metric: Metric) -> None:
    read = columns_behind_range([metric])
    whole = summary_of(HOUR)
    partial = summary_of({name: value for name, value in HOUR.items() if name in read})
    assert partial.value(metric) == whole.value(metric)
    assert partial.peaks.get(metric.key) == whole.peaks.get(metric.key)
    assert partial.coverage_on_air == whole.coverage_on_air


def test_columns_of_other_metrics_are_not_read() -> None:
    assert "minute_chatters" not in columns_behind_range([METRIC["spam"]])
    assert columns_behind_range([INVENTED]) >= {"words", "minute_chatters"}
