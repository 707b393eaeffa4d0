"""Documentation generated from the metric table."""

from __future__ import annotations

from operator import attrgetter

import pytest

from core.metrics.columns import COLUMNS, GRAINS, HOUR_COLUMNS
from core.metrics.counting_rules import RULES
from core.metrics.docs import every, markdown, span, threshold_of, thresholds_of
from core.metrics.formulas import RankingThresholds
from core.metrics.table import METRIC, METRICS, Metric


def rows(section: int) -> dict[str, list[str]]:
    """Return the other cells of each row of a table, by the row's first cell."""
    lines = markdown().split("\n## ")[section].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| `")]
    return {first.strip("`"): rest for first, *rest in cells}


def test_every_metric_column_and_window_is_documented() -> None:
    assert list(rows(0)) == [metric.key for metric in METRICS]
    assert list(rows(2)) == list(GRAINS)
    assert list(rows(3)) == [*(column.name for column in COLUMNS), *(column.name for column in HOUR_COLUMNS)]


def test_every_counting_rule_is_in_the_documentation() -> None:
    text = " ".join(markdown().split())
    assert all(f"- **{rule.title}.** {rule.text} " in text for rule in RULES)


def test_a_metric_row_has_all_fields() -> None:
    metric = METRIC["engagement"]
    assert rows(0)["engagement"] == [
        metric.label,
        metric.unit,
        metric.formula,
        "100 viewers",
        metric.empty,
        metric.five_minutes,
        metric.longer,
        metric.ranged,
        metric.peak,
        "3",
    ]
    assert (rows(0)["chatters"][3], rows(0)["shared"][3]) == ("–", "no board")
    assert (rows(0)["spam"][3], rows(0)["spam"][5]) == (
        "10 messages in 30 s; 100 messages in 5 min",
        METRIC["spam"].five_minutes,
    )
    assert rows(0)["chatters"][5] == "–"


def test_windows_have_their_length_and_interval() -> None:
    assert rows(2)["live_distinct"] == ["30 s", "5 s", "10 s"]
    assert rows(2)["hour"] == ["1 h", "1 h", "1 h"]


def test_columns_describe_how_hours_are_rolled_up() -> None:
    assert rows(3)["viewers_max"][-1] == "the maximum of its minutes"
    assert rows(3)["chatters"][:1] == ["`live_distinct`, `minute`, `hour_distinct`"]


def test_thresholds_are_formatted_from_the_given_values() -> None:
    thresholds = RankingThresholds(min_viewers=2_500, min_messages=3, min_chatters=4)
    assert threshold_of(METRIC["engagement"], thresholds) == "2,500 viewers"
    assert threshold_of(METRIC["spam"], thresholds) == "3 messages in 30 s"
    assert threshold_of(METRIC["excitement"], thresholds) == "4 chatters in 30 s"
    assert threshold_of(METRIC["messages"], thresholds) == ""
    assert thresholds_of(METRIC["spam"], thresholds) == ["3 messages in 30 s", "30 messages in 5 min"]
    assert thresholds_of(METRIC["engagement"], thresholds) == ["2,500 viewers"]
    assert thresholds_of(METRIC["messages"], thresholds) == []


@pytest.mark.parametrize("metric", METRICS, ids=attrgetter("key"))
def test_the_documented_threshold_matches_the_board(metric: Metric) -> None:
    thresholds = RankingThresholds(min_viewers=2_500, min_messages=3, min_chatters=4)
    for window in metric.windows:
        over = thresholds.over(window)
        reason = metric.unranked({"viewers": 0, "messages": 0, "chatters": 0}, over)
        assert threshold_of(metric, over) == (reason or "").removeprefix("needs ")


@pytest.mark.parametrize(("ms", "text"), [(1_000, "1 s"), (150_000, "150 s"), (600_000, "10 min"), (3_600_000, "1 h")])
def test_durations_use_the_largest_whole_unit(ms: int, text: str) -> None:
    assert span(ms) == text


def test_distinct_counts_update_every_5_s() -> None:
    assert (every(METRIC["chatters"]), every(METRIC["messages"])) == ("5 s", "1 s")


def test_five_minute_ratios_update_every_10_s() -> None:
    assert (every(METRIC["repetition"], "5m"), every(METRIC["spam"], "5m")) == ("10 s", "10 s")
