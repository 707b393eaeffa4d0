"""Series of a range: effects of gaps, requested metrics, and past ranges."""

from collections.abc import Collection, Sequence

import pytest

from apps.metrics import chart_ranges, gaps, many_channels, queries, series_version
from apps.metrics.store import StoredWindow
from core.metrics.table import METRIC, METRICS, Metric
from core.pipeline.intervals import Span
from core.pipeline.records import EventRecord
from core.times import DAY_MS, HOUR_MS
from tests.no_broadcasts import NoBroadcasts

MINUTE = 60_000
END = 1_795_400_040_000 // MINUTE * MINUTE


class Stored(NoBroadcasts):
    """One minute of a channel, and a gap that starts shortly before the lost messages."""

    def read_events(self, _channel: str, _from_ms: int, _until_ms: int) -> Sequence[EventRecord]:
        return [EventRecord("g", "gap", "7", END - MINUTE + 500, END, "restart")]

    def read_windows(
        self, _grain: str, _channel: str, _from_ms: int, _until_ms: int, _columns: Collection[str] = ()
    ) -> Sequence[StoredWindow]:
        return [StoredWindow(END, {"messages": 50, "observed_ms": 3_000, "viewers_sum": 3_000, "viewer_pulses": 3})]


def test_a_gap_lowers_the_coverage_and_changes_no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "WindowStore", Stored)
    past = chart_ranges.past_range(END - 3 * DAY_MS, END, END + 1_000)
    (point,) = queries.series("7", past, END + 1_000).points
    assert point.coverage == pytest.approx(500 / MINUTE)
    assert point.values["messages"] == 50 * 30_000 / 3_000
    assert point.values["engagement"] == 50 * MINUTE / 3_000


def test_the_coverage_metric_equals_the_coverage_of_the_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "WindowStore", Stored)
    past = chart_ranges.past_range(END - 3 * DAY_MS, END, END + 1_000)
    (point,) = queries.series("7", past, END + 1_000, [METRIC["coverage"]]).points
    # Pulses claimed 3 s as heard, but all but 0.5 s of them are in a gap that was recorded later.
    assert queries.value_of(point, "coverage") == 100 * point.coverage == pytest.approx(100 * 500 / MINUTE)


def test_the_coverage_metric_is_0_where_a_tracked_channel_was_not_heard() -> None:
    unheard = queries.Point(END, 0.0, {"messages": 0, "coverage": 0.0})
    assert (queries.value_of(unheard, "coverage"), queries.value_of(unheard, "messages")) == (0, None)


