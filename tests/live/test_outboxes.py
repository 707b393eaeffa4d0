"""Outboxes keep only the newest payloads, and send them in turn as their connections accept frames."""

from __future__ import annotations

import json

from apps.live.board import Board
from apps.live.outboxes import BACKLOG_S, BATCH_BYTES, ERRORS_MAX, Outbox, Payload, Subscribers
from apps.live.subscriptions import SubscriptionSpec, TableSpec

BOARD = Board()


class Client:
    """A connection that takes all frames immediately while it `reads`."""

    def __init__(self) -> None:
        self.reads = True
        self.frames: list[bytes] = []
        self.outbox: Outbox | None = None

    def flush(self) -> None:
        assert self.outbox is not None
        while self.reads and self.outbox.has_pending:
            self.frames += self.outbox.take()

    def check_session(self) -> None:
        raise AssertionError("no session has ended")

    def abandon(self) -> None:
        raise AssertionError("an outbox never abandons its connection")


def connect(subscribers: Subscribers | None = None) -> tuple[Client, Outbox]:
    client = Client()
    client.outbox = Outbox("session", client, {} if subscribers is None else subscribers)
    return client, client.outbox


def push(outbox: Outbox, name: str, content: str, now_s: float = 0.0) -> None:
    outbox.put(outbox.subscriptions[name], Payload(f'"n":"{content}"'.encode()))
    outbox.flush(now_s)


def contents(client: Client) -> list[tuple[str, int, str]]:
    return [(frame["id"], frame["seq"], frame["n"]) for frame in map(json.loads, client.frames)]


def test_a_client_that_reads_gets_every_frame_at_once() -> None:
    client, outbox = connect()
    outbox.subscribe("a", BOARD)
    for number in range(3):
        push(outbox, "a", str(number))
    assert contents(client) == [("a", 1, "0"), ("a", 2, "1"), ("a", 3, "2")]
    assert [json.loads(frame)["type"] for frame in client.frames] == ["snapshot", "push", "push"]
    assert not outbox.is_stuck(BACKLOG_S)


def test_a_slow_client_gets_the_newest_payload_of_each_subscription() -> None:
    client, outbox = connect()
    outbox.subscribe("a", BOARD)
    outbox.subscribe("b", BOARD)
    client.reads = False
    for number in range(1_000):
        push(outbox, "a", str(number))
    push(outbox, "b", "other")
    client.reads = True
    client.flush()
    assert contents(client) == [("a", 1, "999"), ("b", 1, "other")]
    assert outbox.frames_sent == 2


def test_a_client_that_takes_nothing_counts_as_stuck_after_a_while() -> None:
    client, outbox = connect()
    outbox.subscribe("a", BOARD)
    client.reads = False
    push(outbox, "a", "0", now_s=5.0)
    push(outbox, "a", "1", now_s=30.0)
    assert not outbox.is_stuck(5.0 + BACKLOG_S - 0.1)
    assert outbox.is_stuck(5.0 + BACKLOG_S)
    outbox.take()
    assert not outbox.is_stuck(5.0 + BACKLOG_S)


def test_large_frames_are_taken_one_by_one_and_in_turn() -> None:
    client, outbox = connect()
    names = ("a", "b", "c")
    for name in names:
        outbox.subscribe(name, TableSpec())
    client.reads = False
    for name in names:
        push(outbox, name, "x" * BATCH_BYTES)
    taken = []
    for _ in range(4):
        (frame,) = outbox.take()
        taken.append(json.loads(frame)["id"])
        push(outbox, taken[-1], "y" * BATCH_BYTES)
    assert taken == ["a", "b", "c", "a"], "newer payloads of one subscription do not delay the others"


def test_errors_come_first_and_are_limited() -> None:
    client, outbox = connect()
    outbox.subscribe("a", BOARD)
    client.reads = False
    push(outbox, "a", "0")
    for number in range(ERRORS_MAX + 5):
        outbox.put_error(f"reason {number}", "a")
    frames = [json.loads(frame) for frame in outbox.take()]
    assert [frame["type"] for frame in frames] == ["error"] * ERRORS_MAX + ["snapshot"]
    assert frames[-2]["reason"] == f"reason {ERRORS_MAX + 4}"


def test_subscribers_are_grouped_by_spec_and_removed_with_their_subscription() -> None:
    subscribers: Subscribers = {}
    (_, first), (_, second) = connect(subscribers), connect(subscribers)
    specs: list[SubscriptionSpec] = [BOARD, TableSpec()]
    for outbox in (first, second):
        for spec in specs:
            outbox.subscribe(str(spec), spec)
    assert {spec: len(group) for spec, group in subscribers.items()} == dict.fromkeys(specs, 2)
    first.subscribe(str(BOARD), Board("messages"))
    second.unsubscribe(str(BOARD))
    second.unsubscribe(str(BOARD))
    assert list(subscribers) == [TableSpec(), Board("messages")]


def test_a_replaced_subscription_gets_no_snapshot_of_the_old_spec() -> None:
    client, outbox = connect()
    outbox.subscribe("a", BOARD)
    outbox.subscribe("a", Board("messages"))
    outbox.put_snapshot("a", BOARD, Payload(b'"n":"old"'))
    outbox.put_snapshot("gone", BOARD, Payload(b'"n":"old"'))
    assert client.frames == []
    outbox.put_snapshot("a", Board("messages"), Payload(b'"n":"new"'))
    assert contents(client) == [("a", 1, "new")]
