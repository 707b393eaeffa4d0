"""When Kafka receives the end of a stream, a summary of its stored windows is written to Cassandra."""

from __future__ import annotations

import json

import pytest

from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.store import WindowStore
from core.metrics.broadcasts import Broadcast
from core.pipeline.records import event_record
from core.times import MINUTE_MS
from drills.stack import Stack, wait_until
from twitchly.clock import now_ms

pytestmark = pytest.mark.server


def channel_with_a_minute(stack: Stack, windows: WindowStore) -> str:
    """Return a covered channel that has a stored minute."""
    wait_until(lambda: bool(stack.covered()), 90, "a covered channel")
    channel_id = min(stack.covered())
    wait_until(
        lambda: bool(windows.read_windows("minute", channel_id, now_ms() - 10 * MINUTE_MS, now_ms())), 90, "its minute"
    )
    return channel_id


@pytest.mark.usefixtures("cassandra")
def test_an_ended_stream_is_summarized_after_its_minutes_are_stored(stack: Stack) -> None:
    windows = WindowStore()
    store, channel_id = BroadcastStore(windows), channel_with_a_minute(stack, windows)
    ended_ms = windows.read_windows("minute", channel_id, now_ms() - 10 * MINUTE_MS, now_ms())[-1].end_ms
    started_ms = ended_ms - MINUTE_MS
    record = event_record(
        event_id=f"{channel_id}-stream_end-{started_ms}",
        kind="stream_end",
        channel_id=channel_id,
        at_ms=ended_ms,
        started_ms=started_ms,
    )
    stack.produce("channel-events", json.dumps(record).encode())

    # The simulated broadcast of the channel may end meanwhile and then has a summary too.
    def summaries() -> list[Broadcast]:
        return [broadcast for broadcast in store.read(channel_id, 10) if broadcast.started_ms == started_ms]

    wait_until(lambda: bool(summaries()), 150, "the summary of the broadcast")
    (broadcast,) = summaries()
    (minute,) = windows.read_windows("minute", channel_id, ended_ms - 1, ended_ms)
    assert broadcast.ended_ms == ended_ms
    assert broadcast.messages == minute.columns["messages"]
    assert broadcast.peak_viewers == minute.columns["viewers_max"]
    assert broadcast.coverage == minute.columns["observed_ms"] / MINUTE_MS
