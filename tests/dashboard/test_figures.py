import pytest

from apps.dashboard.summary import summarise
from apps.dashboard.templatetags.figures import age, at_least, duration, figure, heard_apart, number, on_air, percent
from apps.metrics.queries import RANGES, GapSpan, Point, Series


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 0, "0"),
        (999.5, 0, "1,000"),
        (2.5, 0, "3"),
        (1234567, 0, "1,234,567"),
        (12.25, 1, "12.3"),
        (5, 2, "5.00"),
        (-0.04, 1, "0.0"),
    ],
)
def test_numbers_have_thousands_by_comma_and_halves_go_up(value: float, decimals: int, text: str) -> None:
    assert number(value, decimals) == text


def test_only_counts_become_lower_bounds_when_coverage_is_short() -> None:
    assert figure("messages", 432, 0.99) == "≥ 432"
    assert figure("chatters", 40, 0.5) == "≥ 40"
    assert figure("shared", 7, 0.5) == "≥ 7"
    assert figure("chatters", 40, 1.0) == "40"
    assert figure("viewers", 432, 0.5) == "432"
    assert figure("spam", 4.2, 0.5) == "4.20"
    assert figure("messages", None, 1.0) == "–"


def test_a_peak_of_any_metric_is_a_lower_bound_over_a_gap() -> None:
    assert at_least("viewers", 12_418, True) == "≥ 12,418"
    assert at_least("viewers", 12_418, False) == "12,418"


def test_shares_are_cut_so_that_100_means_all() -> None:
    assert percent(0.99999) == "99.9"
    assert percent(1.0) == "100.0"


@pytest.mark.parametrize(
    ("ms", "text"), [(400, "< 1 s"), (42_000, "42 s"), (190_000, "3 min 10 s"), (11_520_000, "3 h 12 min")]
)
def test_durations_are_written_as_people_say_them(ms: int, text: str) -> None:
    assert duration(ms) == text


def test_ages_are_seconds_to_999_then_minutes() -> None:
    assert age(0, 999_999) == "999 s"
    assert age(0, 1_000_000) == "16 min"
    assert age(None, 5) == "–"


def test_what_was_heard_besides_is_a_lower_bound_too() -> None:
    assert heard_apart({"copies": 1_200, "bot_messages": 3}, 1.0) == "1,200 from shared chat, 3 by bots"
    assert heard_apart({"bot_messages": 3}, 0.5) == "≥ 3 by bots"


def test_a_start_that_is_not_a_time_is_left_out() -> None:
    assert on_air("soon", 0) == ""
    assert on_air("1970-01-01T00:00:00Z", 60_000) == "On air 1 min 0 s"


def point(end_s: int, messages: int, coverage: float = 1.0) -> Point:
    return Point(end_s * 1000, coverage, {"messages": messages})


def test_a_summary_leaves_out_what_nobody_listened_to() -> None:
    points = [point(10, 5), point(20, 9), point(30, 0, coverage=0.0), point(40, 7, coverage=0.5)]
    summary = summarise(Series(RANGES["10m"], points, [GapSpan(20_000, 35_000, "reconnect")], []), "messages")
    assert (summary.peak, summary.peak_ms, summary.median) == (9, 20_000, 7)
    assert (summary.connected_ms, summary.coverage, summary.lower_bound) == (25_000, 0.625, True)


def test_a_summary_of_nothing_has_no_figures() -> None:
    summary = summarise(Series(RANGES["10m"], [], [], []), "messages")
    assert (summary.peak, summary.median, summary.coverage, summary.lower_bound) == (None, None, None, False)
