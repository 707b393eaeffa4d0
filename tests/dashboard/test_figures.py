import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.dashboard.summary import Summary, peak_name, summarize, with_live_value
from apps.dashboard.templatetags.figures import heard, on_air, peak, watched, watched_note
from apps.live.directory import Profile
from apps.live.readings import ChannelNow
from apps.metrics.chart_ranges import RANGES
from apps.metrics.event_marks import EventMark
from apps.metrics.gaps import GapSpan
from apps.metrics.queries import Series, peak_unit
from core.metrics.broadcasts import Broadcast
from core.metrics.display import age, at_least, duration, excluded_text, figure, number, percent
from core.metrics.lower_bounds import LowerBounds
from core.metrics.ranges import PeakValue, RangeSummary
from core.metrics.table import METRIC
from core.times import DAY_MS, HOUR_MS


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
def test_numbers_have_thousands_separators_and_are_rounded_half_up(value: float, decimals: int, text: str) -> None:
    assert number(value, decimals) == text


def test_only_counts_become_lower_bounds_below_full_coverage() -> None:
    assert figure("messages", 432, 0.99) == "≥ 432"
    assert figure("chatters", 40, 0.5) == "≥ 40"
    assert figure("shared", 7, 0.5) == "≥ 7"
    assert figure("chatters", 40, 1.0) == "40"
    assert figure("viewers", 432, 0.5) == "432"
    assert figure("spam", 4.2, 0.5) == "4.20"
    assert figure("messages", None, 1.0) == "–"


def test_unknown_values_have_no_lower_bound_mark() -> None:
    assert figure("messages", None, 0.5) == at_least("viewers", None, True) == "–"
    # Without coverage, counts are unknown, not 0.
    assert [figure(key, 0, 0.0) for key in ("messages", "spam", "viewers", "coverage")] == ["–", "–", "0", "0"]


def test_a_peak_of_any_metric_is_a_lower_bound_over_a_gap() -> None:
    assert at_least("viewers", 12_418, True) == "≥ 12,418"
    assert at_least("viewers", 12_418, False) == "12,418"


def test_percentages_are_rounded_down_unless_they_count_as_complete() -> None:
    assert [percent(share) for share in (0.9995, 1.0)] == ["100.0", "100.0"]
    assert [percent(share) for share in (0.99949, 0.9499, 0.0009)] == ["99.9", "94.9", "0.0"]


@given(st.floats(0, 1, exclude_min=True))
def test_a_count_is_a_lower_bound_where_the_displayed_coverage_is_below_100_percent(share: float) -> None:
    is_lower_bound = percent(share) != "100.0"
    assert figure("messages", 432, share).startswith("≥") == is_lower_bound
    assert excluded_text({"copies": 1}, share).startswith("≥") == is_lower_bound
    assert LowerBounds.of_shares(heard=share, viewers_known=1).chat == is_lower_bound
    assert LowerBounds.of_shares(heard=1, viewers_known=share).viewers == is_lower_bound


def test_a_live_count_is_a_lower_bound_if_lost_time_lowers_the_displayed_coverage() -> None:
    assert figure("messages", 432, 29_992 / 30_000) == "432"
    assert figure("messages", 432, 29_984 / 30_000) == "≥ 432"


@pytest.mark.parametrize(
    ("ms", "text"), [(400, "< 1 s"), (42_000, "42 s"), (190_000, "3 min 10 s"), (11_520_000, "3 h 12 min")]
)
def test_durations_are_formatted(ms: int, text: str) -> None:
    assert duration(ms) == text


def test_ages_switch_from_seconds_to_minutes_after_999_s() -> None:
    assert age(0, 999_999) == "999 s"
    assert age(0, 1_000_000) == "16 min"
    assert age(None, 5) == "–"


def test_excluded_counts_can_be_lower_bounds() -> None:
    assert excluded_text({"copies": 1_200, "bot_messages": 3}, 1.0) == "1,200 from shared chat, 3 by bots"
    assert excluded_text({"bot_messages": 3}, 0.5) == "≥ 3 by bots"


