"""`rebuild_windows` against the real servers: wrong windows are corrected, correct ones stay."""

from __future__ import annotations

import re
import time

import pytest

from apps.metrics.store import WindowStore
from core.pipeline.records import WindowRecord
from core.times import MINUTE_MS
from drills.stack import Stack, wait_until
from twitchly.clock import now_ms

pytestmark = pytest.mark.server


def rebuild(stack: Stack, from_ms: int, until_ms: int) -> tuple[int, dict[str, int]]:
    """Rebuild a range; return the number of windows, and how many were added, changed and removed."""
    since, until = (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms / 1000)) for ms in (from_ms, until_ms))
    output = stack.manage("rebuild_windows", "--from", since, "--to", until)
    hours = re.findall(r"([0-9,]+) windows, (\d+) added, (\d+) changed, (\d+) removed", output)
    sums = {name: sum(int(hour[n]) for hour in hours) for n, name in ((1, "added"), (2, "changed"), (3, "removed"))}
    return sum(int(hour[0].replace(",", "")) for hour in hours), sums


def are_stored(store: WindowStore, channel_ids: set[str], end_ms: int) -> bool:
    """Return whether the windows that end at `end_ms` are stored for every channel, with their chatters."""
    found = [
        windows
        for grain in ("live", "minute")
        for windows in store.read_many(grain, channel_ids, end_ms - 1, end_ms).values()
    ]
    return all(windows and "chatters" in windows[0].columns for windows in found)


@pytest.mark.usefixtures("cassandra")
def test_a_range_is_rebuilt_to_the_same_rows(stack: Stack) -> None:
    wait_until(lambda: stack.listed_channels() <= stack.covered() != set(), 120, "all channels to be covered")
    # Channels that were joined in this minute have no windows for the previous one.
    until_ms = (now_ms() // MINUTE_MS + 1) * MINUTE_MS
    from_ms = until_ms - MINUTE_MS
    store, channels = WindowStore(), stack.covered()
    channel_id = min(channels)
    wait_until(lambda: are_stored(store, channels, until_ms), 180, "the minute of all channels")
    windows, wrong = rebuild(stack, from_ms, until_ms)
    assert wrong == {"added": 0, "changed": 0, "removed": 0}
    # At least the minute and the live window that ends with it, because the chat may have begun within the minute.
    assert windows >= 2 * len(stack.covered())

    before = {grain: store.read_windows(grain, channel_id, from_ms, until_ms) for grain in ("live", "minute")}
    (minute,) = store.read_windows("minute", channel_id, until_ms - 1, until_ms)
    store.correct(
        [WindowRecord(channel_id, "minute", from_ms, until_ms, {**minute.columns, "messages": 10**6, "words": 1})],
        {(channel_id, "live", until_ms)},
    )
    assert rebuild(stack, from_ms, until_ms) == (windows, {"added": 1, "changed": 1, "removed": 0})
    assert before == {grain: store.read_windows(grain, channel_id, from_ms, until_ms) for grain in ("live", "minute")}
    # A repeated window from Flink has revision 0 and changes nothing.
    store.write([WindowRecord(channel_id, "minute", from_ms, until_ms, {"messages": 3})], [])
    assert store.read_windows("minute", channel_id, until_ms - 1, until_ms) == [minute]
    assert rebuild(stack, from_ms, until_ms) == (windows, {"added": 0, "changed": 0, "removed": 0})


def test_a_range_that_is_not_on_kafka_yet_is_rejected(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="yet: try again later"):
        rebuild(stack, now_ms(), now_ms() + 30 * MINUTE_MS)


def test_swapped_times_are_rejected(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="--from is not before --to"):
        rebuild(stack, now_ms(), now_ms() - MINUTE_MS)