def test_gaps_of_a_series_add_up_to_its_missed_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The channel was on air for 40 min before it was tracked, and has a gap of 8 ms from when the producer joined."""
    start_ms = END - HOUR_MS
    joined_ms = start_ms + 40 * MINUTE

    class Late(Stored):
        def read_broadcasts(self, _channels: Collection[str], _from_ms: int, _until_ms: int) -> dict[str, list[Span]]:
            return {"7": [(start_ms, END)]}

        def read_events(self, _channel: str, _from_ms: int, _until_ms: int) -> Sequence[EventRecord]:
            return [EventRecord("g", "gap", "7", joined_ms, joined_ms + 8, "joining")]

        def read_windows(
            self, grain: str, _channel: str, from_ms: int, until_ms: int, _columns: Collection[str] = ()
        ) -> Sequence[StoredWindow]:
            row = {"pulses": 60, "observed_ms": MINUTE, "on_air_pulses": 60, "on_air_observed_ms": MINUTE}
            ends = range(joined_ms + MINUTE, END + 1, MINUTE) if grain == "minute" else ()
            return [StoredWindow(end_ms, row) for end_ms in ends if from_ms < end_ms <= until_ms]

    monkeypatch.setattr(queries, "WindowStore", Late)
    read = queries.series("7", chart_ranges.past_range(start_ms, END, END + 1_000), END + 1_000)
    assert [(gap.from_ms, gap.until_ms) for gap in read.gaps] == [(start_ms, joined_ms), (joined_ms, joined_ms + 8)]
    assert sum(gap.until_ms - gap.from_ms for gap in read.gaps) == read.summary.missed_ms
    assert [gap.reason for gap in read.gaps] == [gaps.NO_DATA, gaps.GAP_REASONS["joining"]]


def test_only_requested_metrics_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "WindowStore", Stored)
    monkeypatch.setattr(queries, "excitements", lambda _windows: pytest.fail("excitement was not requested"))
    past = chart_ranges.past_range(END - HOUR_MS, END, END + 1_000)
    read = queries.series("7", past, END + 1_000, [METRIC["messages"]])
    assert [set(point.values) for point in read.points] == [{"messages"}]
    assert read.metrics == [METRIC["messages"]]


class RecordingStore(NoBroadcasts):
    """Records the reads of windows by grain, and of events."""

    reads: list[tuple[str, int, int]] = []

    def read_events(self, _channel: str, from_ms: int, until_ms: int) -> Sequence[EventRecord]:
        self.reads.append(("events", from_ms, until_ms))
        return []

    def read_windows(
        self, grain: str, _channel: str, from_ms: int, until_ms: int, _columns: Collection[str] = ()
    ) -> Sequence[StoredWindow]:
        self.reads.append((grain, from_ms, until_ms))
        return []


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    monkeypatch.setattr(queries, "WindowStore", RecordingStore)
    RecordingStore.reads = []
    return RecordingStore.reads


def test_a_past_range_reads_its_windows_and_the_events_around_them(
    reads: list[tuple[str, int, int]],
) -> None:
    from_ms, until_ms = END - 50 * DAY_MS, END - 40 * DAY_MS
    read = queries.windows_of("7", chart_ranges.past_range(from_ms, until_ms, END), END)
    assert reads == [("events", from_ms - HOUR_MS, until_ms + MINUTE), ("hour", from_ms, until_ms)]
    assert (read.from_ms, read.until_ms) == (from_ms, until_ms)


def test_expired_events_are_not_read(reads: list[tuple[str, int, int]]) -> None:
    long_ago = chart_ranges.past_range(END - 300 * DAY_MS, END - 200 * DAY_MS, END)
    queries.windows_of("7", long_ago, END)
    assert [source for source, *_ in reads] == ["hour"]
    queries.windows_of("7", chart_ranges.past_range(END - 300 * DAY_MS, END, END), END)
    assert reads[1] == ("events", END - 90 * DAY_MS, END + MINUTE)


@pytest.mark.parametrize(
    ("span_ms", "merge_ms"), [(MINUTE, MINUTE), (2 * HOUR_MS, 15 * MINUTE), (300 * DAY_MS, 3 * DAY_MS)]
)
def test_a_past_range_merges_events_like_the_next_longer_range(span_ms: int, merge_ms: int) -> None:
    assert chart_ranges.past_range(END - span_ms, END, END).merge_ms == merge_ms


def test_a_past_range_is_labeled_by_its_ends() -> None:
    midnight = 1_795_392_000_000
    assert chart_ranges.past_range(midnight, midnight + HOUR_MS, END).label == "23 Nov 2026 00:00 to 01:00"
    assert chart_ranges.past_range(midnight - HOUR_MS, midnight, END).label == "22 Nov 2026 23:00 to 23 Nov 2026 00:00"


class ManyStored(NoBroadcasts):
    """Minutes of channels; returns only the requested columns."""

    def read_many(
        self, _grain: str, channels: Collection[str], _from_ms: int, _until_ms: int, columns: Collection[str]
    ) -> dict[str, list[StoredWindow]]:
        row = {
            "messages": 50,
            "observed_ms": MINUTE // 2,
            "pulses": 60,
            "on_air_pulses": 60,
            "on_air_observed_ms": MINUTE // 2,
            "viewers_sum": 60_000,
            "viewer_pulses": 60,
        }
        return {i: [StoredWindow(END, {name: row[name] for name in columns})] for i in channels}

    def read_recent_events(
        self, channels: Collection[str], _from_ms: int, _until_ms: int
    ) -> dict[str, list[EventRecord]]:
        return {i: [EventRecord("g", "gap", i, END - MINUTE, END - MINUTE // 2, "restart")] for i in channels}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.key)
def test_lines_of_every_metric_request_columns(metric: Metric, monkeypatch: pytest.MonkeyPatch) -> None:
    requested: list[Collection[str]] = []

    class Empty(ManyStored):
        def read_many(
            self, _grain: str, channels: Collection[str], _from_ms: int, _until_ms: int, columns: Collection[str]
        ) -> dict[str, list[StoredWindow]]:
            requested.append(columns)
            return {i: [] for i in channels}

        def read_recent_events(
            self, channels: Collection[str], _from_ms: int, _until_ms: int
        ) -> dict[str, list[EventRecord]]:
            return {i: [] for i in channels}

    monkeypatch.setattr(many_channels, "WindowStore", Empty)
    assert many_channels.minute_lines(["7"], metric.key, HOUR_MS, END) == {"7": []}
    assert all(requested)


class PartlyHeard(ManyStored):
    """Three minutes: heard, not heard, and lost in a gap that was recorded later."""

    def read_many(
        self, _grain: str, channels: Collection[str], _from_ms: int, _until_ms: int, columns: Collection[str]
    ) -> dict[str, list[StoredWindow]]:
        observed_ms = {END - 2 * MINUTE: MINUTE, END - MINUTE: 0, END: 20_000}
        rows = [
            (end_ms, {"messages": 0, "chatters": 0, "observed_ms": ms, "viewers_sum": 600, "viewer_pulses": 60})
            for end_ms, ms in observed_ms.items()
        ]
        return {
            i: [StoredWindow(end_ms, {name: row[name] for name in row if name in columns}) for end_ms, row in rows]
            for i in channels
        }

    def read_recent_events(
        self, channels: Collection[str], _from_ms: int, _until_ms: int
    ) -> dict[str, list[EventRecord]]:
        return {i: [EventRecord("g", "gap", i, END - MINUTE, END, "restart")] for i in channels}


@pytest.mark.parametrize(
    ("metric", "heard"),
    [
        ("messages", [(END - 2 * MINUTE, 0)]),
        ("chatters", [(END - 2 * MINUTE, 0)]),
        ("viewers", [(END - 2 * MINUTE, 10), (END - MINUTE, 10), (END, 10)]),
        ("coverage", [(END - 2 * MINUTE, 100), (END - MINUTE, 0), (END, 0)]),
    ],
)
def test_lines_have_no_counts_for_minutes_that_were_not_heard(
    monkeypatch: pytest.MonkeyPatch, metric: str, heard: list[tuple[int, float]]
) -> None:
    monkeypatch.setattr(many_channels, "WindowStore", PartlyHeard)
    (points,) = many_channels.minute_lines(["7"], metric, HOUR_MS, END + 1_000).values()
    assert [(point.end_ms, queries.value_of(point, metric)) for point in points] == heard


def test_coverage_of_channels_reads_only_coverage_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_channels, "WindowStore", ManyStored)
    hour = many_channels.read_coverage(["7", "8"], HOUR_MS, END + 1_000)
    assert hour.coverage == {"7": 0.5, "8": 0.5}
    assert [gap.channels for gap in hour.gaps] == [2]


def test_coverage_of_channels_counts_time_on_air_before_a_broadcast_was_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Noticed(ManyStored):
        def read_recent_events(
            self, channels: Collection[str], _from_ms: int, _until_ms: int
        ) -> dict[str, list[EventRecord]]:
            start_ms = END - 2 * MINUTE
            return {i: [EventRecord(f"{i}-stream_start-{start_ms}", "stream_start", i, start_ms)] for i in channels}

    monkeypatch.setattr(many_channels, "WindowStore", Noticed)
    # Half of the last minute was heard, and nothing of the previous one, in which the broadcast began.
    assert many_channels.read_coverage(["7"], HOUR_MS, END + 1_000).coverage == {"7": 0.25}


def test_coverage_of_channels_counts_a_broadcast_that_began_hours_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    class Listed(ManyStored):
        def read_starts(self, channels: Collection[str], _before_ms: int) -> dict[str, list[EventRecord]]:
            start_ms = END - 5 * HOUR_MS
            return {i: [EventRecord(f"{i}-stream_start-{start_ms}", "stream_start", i, start_ms)] for i in channels}

    monkeypatch.setattr(many_channels, "WindowStore", Listed)
    assert many_channels.read_coverage(["7"], HOUR_MS, END + 1_000).coverage == {"7": 0.5 / 60}
    # A channel that was on air throughout needs no start.
    monkeypatch.setattr(Listed, "read_starts", lambda *_: {})
    assert many_channels.read_coverage(["7"], MINUTE, END + 1_000).coverage == {"7": 0.5}


def test_the_version_of_a_series_changes_with_its_broadcasts(monkeypatch: pytest.MonkeyPatch) -> None:
    known: list[Span] = []

    class Summarized(NoBroadcasts):
        def read_broadcasts(self, _channels: Collection[str], _from_ms: int, _until_ms: int) -> dict[str, list[Span]]:
            return {"7": known}

        def checksum(self, *_: object) -> tuple[int, ...]:
            return (0,)

        events_checksum = checksum

    monkeypatch.setattr(series_version, "WindowStore", Summarized)
    past = chart_ranges.past_range(END - HOUR_MS, END, END)
    before = series_version.series_version("7", past, END)
    known.append((END - 2 * HOUR_MS, END))
    assert series_version.series_version("7", past, END) != before


def test_minutes_of_several_channels_have_the_coverage_of_a_series(monkeypatch: pytest.MonkeyPatch) -> None:
    class Partly(ManyStored):
        def read_many(
            self, _grain: str, channels: Collection[str], _from_ms: int, _until_ms: int, _columns: Collection[str]
        ) -> dict[str, list[StoredWindow]]:
            unheard = StoredWindow(END - MINUTE, {"messages": 0, "observed_ms": 0})
            heard = StoredWindow(END, {"messages": 50, "observed_ms": 40_000})
            return {i: [unheard, heard] for i in channels}

    monkeypatch.setattr(many_channels, "WindowStore", Partly)
    ((point,),) = many_channels.minute_lines(["7"], "messages", END - HOUR_MS, END).values()
    assert (point.end_ms, queries.value_of(point, "messages")) == (END, 37.5)
    # Half of the minute is a recorded gap.
    assert point.coverage == 0.5