def test_a_malformed_start_time_is_omitted() -> None:
    assert on_air("soon", 0) == ""
    assert on_air("0001-01-01T00:00:00+05:00", 0) == ""
    assert on_air("1970-01-01T00:00:00Z", 60_000) == "On air 1 min 0 s"


def test_a_summary_shows_heard_time_and_time_on_air() -> None:
    whole = RangeSummary(
        0,
        DAY_MS,
        {"observed_ms": 890_000, "messages": 89, "viewer_pulses": 14_400, "viewers_sum": 1_440_000},
        {"messages": PeakValue(9, 60_000)},
        heard_ms=890_000,
        missed_ms=13_510_000,
        on_air_ms=14_400_000,
        on_air_heard_ms=890_000,
    )
    series = Series(RANGES["24h"], [], [GapSpan(20_000, 35_000, "reconnect")], [], summary=whole)
    summary = summarize(series, "messages")
    assert (summary.peak, summary.peak_ms, summary.average) == (9, 60_000, 3)
    assert (summary.coverage, summary.coverage_on_air) == (890 / 86_400, 890 / 14_400)
    assert (summary.lower_bound, summarize(series, "viewers").lower_bound) == (True, False)
    span = "1 Jan 1970 00:00 to 2 Jan 1970 00:00 UTC"
    assert heard(summary) == f"heard 14 min 50 s of 24 h 0 min ({span}), on air 4 h 0 min"


@pytest.mark.parametrize(
    ("heard_ms", "text"), [(0, "off air or not tracked"), (60_000, "off air or not tracked"), (HOUR_MS, "off air")]
)
def test_time_outside_tracking_is_not_called_off_air(heard_ms: int, text: str) -> None:
    whole = RangeSummary(0, HOUR_MS, heard_ms=heard_ms)
    summary = summarize(Series(RANGES["1h"], [], [], [], summary=whole), "messages")
    assert heard(summary).split(", ")[1] == text


def test_an_empty_summary_has_no_values() -> None:
    summary = summarize(Series(RANGES["10m"], [], [], []), "messages")
    assert (summary.peak, summary.average, summary.coverage, summary.coverage_on_air) == (None, None, None, None)


@pytest.mark.parametrize(
    ("events", "note"),
    [
        ([], ""),
        ([("raid", 280)], "after a raid"),
        ([("raid", 200), ("gift_bomb", 260), ("bans", 290)], "after a gift bomb"),
        ([("raid", 300), ("title", -1)], ""),
    ],
)
def test_the_event_shortly_before_a_peak_is_named(events: list[tuple[str, int]], note: str) -> None:
    marks = [EventMark(kind, at_s * 1_000, None, kind, 1, kind) for kind, at_s in events]
    whole = RangeSummary(0, HOUR_MS, peaks={"messages": PeakValue(90, 300_000)}, heard_ms=HOUR_MS)
    assert summarize(Series(RANGES["1h"], [], [], marks, summary=whole), "messages").peak_note == note


def test_a_missing_peak_of_older_hours_is_explained() -> None:
    series = Series(RANGES["90d"], [], [], [], summary=RangeSummary(0, DAY_MS, hourly_average_only=True))
    assert "only averages" in summarize(series, "messages").peak_note


@pytest.mark.parametrize(
    ("metric", "sums", "heard_ms", "note"),
    [
        ("messages", {}, 0, "not heard in this range"),
        ("viewers", {}, 0, "no data in this range"),
        ("spam", {"observed_ms": 60_000, "messages": 5, "words": 9}, 60_000, "no minute qualifies"),
        ("messages", {}, 60_000, "no data in this range"),
    ],
)
def test_a_missing_peak_is_explained_and_has_no_lower_bound_mark(
    metric: str, sums: dict[str, int], heard_ms: int, note: str
) -> None:
    whole = RangeSummary(0, HOUR_MS, sums, heard_ms=heard_ms, missed_ms=HOUR_MS - heard_ms)
    summary = summarize(Series(RANGES["1h"], [], [], [], summary=whole), metric)
    assert summary.peak_note.startswith(note)
    assert not summary.is_peak_lower_bound
    assert peak(metric, summary) == "–"


