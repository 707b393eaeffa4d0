"""The ledger check compares stored days with the windows that they come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from apps.metrics.day_comparison import COMPARED_MS, ROLLED_UP_AFTER_MS, DayComparison, WindowsFromChat
from apps.metrics.days import compute_day
from apps.metrics.store import StoredWindow
from apps.metrics.window_comparison import ChatWindows
from apps.metrics.window_reader import WindowReader
from core.metrics.columns import Columns, StoredGrain, roll_up
from core.metrics.days import DAY_COLUMNS
from core.pipeline.intervals import Span
from core.pipeline.records import EventRecord
from core.proof.reference import WindowKey
from core.times import DAY_MS, HOUR_MS, MINUTE_MS

T = 1_795_219_200_000
NOW_MS = T + DAY_MS + ROLLED_UP_AFTER_MS
GAP = EventRecord("g", "gap", "7", T + 22 * HOUR_MS + 10_000, until_ms=T + 22 * HOUR_MS + 50_000, reason="closed")


def minute(number: int) -> dict[str, int]:
    heard = {"observed_ms": 60_000, "pulses": 60, "on_air_pulses": 60, "on_air_observed_ms": 60_000}
    viewers = {"viewers": 900, "viewers_sum": 60 * (900 + number % 50), "viewers_max": 960, "viewer_pulses": 60}
    counts = {"messages": 40 + number % 17, "words": 150, "texts": 30, "chatters": 9 + number % 5, "bot_messages": 2}
    return {**heard, **viewers, **counts, "copies": 1, "removals": 1}


@dataclass
class Rows:
    """Minutes, hours and events in place of Cassandra; channel 7 was on air from 20:00 to 23:59."""

    minutes: dict[int, dict[str, int]] = field(
        default_factory=lambda: {T + n * MINUTE_MS: minute(n) for n in range(20 * 60, 24 * 60 - 1)}
    )
    events: list[EventRecord] = field(default_factory=lambda: [GAP])

    def hours(self) -> dict[int, Columns]:
        starts = {ms // HOUR_MS * HOUR_MS for ms in self.minutes}
        inside = {s: {ms: m for ms, m in self.minutes.items() if ms // HOUR_MS * HOUR_MS == s} for s in starts}
        return {s: {**roll_up(part), "chatters": s % DAY_MS // HOUR_MS} for s, part in inside.items()}

    def read_windows(
        self,
        grain: StoredGrain,
        channel_id: str,
        from_ms: int,
        until_ms: int,
        columns: Collection[str] | None = None,
    ) -> list[StoredWindow]:
        rows: Mapping[int, Columns] = self.hours() if grain == "hour" else self.minutes
        length_ms = HOUR_MS if grain == "hour" else MINUTE_MS
        return [
            StoredWindow(ms + length_ms, {n: v for n, v in row.items() if columns is None or n in columns})
            for ms, row in sorted(rows.items())
            if channel_id == "7" and from_ms < ms + length_ms <= until_ms
        ]

    def read_events(self, channel_id: str, from_ms: int, until_ms: int) -> list[EventRecord]:
        return [event for event in self.events if event.channel_id == channel_id]

    def read_broadcasts(self, channel_ids: Collection[str], from_ms: int, until_ms: int) -> dict[str, list[Span]]:
        return {channel_id: [] for channel_id in channel_ids}


@dataclass
class StoredDays:
    """Days in place of Cassandra."""

    days: dict[str, dict[int, Columns]]

    def read(self, channel_ids: Collection[str], from_ms: int, until_ms: int) -> dict[str, dict[int, Columns]]:
        return {
            i: {ms: row for ms, row in self.days.get(i, {}).items() if from_ms <= ms < until_ms} for i in channel_ids
        }


def compare(
    day: Columns, rows: Rows | None = None, *, now_ms: int = NOW_MS, chat: ChatWindows | None = None, first_ms: int = T
) -> DayComparison:
    windows: WindowReader = rows or Rows()
    if chat:
        windows = WindowsFromChat(windows, chat)
    comparison = DayComparison(StoredDays({"7": {T: day}} if day else {}), windows)
    comparison.compare(["7", "8"], first_ms, now_ms)
    return comparison


def rolled_up() -> dict[str, int]:
    return dict(compute_day(Rows(), "7", T, NOW_MS))


def test_a_day_that_equals_its_windows_has_no_difference() -> None:
    comparison = compare(rolled_up())
    assert (comparison.days, comparison.pending, comparison.differences) == (1, [], [])


@pytest.mark.parametrize("column", DAY_COLUMNS)
def test_a_wrong_column_of_a_day_is_reported(column: str) -> None:
    right = rolled_up()
    (difference,) = compare({**right, column: right.get(column, 0) + 1}).differences
    assert difference.startswith(f"day 2026-11-21 of channel 7: {column} is ")


@pytest.mark.parametrize("column", sorted(set(rolled_up()) - {"heard_ms"}))
def test_an_absent_column_of_a_day_is_reported(column: str) -> None:
    right = rolled_up()
    del right[column]
    (difference,) = compare(right).differences
    assert f"{column} is None, expected " in difference


def test_a_day_that_was_not_updated_after_its_minutes_changed_is_reported() -> None:
    stale, rows = rolled_up(), Rows()
    rows.minutes[T + 21 * HOUR_MS]["messages"] += 3
    (difference,) = compare(stale, rows).differences
    assert "messages is" in difference
    assert "words" not in difference


def test_a_missing_day_is_reported_if_chat_had_begun() -> None:
    assert "it is missing" in compare({}).differences[0]
    assert compare({}, first_ms=T + DAY_MS).differences == []


def test_a_day_without_windows_is_reported() -> None:
    (difference,) = compare({"messages": 5, "heard_ms": 0}, Rows({})).differences
    assert "messages is 5, expected None" in difference


def test_a_channel_with_neither_rows_nor_a_day_is_not_counted() -> None:
    rows = Rows({}, [])
    assert (compare({}, rows).days, compare({"heard_ms": 0}, rows).differences) == (0, [])


@pytest.mark.parametrize(("early_ms", "pending"), [(1, 1), (0, 0)])
def test_a_recent_day_need_not_be_rolled_up_yet(early_ms: int, pending: int) -> None:
    wrong = {**rolled_up(), "messages": 1}
    comparison = compare(wrong, now_ms=NOW_MS - early_ms)
    assert (len(comparison.pending), len(comparison.differences)) == (pending, 1 - pending)
    right = compare(rolled_up(), now_ms=NOW_MS - early_ms)
    assert (right.days, right.pending) == (1, [])


def test_older_days_are_not_compared() -> None:
    wrong = {**rolled_up(), "messages": 1}
    assert compare(wrong, now_ms=T + COMPARED_MS + DAY_MS - 1).differences
    assert not compare(wrong, now_ms=T + COMPARED_MS + DAY_MS).differences


def test_windows_from_chat_replace_the_stored_ones() -> None:
    """A minute was lost before the hour and the day were computed from the rest; `chat` still has its messages."""
    chat: dict[WindowKey, Columns] = {("7", "minute", ms + MINUTE_MS): row for ms, row in Rows().minutes.items()}
    chat |= {("7", "hour", ms + HOUR_MS): row for ms, row in Rows().hours().items()}
    rows = Rows()
    lost_ms = T + 21 * HOUR_MS + 7 * MINUTE_MS
    del rows.minutes[lost_ms]
    stored = dict(compute_day(rows, "7", T, NOW_MS))
    assert compare(stored, rows).differences == []
    complete = ChatWindows(chat, {"minute": T, "hour": T}, NOW_MS)
    (difference,) = compare(stored, rows, chat=complete).differences
    assert f"expected {rolled_up()['messages']}" in difference
    # Where `chat` was deleted, the stored windows are compared.
    deleted = ChatWindows(chat, {"minute": lost_ms + MINUTE_MS, "hour": lost_ms + HOUR_MS}, NOW_MS)
    assert compare(stored, rows, chat=deleted).differences == []
