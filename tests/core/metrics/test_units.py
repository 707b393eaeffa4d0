"""The unit of a metric includes the window length if values grow with it."""

from __future__ import annotations

import pytest

from core.metrics.columns import STORED_GRAINS
from core.metrics.table import METRIC, METRICS, Metric
from core.metrics.units import LENGTHS, average_unit, name_with_unit, unit_beside_name, unit_of


def test_the_units_of_chatters_depend_on_the_windows() -> None:
    units = [unit_of(METRIC["chatters"], grain) for grain in STORED_GRAINS]
    assert units == ["chatters / 30 s", "chatters / min", "chatters / h"]
    assert average_unit(METRIC["chatters"]) == "chatters / min"


@pytest.mark.parametrize("metric", [metric for metric in METRICS if metric.by_length], ids=lambda metric: metric.key)
def test_values_that_grow_with_the_window_have_its_length_in_their_unit(metric: Metric) -> None:
    assert metric.unit.endswith(f" / {LENGTHS['live']}")


@pytest.mark.parametrize(
    "metric", [metric for metric in METRICS if not metric.by_length], ids=lambda metric: metric.key
)
def test_values_that_do_not_grow_with_the_window_have_one_unit(metric: Metric) -> None:
    assert {unit_of(metric, grain) for grain in STORED_GRAINS} == {average_unit(metric)} == {metric.unit}


def test_a_unit_next_to_a_metric_name_does_not_repeat_the_name() -> None:
    assert [unit_beside_name(METRIC["chatters"], grain) for grain in STORED_GRAINS] == ["per 30 s", "per min", "per h"]
    names = [name_with_unit(METRIC[key]) for key in ("viewers", "messages", "chatters")]
    assert names == ["Viewers", "Messages, msg / 30 s", "Chatters, per 30 s"]


def test_only_the_four_original_boards_have_a_title_besides_the_metric_name() -> None:
    assert {metric.key for metric in METRICS if metric.label != metric.name} == {
        "viewers",
        "messages",
        "engagement",
        "spam",
    }
