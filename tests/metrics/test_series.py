"""A range of history, as it is shown: what a gap changes, and what it must not."""

from collections.abc import Sequence

import pytest

from apps.metrics import queries
from apps.metrics.store import StoredWindow
from core.records import EventRecord

MINUTE = 60_000
END = 1_795_400_040_000 // MINUTE * MINUTE


class Stored:
    """One minute of a channel, and a gap that begins shortly before what was lost."""

    def read_events(self, _channel: str, _from_ms: int, _until_ms: int) -> Sequence[EventRecord]:
        return [EventRecord("g", "gap", "7", END - MINUTE + 500, END, "restart")]

    def read_windows(self, _grain: str, _channel: str, _from_ms: int, _until_ms: int) -> Sequence[StoredWindow]:
        return [StoredWindow(END, {"messages": 50, "observed_ms": 3_000, "viewers_sum": 3_000, "viewer_pulses": 3})]


def test_a_gap_lowers_the_coverage_and_raises_no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "WindowStore", Stored)
    (point,) = queries.series("7", "24h", END + 1_000).points
    assert point.coverage == pytest.approx(500 / MINUTE)
    assert point.values["messages"] == 50 * 30_000 / 3_000
    assert point.values["engagement"] == 50 * MINUTE / 3_000