def test_the_unit_of_a_peak_depends_on_the_range() -> None:
    chatters = METRIC["chatters"]
    assert [peak_unit(chatters, RANGES[key]) for key in ("10m", "1h", "90d")] == [
        "chatters / 30 s",
        "chatters / min",
        "chatters / min",
    ]


def live(value: float, metric: str = "viewers", end_ms: int = DAY_MS, coverage: float = 1.0) -> ChannelNow:
    return ChannelNow(Profile("1", "alpha", "Alpha"), end_ms, coverage, {metric: value}, {}, {})


def peak_beside(now: ChannelNow | None, metric: str = "viewers", key: str = "10m", peak: float | None = 7) -> Summary:
    peaks = {} if peak is None else {metric: PeakValue(peak, 60_000)}
    series = Series(RANGES[key], [], [], [], summary=RangeSummary(0, DAY_MS, peaks=peaks, heard_ms=DAY_MS))
    return with_live_value(summarize(series, metric), METRIC[metric], RANGES[key], now, DAY_MS)


def test_a_live_value_raises_a_peak_of_live_values() -> None:
    assert (peak_beside(live(9)).peak, peak_beside(live(9)).peak_ms) == (9, DAY_MS)
    assert (peak_beside(live(5)).peak, peak_beside(live(5)).peak_ms) == (7, 60_000)
    assert [peak_beside(live(9), key=key).peak for key in RANGES] == [9] * len(RANGES)
    assert peak_beside(live(9), peak=None).peak == 9
    assert peak_beside(None).peak == 7


def test_a_peak_of_minutes_is_labeled_differently_and_not_raised() -> None:
    for key, chart_range in RANGES.items():
        is_raised = peak_beside(live(9, "messages"), "messages", key).peak == 9
        assert is_raised == (peak_name(METRIC["messages"], chart_range) == "Peak") == (key == "10m")
    assert peak_beside(live(9, "excitement"), "excitement", "1h").peak == 9
    assert {peak_name(METRIC[metric], RANGES["90d"]) for metric in ("viewers", "excitement", "coverage")} == {"Peak"}
    assert peak_beside(live(100, "coverage"), "coverage", peak=None).peak is None


def test_unheard_and_old_live_values_raise_no_peak() -> None:
    assert peak_beside(live(9, "messages", coverage=0.0), "messages").peak == 7
    assert peak_beside(live(9, end_ms=DAY_MS - RANGES["10m"].span_ms)).peak == 7
    partial = peak_beside(live(9, "messages", coverage=0.5), "messages")
    assert (partial.peak, partial.lower_bound) == (9, True)


def broadcast(viewers_coverage: float | None, coverage: float = 1.0) -> Broadcast:
    return Broadcast("7", 0, 3_600_000, 5, coverage, hours_watched=100.0, viewers_coverage=viewers_coverage)


def test_hours_watched_are_marked_or_omitted_without_complete_viewer_counts() -> None:
    assert [watched(broadcast(share)) for share in (1.0, 0.9, 0.49)] == ["100.0", "≥ 100.0", "–"]
    assert watched_note(broadcast(0.25)) == "not enough data: viewers known for 15 min 0 s of the 1 h 0 min counted"
    assert [watched(broadcast(None, heard)) for heard in (1.0, 0.01)] == ["100.0", "–"]


def test_known_viewer_time_is_measured_in_whole_minutes() -> None:
    # On air for 28 min 40 s, of which 28 whole minutes are counted; viewer counts are known for 658 s of them.
    stream = Broadcast("7", 40_000, 1_760_000, 5, 1.0, hours_watched=100.0, viewers_coverage=658 / 1_680)
    assert watched_note(stream) == "not enough data: viewers known for 10 min 58 s of the 28 min 0 s counted"
