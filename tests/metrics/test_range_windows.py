"""Peaks and excitement of a range come from the same 30-second windows for every grain of the chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from apps.metrics import chart_ranges, queries, series_version
from apps.metrics.chart_ranges import Range, past_range
from apps.metrics.store import StoredWindow
from core.metrics.columns import LIVE_WINDOW_MS, STEP_MS, WINDOW_MS, StoredGrain
from core.metrics.ranges import PeakValue, RangeSummary
from core.metrics.table import METRIC
from core.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tests.dashboard.endless_history import EndlessStore

NOW = 1_795_399_200_000 + 25 * MINUTE_MS
GRAINS: tuple[StoredGrain, ...] = ("live", "minute", "hour")
METRICS = [METRIC[key] for key in ("messages", "chatters", "excitement", "viewers")]


def messages_at(end_ms: int) -> int:
    """Return a message count that differs between neighboring windows, so that the highest may be anywhere."""
    return end_ms // STEP_MS["live"] * 37 % 101


class Store(EndlessStore):
    """A channel with rows of every grain for any time; records its reads."""

    reads: list[tuple[str, int]] = []

    def read_windows(
        self, grain: StoredGrain, _channel: str, from_ms: int, until_ms: int, *_: object
    ) -> Sequence[StoredWindow]:
        step_ms = STEP_MS[grain]
        ends = range(from_ms // step_ms * step_ms + step_ms, until_ms + 1, step_ms)
        self.reads.append((grain, len(ends)))
        heard = {"observed_ms": WINDOW_MS[grain], "pulses": WINDOW_MS[grain] // SECOND_MS}
        return [
            StoredWindow(end_ms, {**heard, "messages": messages_at(end_ms), "chatters": messages_at(end_ms) // 3})
            for end_ms in ends
        ]


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> type[Store]:
    monkeypatch.setattr(queries, "WindowStore", Store)
    Store.reads = []
    return Store


def summaries_of(chosen: Range) -> list[RangeSummary]:
    """Return the summary of a range, computed once for each grain of the chart."""
    return [queries.series("7", replace(chosen, grain=grain), NOW, METRICS).summary for grain in GRAINS]


@pytest.mark.parametrize("offset_s", [0, 10, 20, 29, 30, 31, 50])
@pytest.mark.parametrize("minutes", [2, 10, 30])
def test_peaks_of_a_short_range_do_not_depend_on_the_grain(offset_s: int, minutes: int) -> None:
    from_ms = NOW - 2 * HOUR_MS + offset_s * SECOND_MS
    live, *others = summaries_of(past_range(from_ms, from_ms + minutes * MINUTE_MS, NOW))
    assert [summary.peaks for summary in others] == [live.peaks, live.peaks]
    inside = range(live.from_ms + LIVE_WINDOW_MS, live.until_ms + 1, STEP_MS["live"])
    highest = max(inside, key=lambda end_ms: (messages_at(end_ms), -end_ms))
    assert live.peaks["messages"] == PeakValue(messages_at(highest), highest)
    assert live.peaks["excitement"].end_ms in inside


def test_the_peak_of_repetition_comes_from_minutes_like_its_average() -> None:
    chosen = past_range(NOW - 2 * HOUR_MS, NOW - 2 * HOUR_MS + 10 * MINUTE_MS, NOW)
    from_windows = {key for key, metric in METRIC.items() if queries.has_window_peak(metric, chosen)}
    assert from_windows == METRIC.keys() - {"viewers", "coverage", "repetition"}


def test_peaks_of_a_short_range_up_to_now_are_inside_it() -> None:
    """The newest window, which ends after the last whole minute, is higher than all others."""
    now_ms = next(ms for ms in range(NOW + 40 * SECOND_MS, NOW + 3 * HOUR_MS, MINUTE_MS) if messages_at(ms) == 100)
    for grain in GRAINS:
        summary = queries.series("7", replace(chart_ranges.RANGES["10m"], grain=grain), now_ms, METRICS).summary
        assert summary.peaks.keys() >= {"messages", "chatters", "excitement"}
        ends = [best.end_ms for best in summary.peaks.values()]
        assert summary.from_ms + LIVE_WINDOW_MS <= min(ends) <= max(ends) <= summary.until_ms


def test_peaks_of_a_short_range_with_expired_windows_come_from_minutes() -> None:
    from_ms = NOW - 49 * HOUR_MS
    chosen = past_range(from_ms, from_ms + 10 * MINUTE_MS, NOW)
    assert not chosen.is_short
    for grain in ("minute", "hour"):
        peaks = queries.series("7", replace(chosen, grain=grain), NOW, METRICS).summary.peaks
        assert peaks["messages"].end_ms % MINUTE_MS == 0
        assert "excitement" not in peaks


@pytest.mark.parametrize("hours", [1, 6])
def test_excitement_over_a_range_does_not_depend_on_the_grain(hours: int) -> None:
    summaries = summaries_of(past_range(NOW - hours * HOUR_MS, NOW, NOW))
    values = {(summary.excitement, summary.peaks["excitement"]) for summary in summaries}
    assert len(values) == 1


@pytest.mark.parametrize("grain", ["minute", "hour"])
def test_windows_of_a_longer_range_are_not_read_for_its_summary(store: type[Store], grain: StoredGrain) -> None:
    chosen = replace(past_range(NOW - DAY_MS, NOW, NOW), grain=grain)
    assert queries.series("7", chosen, NOW, METRICS).summary.excitement is None
    assert "live" not in {read for read, _ in store.reads}


@pytest.mark.parametrize(
    ("span_ms", "grains"),
    [(10 * MINUTE_MS, {"minute", "live"}), (6 * HOUR_MS, {"minute", "live"}), (DAY_MS, {"minute"})],
)
def test_the_version_of_a_series_covers_the_windows_behind_its_summary(
    monkeypatch: pytest.MonkeyPatch, span_ms: int, grains: set[str]
) -> None:
    checked = set()

    class Checked(Store):
        def checksum(self, *read: object) -> tuple[int, ...]:
            checked.add(read[0])
            return (0,)

    monkeypatch.setattr(series_version, "WindowStore", Checked)
    chosen = replace(past_range(NOW - span_ms, NOW, NOW), grain="minute")
    series_version.series_version("7", chosen, NOW)
    assert checked == grains
