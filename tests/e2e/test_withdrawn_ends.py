"""Withdrawn ends of resumed streams in stored history: only the last end remains, whatever the order of the records."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from itertools import permutations

import orjson
import pytest

from apps.metrics.broadcast_store import HOURS, MINUTES, BroadcastStore
from apps.metrics.store import WindowStore
from core.irc.channel_events import END_WITHDRAWN, stream_end_id
from core.pipeline.records import EventRecord, WindowRecord, event_record
from core.times import MINUTE_MS
from drills.stack import Stack, wait_until
from twitchly.clock import now_ms

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("cassandra")]

MIDNIGHT = 1_795_392_000_000
# The broadcast was reported as ended twice, once on each day; the first end was withdrawn.
STARTED, FIRST, SECOND = MIDNIGHT - 30 * MINUTE_MS, MIDNIGHT - MINUTE_MS, MIDNIGHT + 4 * MINUTE_MS


def end(channel_id: str, at_ms: int, started_ms: int = STARTED) -> EventRecord:
    end_id, reported_ms = stream_end_id(channel_id, started_ms), at_ms + MINUTE_MS
    return EventRecord(end_id, "stream_end", channel_id, at_ms, started_ms=started_ms, reported_ms=reported_ms)


def withdrawal(of: EventRecord) -> EventRecord:
    reported_ms = of.at_ms + 2 * MINUTE_MS
    return EventRecord("w", END_WITHDRAWN, of.channel_id, of.at_ms, started_ms=of.started_ms, reported_ms=reported_ms)


def carry(records: Sequence[EventRecord]) -> None:
    """Write records as the sink does, with a summary for each end."""
    windows = WindowStore()
    store = BroadcastStore(windows)
    for record in records:
        assert record.started_ms is not None
        if record.kind == END_WITHDRAWN:
            windows.withdraw_end(record)
            store.withdraw(record)
            continue
        windows.write([], [record])
        for revision in (MINUTES, HOURS):
            store.summarize(
                record.channel_id, record.started_ms, record.at_ms, reported_ms=record.reported_ms, revision=revision
            )


def stored(channel_id: str) -> tuple[list[tuple[str, int]], list[tuple[int, int]]]:
    """Return a channel's stored events and broadcasts."""
    windows = WindowStore()
    events = windows.read_events(channel_id, STARTED, SECOND + 60 * MINUTE_MS)
    broadcasts = BroadcastStore(windows).read(channel_id, 10)
    return [(event.kind, event.at_ms) for event in events], [
        (broadcast.started_ms, broadcast.ended_ms) for broadcast in broadcasts
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_one_end_remains_for_any_order_and_repetition_of_the_records(order: Sequence[int]) -> None:
    channel_id = str(uuid.uuid4().int)[:18]
    first = end(channel_id, FIRST)
    records = [first, withdrawal(first), end(channel_id, SECOND)]
    for _ in range(2):
        carry([records[index] for index in order])
        assert stored(channel_id) == ([("stream_end", SECOND)], [(STARTED, SECOND)])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=str)
def test_a_resumed_broadcast_has_neither_an_end_nor_a_summary(order: Sequence[int]) -> None:
    channel_id = str(uuid.uuid4().int)[:18]
    first = end(channel_id, FIRST)
    records = [first, withdrawal(first)]
    carry([records[index] for index in order])
    assert stored(channel_id) == ([], [])


def test_an_end_that_precedes_the_withdrawn_end_remains() -> None:
    """The final end can precede the withdrawn one, because a broadcast ends at the latest when the next one starts.

    The first end is withdrawn because an outdated response shows the ended broadcast as live again.
    """
    channel_id = str(uuid.uuid4().int)[:18]
    first = end(channel_id, FIRST)
    last = EventRecord(
        first.id, "stream_end", channel_id, FIRST - 20_000, started_ms=STARTED, reported_ms=FIRST + 3 * MINUTE_MS
    )
    carry([first, withdrawal(first), last])
    assert stored(channel_id) == ([("stream_end", FIRST - 20_000)], [(STARTED, FIRST - 20_000)])


def test_the_summary_for_a_later_end_is_corrected_permanently() -> None:
    channel_id, windows = str(uuid.uuid4().int)[:18], WindowStore()
    store, records = BroadcastStore(windows), [end(channel_id, FIRST), end(channel_id, SECOND)]
    carry([records[0], withdrawal(records[0]), records[1]])
    for messages in (5, 7):
        columns = {"messages": messages, "observed_ms": MINUTE_MS}
        minute = WindowRecord(channel_id, "minute", MIDNIGHT - MINUTE_MS, MIDNIGHT, columns)
        windows.correct([minute], set())
        assert store.correct([channel_id], STARTED, SECOND) == 1
        carry(records)
        assert [summary.messages for summary in store.read(channel_id, 10)] == [messages]


def test_a_withdrawal_on_kafka_deletes_the_end(stack: Stack) -> None:
    channel_id, windows, at_ms = str(uuid.uuid4().int)[:18], WindowStore(), now_ms() - 10 * MINUTE_MS
    started_ms = at_ms - 60 * MINUTE_MS

    def produce(kind: str, event_id: str, ended_ms: int, reported_ms: int) -> None:
        record = event_record(
            event_id=event_id,
            kind=kind,
            channel_id=channel_id,
            at_ms=ended_ms,
            started_ms=started_ms,
            reported_ms=reported_ms,
        )
        stack.produce("channel-events", orjson.dumps(record))

    def ends() -> list[int]:
        return [event.at_ms for event in windows.read_events(channel_id, started_ms, now_ms())]

    end_id = stream_end_id(channel_id, started_ms)
    produce("stream_end", end_id, at_ms, at_ms + MINUTE_MS)
    wait_until(lambda: ends() == [at_ms], 60, "the end to be stored")
    produce(END_WITHDRAWN, "w", at_ms, at_ms + 2 * MINUTE_MS)
    wait_until(lambda: ends() == [], 60, "the end to be withdrawn")
    produce("stream_end", end_id, at_ms + 5 * MINUTE_MS, at_ms + 6 * MINUTE_MS)
    wait_until(lambda: ends() == [at_ms + 5 * MINUTE_MS], 60, "the second end to be stored")
