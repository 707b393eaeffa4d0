"""The unmodified PyPI package `irc` over TCP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from irc.client import Event, Reactor, ServerConnection  # type: ignore[import-untyped]

from tests.clients.conftest import SimulatedTwitch, in_ledger
from tests.clients.pinging import pinging

LIMIT_S = 30


class Client:
    """One connection and its events."""

    def __init__(self, port: int) -> None:
        self.events: list[Event] = []
        self._reactor = Reactor()
        self.connection: ServerConnection = self._reactor.server()
        self._reactor.add_global_handler("all_events", lambda _connection, event: self.events.append(event))
        self.connection.connect("127.0.0.1", port, "justinfan4321")
        self.connection.cap("REQ", "twitch.tv/tags", "twitch.tv/commands")

    def wait_for(self, condition: Callable[[], bool], description: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < deadline, f"waited {LIMIT_S} s for {description}"
            self._reactor.process_once(0.1)

    def of_type(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.type == kind]


@pytest.fixture
def client(twitch: SimulatedTwitch) -> Iterator[Client]:
    client = Client(twitch.ports["simulated IRC"])
    yield client
    client.connection.disconnect()


def test_the_client_joins_and_reads_tags(client: Client, twitch: SimulatedTwitch, channels: list[str]) -> None:
    for login in channels:
        client.connection.join(f"#{login}")
    rooms = {f"#{login}" for login in channels}
    client.wait_for(lambda: {event.target for event in client.of_type("join")} == rooms, "all joins")
    client.wait_for(lambda: {event.target for event in client.of_type("pubmsg")} == rooms, "a message in each room")
    tags = [{tag["key"]: tag["value"] for tag in event.tags} for event in client.of_type("pubmsg")]
    assert in_ledger(twitch, {message["id"] for message in tags})
    entries = twitch.ledger()
    for message in tags:
        entry = entries[message["id"]]
        assert (message["room-id"], int(message["tmi-sent-ts"])) == (entry.channel_id, entry.sent_ms)


def test_the_client_answers_pings_and_stays_connected() -> None:
    with pinging(every_s=0.4, pong_within_s=0.3) as server:
        client = Client(server.irc_port)
        client.wait_for(lambda: len(client.of_type("ping")) >= 4, "further PINGs after the first PONG")
        assert (client.of_type("disconnect"), server.clients) == ([], 1)
        client.connection.disconnect()
