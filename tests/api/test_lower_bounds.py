"""Chat counts are lower bounds where chat was missed.

Viewer figures are lower bounds where the viewer count is unknown while the channel is on air.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from pytest_django import Settings

from apps.api.rest import history
from apps.metrics import queries, series_version
from apps.metrics.spans import iso
from apps.metrics.store import StoredWindow
from core.metrics.broadcasts import Broadcast
from core.times import HOUR_MS, MINUTE_MS, SECOND_MS
from tests.api.conftest import Api
from tests.dashboard.conftest import Boards
from tests.dashboard.endless_history import EndlessStore

# The share of each minute that was heard, the share with a known viewer count, and the resulting lower bounds.
CASES = pytest.mark.parametrize(
    ("heard", "known", "bounds"),
    [
        (1.0, 1.0, (False, False)),
        (0.9999, 1.0, (False, False)),
        (0.999, 1.0, (True, False)),
        (0.5, 1.0, (True, False)),
        (1.0, 0.5, (False, True)),
        (0.5, 0.5, (True, True)),
    ],
)


@CASES
async def test_a_series_has_lower_bounds_where_data_was_missed(
    boards: Boards,
    api: Api,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    heard: float,
    known: float,
    bounds: tuple[bool, bool],
) -> None:
    class Minutes(EndlessStore):
        def read_windows(
            self, grain: object, _channel: str, from_ms: int, until_ms: int, *_: object
        ) -> Sequence[StoredWindow]:
            pulses = round(60 * known)
            heard_ms = round(MINUTE_MS * heard)
            row = {"pulses": 60, "on_air_pulses": 60, "on_air_observed_ms": heard_ms, "observed_ms": heard_ms}
            row |= {"viewer_pulses": pulses, "viewers_sum": 500 * pulses, "viewers_max": 500, "messages": 10}
            return [StoredWindow(end_ms, dict(row)) for end_ms in range(from_ms + MINUTE_MS, until_ms + 1, MINUTE_MS)]

    settings.CASSANDRA_HOSTS = ["minutes"]
    for module in (queries, series_version):
        monkeypatch.setattr(module, "WindowStore", Minutes)
    until_ms = boards.end_ms // HOUR_MS * HOUR_MS - HOUR_MS
    span = f"from={iso(until_ms - 30 * MINUTE_MS)}&to={iso(until_ms)}"
    series = (await api.get(f"channels/1/series?metrics=viewers,messages,coverage&grain=minute&{span}")).json()
    assert set(series["summary"]["peaks"]) == {"viewers", "messages"}, "coverage has no peak"
    assert (series["is_lower_bound"], series["is_viewers_lower_bound"]) == bounds


@CASES
async def test_a_stream_has_lower_bounds_where_data_was_missed(
    api: Api,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    heard: float,
    known: float,
    bounds: tuple[bool, bool],
) -> None:
    settings.CASSANDRA_HOSTS = ["streams"]
    ended = Broadcast("1", 1_000 * SECOND_MS, 5_000 * SECOND_MS, 9, heard, 500, 400.0, 444.4, viewers_coverage=known)
    monkeypatch.setattr(history, "_streams", lambda *_: [ended])
    monkeypatch.setattr(history, "_stream", lambda *_: ended)
    (listed,) = (await api.get("channels/1/streams")).json()["items"]
    single = (await api.get(f"channels/1/streams/{ended.started_ms}")).json()
    for stream in (listed, single):
        assert (stream["is_lower_bound"], stream["is_viewers_lower_bound"]) == bounds
