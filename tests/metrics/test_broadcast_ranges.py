"""A broadcast and a range of the same whole minutes have the same figures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apps.metrics import chart_ranges, queries
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.store import StoredWindow, WindowStore
from core.irc.channel_events import stream_end_id
from core.metrics.columns import roll_up
from core.metrics.ranges import RangeSummary
from core.metrics.table import METRIC
from core.pipeline.intervals import Span
from core.pipeline.records import EventRecord
from core.times import HOUR_MS, MINUTE_MS, SECOND_MS

T = 1_795_399_200_000
NOW = T + 20 * HOUR_MS
LENGTH_S = 3 * 3_600


@dataclass(frozen=True)
class History:
    """A broadcast, in seconds after T, and how it was tracked.

    It was noticed at `noticed_s`, and tracked from then on or, if `is_tracked_before`, throughout. In `silent`
    spans the producer was down; in `dead` spans a connection was dead, although pulses claimed that the channel was
    heard. Viewer counts were unknown in `unknown` spans.
    """

    started_s: int
    noticed_s: int
    ended_s: int
    is_tracked_before: bool = False
    silent: Sequence[Span] = ()
    dead: Sequence[Span] = ()
    unknown: Sequence[Span] = ()
    next_s: int | None = None
    minutes: dict[int, dict[str, int]] = field(default_factory=dict)

    @property
    def span_ms(self) -> Span:
        return T + self.started_s * SECOND_MS, T + self.ended_s * SECOND_MS

    def __post_init__(self) -> None:
        for second in range(LENGTH_S):
            is_live = self.noticed_s <= second < self.ended_s
            if (is_live or self.is_tracked_before) and not _within(second, self.silent):
                self._add_pulse(second, is_live=is_live)

    def _add_pulse(self, second: int, *, is_live: bool) -> None:
        minute = self.minutes.setdefault(T + second // 60 * MINUTE_MS, {"messages": 0, "pulses": 0})
        counts = {"messages": second % 3, "pulses": 1, "observed_ms": SECOND_MS}
        if is_live:
            counts |= {"on_air_pulses": 1, "on_air_observed_ms": SECOND_MS}
            if not _within(second, self.unknown):
                counts |= {"viewer_pulses": 1, "viewers_sum": second}
                minute["viewers_max"] = second
        for name, count in counts.items():
            minute[name] = minute.get(name, 0) + count

    def events(self) -> list[EventRecord]:
        started_ms, ended_ms = self.span_ms
        events = [EventRecord(f"7-stream_start-{started_ms}", "stream_start", "7", started_ms)]
        events.append(EventRecord(stream_end_id("7", started_ms), "stream_end", "7", ended_ms))
        for from_s, until_s in (*self.silent, *self.dead):
            at_ms = T + from_s * SECOND_MS
            events.append(EventRecord(f"gap-{from_s}", "gap", "7", at_ms, T + until_s * SECOND_MS, "disconnected"))
        if self.next_s is not None:
            next_ms = T + self.next_s * SECOND_MS
            events.append(EventRecord(f"7-stream_start-{next_ms}", "stream_start", "7", next_ms))
        return events


def _within(second: int, spans: Sequence[Span]) -> bool:
    return any(from_s <= second < until_s for from_s, until_s in spans)


class Store:
    """The stored rows and events of a history; `is_summarized` says whether the broadcast has a summary."""

    def __init__(self, history: History, *, is_summarized: bool) -> None:
        self._history, self._is_summarized = history, is_summarized

    def read_windows(
        self, grain: str, _channel: str, from_ms: int, until_ms: int, _columns: Collection[str] | None = None
    ) -> list[StoredWindow]:
        minutes = self._history.minutes
        if grain == "minute":
            rows = {start_ms + MINUTE_MS: row for start_ms, row in minutes.items()}
        elif grain == "hour":
            starts = {start_ms // HOUR_MS * HOUR_MS for start_ms in minutes}
            rows = {
                hour_ms + HOUR_MS: roll_up(
                    {ms: row for ms, row in minutes.items() if hour_ms <= ms < hour_ms + HOUR_MS}
                )
                for hour_ms in starts
            }
        else:
            rows = {}
        return [StoredWindow(end_ms, dict(row)) for end_ms, row in sorted(rows.items()) if from_ms < end_ms <= until_ms]

    def read_events(self, _channel: str, from_ms: int, until_ms: int) -> list[EventRecord]:
        events = [event for event in self._history.events() if event.at_ms <= until_ms]
        return [event for event in events if event.kind != "gap" or (event.until_ms or event.at_ms) >= from_ms]

    def read_broadcasts(self, _channels: Collection[str], from_ms: int, until_ms: int) -> Mapping[str, list[Span]]:
        started_ms, ended_ms = self._history.span_ms
        is_inside = self._is_summarized and started_ms < until_ms and ended_ms > from_ms
        return {"7": [(started_ms, ended_ms)] if is_inside else []}


def summary_of(store: Store, from_ms: int, until_ms: int) -> RangeSummary:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queries, "WindowStore", lambda: store)
        return queries.series("7", chart_ranges.past_range(from_ms, until_ms, NOW), NOW, [METRIC["viewers"]]).summary


@st.composite
def histories(draw: st.DrawFn) -> History:
    started_s = draw(st.integers(60, 3_900))
    ended_s = started_s + draw(st.integers(60, 5_400))
    noticed_s = min(ended_s, started_s + draw(st.integers(0, 400)))

    def spans() -> list[Span]:
        starts = draw(st.lists(st.integers(0, LENGTH_S - 1), max_size=2))
        return [(start_s, start_s + draw(st.integers(1, 900))) for start_s in starts]

    next_s = draw(st.none() | st.integers(ended_s, ended_s + 90))
    return History(started_s, noticed_s, ended_s, draw(st.booleans()), spans(), spans(), spans(), next_s)


# A gap or the next broadcast begins after the end of the broadcast, but within its last minute.
@example(history=History(600, 600, 1_240, is_tracked_before=True, dead=[(1_245, 1_255)]), is_summarized=True)
@example(history=History(600, 700, 1_240, next_s=1_250), is_summarized=True)
@given(histories(), st.booleans())
def test_a_broadcast_has_the_figures_of_the_range_of_its_whole_minutes(history: History, is_summarized: bool) -> None:
    store = Store(history, is_summarized=is_summarized)
    broadcast = BroadcastStore(cast("WindowStore", store)).compute("7", *history.span_ms)
    range_ = summary_of(store, *history.span_ms)
    assert broadcast.coverage == (range_.coverage_on_air or 0)
    assert broadcast.lower_bounds.viewers == range_.lower_bounds.viewers
    assert broadcast.lower_bounds.chat == range_.lower_bounds.chat
    assert broadcast.messages == range_.sums.get("messages", 0)
    peak = range_.peaks.get("viewers")
    assert broadcast.peak_viewers == (peak and peak.value)
    assert broadcast.mean_viewers == range_.value(METRIC["viewers"])
    assert broadcast.watched == range_.hours_watched


@pytest.mark.parametrize("is_summarized", [True, False])
def test_the_minutes_before_a_broadcast_was_noticed_are_missed_in_every_range(is_summarized: bool) -> None:
    history = History(started_s=600, noticed_s=840, ended_s=1_800)
    store = Store(history, is_summarized=is_summarized)
    broadcast = BroadcastStore(cast("WindowStore", store)).compute("7", *history.span_ms)
    longer = summary_of(store, T, T + HOUR_MS)
    assert broadcast.coverage == longer.coverage_on_air == 16 / 20
    assert (longer.on_air_ms, longer.missed_ms) == (20 * MINUTE_MS, 4 * MINUTE_MS)
    assert broadcast.lower_bounds == longer.lower_bounds
    assert (longer.lower_bounds.chat, longer.lower_bounds.viewers) == (True, True)


def test_a_gap_counts_as_missed_in_a_broadcast_and_in_a_range() -> None:
    history = History(started_s=600, noticed_s=600, ended_s=1_200, dead=[(700, 760)])
    store = Store(history, is_summarized=True)
    broadcast = BroadcastStore(cast("WindowStore", store)).compute("7", *history.span_ms)
    assert broadcast.coverage == summary_of(store, *history.span_ms).coverage_on_air == 540 / 600


class Running(Store):
    """A broadcast that has not ended."""

    def __init__(self, history: History) -> None:
        super().__init__(history, is_summarized=False)

    def read_events(self, channel: str, from_ms: int, until_ms: int) -> list[EventRecord]:
        return [event for event in super().read_events(channel, from_ms, until_ms) if event.kind != "stream_end"]


@given(st.integers(0, LENGTH_S // 60 - 1), st.integers(1, LENGTH_S // 60))
def test_a_running_broadcast_is_on_air_in_ranges_that_begin_after_its_start(from_minute: int, minutes: int) -> None:
    history = History(started_s=-5 * 3_600, noticed_s=LENGTH_S // 2, ended_s=LENGTH_S)
    from_ms, until_ms = T + from_minute * MINUTE_MS, T + min(LENGTH_S // 60, from_minute + minutes) * MINUTE_MS
    range_ = summary_of(Running(history), from_ms, until_ms)
    heard_ms = max(0, until_ms - max(from_ms, T + LENGTH_S * SECOND_MS // 2))
    assert (range_.on_air_ms, range_.on_air_heard_ms) == (until_ms - from_ms, heard_ms)
    assert range_.missed_ms == until_ms - from_ms - heard_ms


def test_a_start_before_a_range_is_not_listed() -> None:
    store = Running(History(started_s=-600, noticed_s=0, ended_s=1_800))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queries, "WindowStore", lambda: store)
        assert queries.windows_of("7", chart_ranges.past_range(T, T + HOUR_MS, NOW), NOW).marks == []
        assert queries.marks_and_gaps("7", T, T + HOUR_MS, NOW)[0] == []
        marks, _ = queries.marks_and_gaps("7", T - HOUR_MS, T + HOUR_MS, NOW)
    assert [mark.at_ms for mark in marks] == [T - 600 * SECOND_MS]
