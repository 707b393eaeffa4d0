"""A range up to now, such as "10 min", has the same end and full length on pages, in the API and in comparisons."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pytest

from apps.api.rest.time_ranges import with_grain
from apps.dashboard.compare.comparison import Comparison, compared_ranges
from apps.metrics import many_channels, queries, series_version
from apps.metrics.chart_ranges import RANGES, Range
from apps.metrics.exports.series import chunks, in_grain
from apps.metrics.store import StoredWindow
from core.metrics.columns import STEP_MS, WINDOW_MS, StoredGrain
from core.metrics.ranges import RangeSummary
from core.metrics.table import METRIC
from core.pipeline.records import EventRecord
from core.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tests.no_broadcasts import NoBroadcasts

MINUTE = 1_795_399_200_000 + 25 * MINUTE_MS
KEYS = ("10m", "1h", "6h", "24h", "7d", "90d")
METRICS = [METRIC[key] for key in ("messages", "viewers")]


class Store(NoBroadcasts):
    """A channel that is on air and fully heard, with rows up to the last stored minute."""

    newest_ms = MINUTE
    events: list[EventRecord] = []

    def read_windows(
        self, grain: StoredGrain, _channel: str, from_ms: int, until_ms: int, _columns: Collection[str] = ()
    ) -> Sequence[StoredWindow]:
        step_ms, length_ms = STEP_MS[grain], WINDOW_MS[grain]
        last_ms = until_ms if grain == "live" else min(until_ms, self.newest_ms)
        ends = range(from_ms // step_ms * step_ms + step_ms, last_ms + 1, step_ms)
        seconds = length_ms // SECOND_MS
        row = {"observed_ms": length_ms, "pulses": seconds, "on_air_pulses": seconds, "on_air_observed_ms": length_ms}
        viewers = {"viewers": 10, "viewers_sum": 10 * seconds, "viewers_max": 10, "viewer_pulses": seconds}
        # The number of messages differs between neighboring minutes.
        return [StoredWindow(end_ms, {**row, **viewers, "messages": end_ms // step_ms % 7}) for end_ms in ends]

    def read_many(
        self,
        grain: StoredGrain,
        channel_ids: Collection[str],
        from_ms: int,
        until_ms: int,
        _columns: Collection[str] = (),
    ) -> dict[str, Sequence[StoredWindow]]:
        return {channel_id: self.read_windows(grain, channel_id, from_ms, until_ms) for channel_id in channel_ids}

    def read_events(self, _channel: str, _from_ms: int, _until_ms: int) -> Sequence[EventRecord]:
        return self.events

    def read_recent_events(
        self, channel_ids: Collection[str], from_ms: int, _until_ms: int
    ) -> Mapping[str, list[EventRecord]]:
        started_ms = from_ms + MINUTE_MS
        return {i: [EventRecord(f"{i}-stream_start-1", "stream_start", i, started_ms)] for i in channel_ids}


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> type[Store]:
    for module in (queries, many_channels):
        monkeypatch.setattr(module, "WindowStore", Store)
    monkeypatch.setattr(Store, "newest_ms", MINUTE)
    monkeypatch.setattr(Store, "events", [])
    return Store


def summary_of(chosen: Range, now_ms: int) -> RangeSummary:
    return queries.series("7", chosen, now_ms, METRICS).summary


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("now_s", "stored_s", "end_s"),
    [(0, 0, 0), (2, -60, -60), (12, 0, 0), (47, 0, 0), (59, -60, -60), (59, -120, -120), (30, -600, -120)],
)
def test_a_range_up_to_now_has_its_full_length_and_ends_with_a_stored_minute(
    store: type[Store], key: str, now_s: int, stored_s: int, end_s: int
) -> None:
    store.newest_ms = MINUTE + stored_s * SECOND_MS
    summary = summary_of(RANGES[key], MINUTE + now_s * SECOND_MS)
    assert summary.until_ms == MINUTE + end_s * SECOND_MS
    # Some minutes of the 90th day have expired, so the range begins with a whole hour.
    begun_ms = HOUR_MS if key == "90d" else MINUTE_MS
    assert 0 <= summary.span_ms - RANGES[key].span_ms < begun_ms


@pytest.mark.parametrize("now_s", [0, 4, 29, 31, 59])
@pytest.mark.parametrize("key", KEYS)
def test_page_api_and_comparison_have_the_same_range_and_figures(key: str, now_s: int) -> None:
    now_ms = MINUTE + now_s * SECOND_MS + 123
    page, api = RANGES[key], with_grain(RANGES[key], None, now_ms)
    (compared,) = compared_ranges(Comparison(("7",), range=key), [0], now_ms)
    assert summary_of(page, now_ms) == summary_of(api, now_ms) == summary_of(compared, now_ms)
    assert page.bounds(now_ms) == replace(api, grain=page.grain).bounds(now_ms)


def test_the_peak_of_a_short_range_comes_from_the_windows_inside_its_minutes(store: type[Store]) -> None:
    store.newest_ms = MINUTE - 2 * MINUTE_MS
    summaries = [summary_of(replace(RANGES["10m"], grain=grain), MINUTE + 59_000) for grain in ("live", "minute")]
    assert summaries[0] == summaries[1]
    # Of the windows with the highest count, the first one is the peak.
    ends = range(summaries[0].from_ms + WINDOW_MS["live"], summaries[0].until_ms + 1, STEP_MS["live"])
    first_ms = next(end_ms for end_ms in ends if end_ms // STEP_MS["live"] % 7 == 6)
    assert summaries[0].peaks["messages"].end_ms == first_ms


def test_the_chart_of_a_range_up_to_now_has_its_newest_windows() -> None:
    now_ms = MINUTE + 47_123
    points = queries.series("7", RANGES["10m"], now_ms, METRICS).points
    assert (points[0].end_ms, points[-1].end_ms) == (MINUTE - 10 * MINUTE_MS + 50_000, MINUTE + 40_000)


def test_events_of_a_range_up_to_now_are_not_rounded(store: type[Store]) -> None:
    store.events = [EventRecord("r", "raid", "7", MINUTE + 45_000, count=9)]
    marks = queries.series("7", RANGES["7d"], MINUTE + 47_000, METRICS).marks
    assert [mark.id for mark in marks] == ["r"]
    assert RANGES["7d"].event_bounds(MINUTE + 47_000) == (MINUTE - 7 * DAY_MS, MINUTE + 47_000)


def test_the_past_hour_of_channels_is_the_range_of_its_summary(store: type[Store]) -> None:
    store.newest_ms = MINUTE - MINUTE_MS
    line = many_channels.minute_lines(["7"], "messages", HOUR_MS, MINUTE + 5_000)["7"]
    summary = summary_of(RANGES["1h"], MINUTE + 5_000)
    assert (len(line), line[0].end_ms - MINUTE_MS, line[-1].end_ms) == (60, summary.from_ms, summary.until_ms)


def test_a_minute_that_is_not_stored_yet_does_not_lower_the_coverage(store: type[Store]) -> None:
    store.newest_ms = MINUTE - MINUTE_MS
    assert many_channels.read_coverage(["7"], HOUR_MS, MINUTE + 5_000).coverage == {"7": 1}


@pytest.mark.parametrize("grain", ["live", "minute"])
def test_the_version_of_a_series_covers_the_minutes_of_its_summary(
    monkeypatch: pytest.MonkeyPatch, store: type[Store], grain: StoredGrain
) -> None:
    checked: list[tuple[str, int, int]] = []

    class Checked(Store):
        def checksum(self, grain: str, _channel: str, from_ms: int, until_ms: int) -> tuple[int, ...]:
            checked.append((grain, from_ms, until_ms))
            return (0,)

        def events_checksum(self, *_: object) -> tuple[int, ...]:
            return (0,)

    monkeypatch.setattr(series_version, "WindowStore", Checked)
    store.newest_ms = MINUTE - 2 * MINUTE_MS
    chosen, now_ms = replace(RANGES["10m"], grain=grain), MINUTE + 59_000
    series_version.series_version("7", chosen, now_ms)
    summary = summary_of(chosen, now_ms)
    assert [read for read in checked if read[0] == "minute" and read[1] <= summary.from_ms <= read[2]]


def test_the_last_chunk_of_an_exported_range_ends_with_the_range() -> None:
    now_ms = MINUTE + 47_000
    *earlier, last = chunks(RANGES["24h"], now_ms)
    assert (len(earlier), last.bounds(now_ms)[1]) == (3, RANGES["24h"].bounds(now_ms)[1])
    assert last.event_bounds(now_ms)[1] == now_ms


def test_the_minutes_of_90_days_can_be_exported_at_any_second() -> None:
    regrained = in_grain(RANGES["90d"], "minute", MINUTE + 47_000)
    assert regrained is not None
    assert in_grain(replace(RANGES["90d"], span_ms=90 * DAY_MS + MINUTE_MS), "minute", MINUTE + 47_000) is None
