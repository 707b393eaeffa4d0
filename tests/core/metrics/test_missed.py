"""All missed time of a range is listed: recorded gaps, and time that was missed without a recorded gap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.metrics.columns import Columns
from core.metrics.missed import MissedSpan
from core.metrics.ranges import Row, summarize
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals, Span
from core.times import HOUR_MS, MINUTE_MS, SECOND_MS

T = 1_795_399_200_000
MINUTES = 12
END = T + MINUTES * MINUTE_MS


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    """Return up to three intervals, some only milliseconds long, in and around the range."""
    starts = st.integers(T - MINUTE_MS, END)
    lengths = st.one_of(st.integers(1, 50), st.integers(1, 6 * MINUTE_MS))
    return [(start, start + draw(lengths)) for start in draw(st.lists(starts, max_size=3))]


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Return minutes, some of which are missing, unheard or partly heard; a minute may have one pulse too many."""
    found = []
    for number in range(MINUTES):
        pulses = draw(st.sampled_from([None, 0, 20, 59, 60, 61]))
        if pulses is None:
            continue
        on_air = draw(st.sampled_from([0, pulses // 2, pulses]))
        heard = draw(st.sampled_from([0, pulses // 3, pulses]))
        columns: Columns = {
            "pulses": pulses,
            "observed_ms": heard * SECOND_MS,
            "on_air_pulses": on_air,
            "on_air_observed_ms": min(heard, on_air) * SECOND_MS,
        }
        found.append(Row(T + number * MINUTE_MS, MINUTE_MS, columns))
    return found


@given(rows(), spans(), spans())
def test_gaps_add_up_to_the_missed_time(stored: list[Row], gap_spans: list[Span], on_air: list[Span]) -> None:
    gaps = RecordedGaps(gap_spans)
    result = summarize(stored, gaps, Intervals(on_air), T, END)
    unrecorded = Intervals((span.from_ms, span.until_ms) for span in result.unrecorded)
    assert (gaps | unrecorded).overlap_ms(T, END) == result.missed_ms
    assert all(gaps.overlap_ms(span.from_ms, span.until_ms) == 0 for span in result.unrecorded)
    for row in stored:
        if gaps.observed_ms(row.columns["observed_ms"], row.start_ms, row.end_ms) == MINUTE_MS:
            assert unrecorded.overlap_ms(row.start_ms, row.end_ms) == 0


def minutes(numbers: range, *, heard_s: int, pulses: int = 60) -> list[Row]:
    columns = {"pulses": pulses, "observed_ms": heard_s * SECOND_MS, "on_air_pulses": pulses}
    columns["on_air_observed_ms"] = columns["observed_ms"]
    return [Row(T + number * MINUTE_MS, MINUTE_MS, columns) for number in numbers]


def test_time_on_air_before_a_broadcast_was_noticed_is_listed() -> None:
    """The channel is on air from second 30 on, but tracked and heard only from the last 20 s of the third minute on."""
    started_ms = T + 30 * SECOND_MS
    stored = [*minutes(range(2, 3), heard_s=20, pulses=20), *minutes(range(3, 5), heard_s=60)]
    until_ms = T + 5 * MINUTE_MS
    result = summarize(stored, RecordedGaps(), Intervals([(started_ms, until_ms)]), T, until_ms)
    assert result.missed_ms == 130 * SECOND_MS
    assert result.unrecorded == [MissedSpan(started_ms, started_ms + 130 * SECOND_MS, is_tracked=False)]


def test_a_recorded_gap_of_milliseconds_does_not_hide_missed_minutes() -> None:
    gap = RecordedGaps([(T + 5 * SECOND_MS, T + 5 * SECOND_MS + 8)])
    result = summarize(minutes(range(3), heard_s=0), gap, Intervals(), T, T + 3 * MINUTE_MS)
    assert result.missed_ms == 3 * MINUTE_MS
    assert [(span.from_ms, span.until_ms) for span in result.unrecorded] == [
        (T, T + 5 * SECOND_MS),
        (T + 5 * SECOND_MS + 8, T + 3 * MINUTE_MS),
    ]


def test_an_ongoing_outage_begins_at_the_end_of_its_first_minute() -> None:
    stored = [*minutes(range(2), heard_s=60), *minutes(range(2, 3), heard_s=45), *minutes(range(3, 4), heard_s=0)]
    result = summarize(stored, RecordedGaps(), Intervals(), T, T + 4 * MINUTE_MS)
    assert result.unrecorded == [MissedSpan(T + 165 * SECOND_MS, T + 240 * SECOND_MS, is_tracked=True)]


def test_missed_time_of_an_hour_is_listed_within_the_hour() -> None:
    columns = {"pulses": 3_600, "observed_ms": HOUR_MS - 10 * MINUTE_MS, "on_air_pulses": 0}
    result = summarize([Row(T, HOUR_MS, columns)], RecordedGaps(), Intervals(), T, T + HOUR_MS)
    (span,) = result.unrecorded
    assert T <= span.from_ms < span.until_ms <= T + HOUR_MS
    assert span.until_ms - span.from_ms == result.missed_ms == 10 * MINUTE_MS
