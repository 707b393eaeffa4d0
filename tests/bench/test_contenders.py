"""Windows of the contenders are compared by their columns only."""

from __future__ import annotations

import orjson
import pytest

from bench.chat import SUMS
from bench.contenders import FlinkSumWindows, FlinkWindows, SumWindows, Windows
from core.metrics.columns import STORED_AS, columns_of
from core.pipeline.records import ChatRecord
from core.proof.reference import Blocks
from core.times import MINUTE_MS, SECOND_MS

CHANNEL = "10000"
START_MS = 1_790_000_040_000
LAST_MS = START_MS + 2 * MINUTE_MS
RECORDS = [
    ChatRecord("message", CHANNEL, START_MS + second * SECOND_MS, user_hash=second % 7, text_hash=second % 5, words=2)
    for second in range(2 * MINUTE_MS // SECOND_MS)
] + [
    ChatRecord("pulse", CHANNEL, START_MS + second * SECOND_MS + 999, viewers=100 + second, observed_ms=SECOND_MS)
    for second in range(2 * MINUTE_MS // SECOND_MS)
]


def flink_records() -> list[bytes]:
    """Return the windows that the stream job writes for RECORDS if it starts after their end."""
    blocks = Blocks()
    for record in RECORDS:
        blocks.add(record)
    rows = []
    for (channel_id, stored, end_ms), values in blocks.windows(from_ms=0, until_ms=LAST_MS).items():
        for grain in (grain for grain, stored_as in STORED_AS.items() if stored_as == stored):
            columns = {column.name: values[column.name] for column in columns_of(grain) if column.name in values}
            identity = {"v": 1, "grain": grain, "channel_id": channel_id, "start_ms": 0, "end_ms": end_ms}
            rows.append(orjson.dumps({**identity, "again_ms": 45_000, **columns}))
    return rows


def sum_records() -> list[bytes]:
    """Return the windows that the other programs write for RECORDS."""
    rows = [orjson.loads(value) for value in flink_records()]
    sums = [(row["end_ms"], [row.get(name, 0) for name in SUMS]) for row in rows if row["grain"] == "live"]
    return [orjson.dumps({"id": CHANNEL, "end_ms": end_ms, "sums": values}) for end_ms, values in sums]


@pytest.mark.parametrize(
    ("kind", "records"),
    [(FlinkWindows, flink_records()), (FlinkSumWindows, flink_records()), (SumWindows, sum_records())],
)
def test_windows_that_match_the_reference_are_correct(kind: type[Windows], records: list[bytes]) -> None:
    windows = kind(frozenset({CHANNEL}), LAST_MS)
    for value in records:
        windows.add(CHANNEL.encode(), value)
    wrong, cells = windows.compare({CHANNEL: RECORDS})
    assert (wrong, cells > 0) == (0, True)


@pytest.mark.parametrize("kind", [FlinkWindows, FlinkSumWindows])
def test_a_wrong_column_and_a_missing_window_count_as_wrong_windows(kind: type[Windows]) -> None:
    rows = [orjson.loads(value) for value in flink_records()]
    live = sorted((row for row in rows if row["grain"] == "live"), key=lambda row: int(row["end_ms"]))
    live[5]["words"] += 1
    rows.remove(live[6])
    windows = kind(frozenset({CHANNEL}), LAST_MS)
    for row in rows:
        windows.add(CHANNEL, orjson.dumps(row))
    assert windows.compare({CHANNEL: RECORDS})[0] == 2
