from itertools import islice

from simulator.faults import FaultRequest, Faults
from simulator.flood import Floods
from simulator.source import Channel

T0 = 1_790_000_000_000
CHANNELS = [Channel("11", "amberyak", "AmberYak"), Channel("12", "icykettle", "IcyKettle")]


def test_a_flood_sends_at_its_rate_in_its_channels_and_ends_on_time() -> None:
    floods = Floods()
    floods.begin(Faults().begin(FaultRequest("flood", 2, rate=100), T0), CHANNELS)
    first = list(floods.due(T0 + 999))
    rest = list(floods.due(T0 + 60_000))
    assert (len(first), len(rest)) == (100, 100)
    assert {chat.channel for chat in first} == set(CHANNELS)
    assert len({chat.id for chat in first + rest}) == 200
    assert [chat.due_ms for chat in first] == sorted(chat.due_ms for chat in first)


def test_items_that_are_not_consumed_remain_due() -> None:
    floods = Floods()
    floods.begin(Faults().begin(FaultRequest("flood", 2, rate=100), T0), CHANNELS)
    consumed = list(islice(floods.due(T0 + 60_000), 3))
    assert len(consumed) + len(list(floods.due(T0 + 60_000))) == 200


def test_an_ended_flood_sends_nothing() -> None:
    floods, fault = Floods(), Faults().begin(FaultRequest("flood", 2, rate=100), T0)
    floods.begin(fault, CHANNELS)
    floods.end(fault)
    assert list(floods.due(T0 + 1_000)) == []


def test_a_flood_without_channels_or_rate_sends_nothing() -> None:
    floods, faults = Floods(), Faults()
    floods.begin(faults.begin(FaultRequest("flood", 2, rate=100), T0), [])
    floods.begin(faults.begin(FaultRequest("flood", 2, rate=0), T0), CHANNELS)
    assert list(floods.due(T0 + 1_000)) == []
