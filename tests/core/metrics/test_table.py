"""The table of metrics: formulas, thresholds and empty values."""

from __future__ import annotations

import pytest

from core.metrics.columns import GRAINS, LIVE_WINDOW_MS, WINDOW_MS, columns_of
from core.metrics.formulas import RankingThresholds, coverage
from core.metrics.table import BOARDS, METRIC, METRICS, columns_behind, excluded_counts, values_of
from core.times import HOUR_MS, MINUTE_MS

EMPTY = {"messages": 0, "observed_ms": 0, "viewer_pulses": 0, "copies": 0, "bot_messages": 0, "removals": 0}


def test_excluded_counts_omit_zeros() -> None:
    assert excluded_counts({"messages": 4, "copies": 2, "bot_messages": 0}) == {"copies": 2}
    assert excluded_counts({"messages": 4}) == {}


def test_metrics_without_data_are_absent() -> None:
    assert values_of(EMPTY, LIVE_WINDOW_MS) == {"messages": 0, "shared": 0, "coverage": 0}
    assert values_of(EMPTY, MINUTE_MS) == {"coverage": 0}


def test_the_four_original_formulas_hold() -> None:
    columns = {"messages": 12, "words": 30, "viewers": 500, "observed_ms": 30_000}
    assert values_of(columns, LIVE_WINDOW_MS) == {
        "viewers": 500,
        "messages": 12,
        "engagement": pytest.approx(12 * 60 / 30 / (500 / 1000)),
        "spam": 2.5,
        "coverage": 100,
    }


def test_shares_are_percentages_of_counted_messages() -> None:
    columns = {"messages": 40, "texts": 30, "first_messages": 1, "returning_messages": 2, "subscriber_messages": 20}
    values = values_of({**columns, "emote_messages": 10, "removals": 2, "copies": 7}, LIVE_WINDOW_MS)
    assert values == {
        "messages": 40,
        "repetition": 25,
        "first_time": 2.5,
        "returning": 5,
        "subscribers": 50,
        "emotes": 25,
        "removals": 50,
        "shared": 7,
        "coverage": 0,
    }


def test_the_repetition_of_an_hour_is_the_weighted_mean_of_its_minutes() -> None:
    minutes = [{"messages": 10, "texts": 5}, {"messages": 30, "texts": 30}]
    values = [values_of(minute, MINUTE_MS)["repetition"] for minute in minutes]
    mean = sum(value * minute["messages"] for value, minute in zip(values, minutes, strict=True)) / 40
    assert values_of({"messages": 40, "texts": 35}, HOUR_MS)["repetition"] == mean == 12.5


def test_repetition_is_unknown_without_text_hashes() -> None:
    assert "repetition" not in values_of({"messages": 9, "texts": 0}, LIVE_WINDOW_MS)


def test_engagement_is_unknown_without_viewers() -> None:
    assert "engagement" not in values_of({"messages": 12, "viewers": 0}, LIVE_WINDOW_MS)


def test_a_minute_uses_mean_viewers_and_observed_time() -> None:
    columns = {"messages": 90, "viewers": 9, "viewers_sum": 60_000, "viewer_pulses": 60, "observed_ms": 45_000}
    values = values_of(columns, MINUTE_MS)
    assert values["messages"] == 60
    assert values["engagement"] == 120


def test_coverage_is_at_most_1() -> None:
    assert coverage({"observed_ms": 31_000}, LIVE_WINDOW_MS) == 1.0
    assert coverage({}, LIVE_WINDOW_MS) == 0.0


def test_channels_below_a_threshold_are_unranked_and_the_reason_is_given() -> None:
    thresholds = RankingThresholds(min_viewers=100, min_messages=5, min_chatters=3)
    assert METRIC["engagement"].unranked({"viewers": 99}, thresholds) == "needs 100 viewers"
    assert METRIC["engagement"].unranked({"viewers": 100}, thresholds) is None
    for key in ("spam", "repetition", "first_time", "returning", "subscribers", "emotes", "removals"):
        assert METRIC[key].unranked({"messages": 4}, thresholds) == "needs 5 messages in 30 s"
        assert METRIC[key].unranked({"messages": 5}, thresholds) is None
    assert METRIC["excitement"].unranked({"chatters": 2}, thresholds) == "needs 3 chatters in 30 s"
    assert METRIC["viewers"].unranked({"viewers": 0}, thresholds) is None


def test_unknown_viewers_have_a_separate_reason() -> None:
    for metric in ("viewers", "engagement"):
        assert METRIC[metric].unranked({"messages": 12}, RankingThresholds()) == "viewer counts are unknown"
        assert metric not in values_of({"messages": 12, "viewer_pulses": 0}, LIVE_WINDOW_MS)


def test_the_four_original_boards_come_first_and_keys_are_unique() -> None:
    assert len(METRIC) == len(METRICS)
    assert [metric.key for metric in BOARDS[:4]] == ["viewers", "messages", "engagement", "spam"]
    assert {metric.key for metric in METRICS if not metric.ranked} == {"shared", "coverage"}


def test_all_columns_that_a_metric_reads_are_found() -> None:
    for grain in GRAINS:
        names, window_ms = [column.name for column in columns_of(grain)], WINDOW_MS[grain]
        columns = {name: value for value, name in enumerate(names, 20)}
        for metric in METRICS:
            behind = columns_behind([metric], window_ms)
            needed = {name: value for name, value in columns.items() if name in behind}
            assert metric.value(needed, window_ms) == metric.value(columns, window_ms), (grain, metric.key)
    assert columns_behind([METRIC["messages"]], LIVE_WINDOW_MS) == {"messages"}
    totals = {"messages", "observed_ms", "viewer_pulses", "viewers_sum"}
    engaged = {f"engaged_{name}" for name in totals}
    assert columns_behind([METRIC["engagement"]], HOUR_MS) == {*totals, *engaged, "heard_minutes"}
