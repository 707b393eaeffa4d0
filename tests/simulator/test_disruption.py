import pytest

from simulator.disruption import Disruption
from simulator.faults import FaultRequest, Faults, parse_request

T0_S = 100.0
CHAT = b"@id=1;room-id=11 :a!a@a.tmi.twitch.tv PRIVMSG #amberyak :hello\r\n"
NOTICE = b"@id=2;room-id=11 :tmi.twitch.tv USERNOTICE #amberyak\r\n"
DELETION = b"@login=a;target-msg-id=1 :tmi.twitch.tv CLEARMSG #amberyak :x PRIVMSG y\r\n"


def new_disruption(*requests: FaultRequest) -> Disruption:
    faults, disruption = Faults(), Disruption(T0_S)
    for request in requests:
        disruption.begin(faults.begin(request, 0))
    return disruption


def test_a_freeze_delays_bytes_and_keeps_their_order() -> None:
    fault = Faults().begin(FaultRequest("freeze", 12), 0)
    disruption = Disruption(T0_S)
    disruption.begin(fault)
    assert disruption.release(b"one ", T0_S) == b""
    assert disruption.release(b"two", T0_S + 11) == b""
    assert (disruption.held_bytes, disruption.is_over) == (7, False)
    disruption.end(fault)
    assert not disruption.is_over
    assert disruption.release(b"", T0_S + 12) == b"one two"
    assert disruption.is_over


def test_a_slow_connection_sends_at_its_rate() -> None:
    disruption = new_disruption(FaultRequest("slow", 20, rate=100))
    assert disruption.release(bytes(1_000), T0_S) == b""
    assert len(disruption.release(b"", T0_S + 1)) == 100
    assert len(disruption.release(b"", T0_S + 1.5)) == 50
    assert disruption.held_bytes == 850


def test_unused_allowance_does_not_accumulate() -> None:
    disruption = new_disruption(FaultRequest("slow", 20, rate=100))
    disruption.release(b"", T0_S + 10)
    assert disruption.release(bytes(1_000), T0_S + 10.5) == bytes(50)


def test_the_slower_of_two_slow_faults_applies() -> None:
    disruption = new_disruption(FaultRequest("slow", 20, rate=100), FaultRequest("slow", 20, rate=10))
    assert len(disruption.release(bytes(1_000), T0_S + 1)) == 10


def test_a_half_open_connection_loses_everything_including_held_bytes() -> None:
    fault = Faults().begin(parse_request({"kind": "half_open"}), 0)
    disruption = new_disruption(FaultRequest("freeze", 12))
    disruption.release(CHAT, T0_S)
    disruption.begin(fault)
    assert disruption.is_half_open
    assert disruption.release(CHAT, T0_S + 1) == b""
    assert disruption.held_bytes == 0
    disruption.end(fault)
    assert not disruption.is_half_open


def test_only_lines_with_an_id_are_duplicated() -> None:
    disruption = new_disruption(FaultRequest("duplicates", 15))
    assert disruption.distort(CHAT + DELETION + NOTICE) == CHAT + CHAT + DELETION + NOTICE + NOTICE
    untagged = CHAT.partition(b" ")[2]
    assert disruption.distort(untagged) == untagged * 2
    assert disruption.distort(b"PING :tmi.twitch.tv\r\n") == b"PING :tmi.twitch.tv\r\n"


def test_garbage_is_inserted_between_intact_lines() -> None:
    disruption = new_disruption(FaultRequest("bad_bytes", 15))
    sent = [disruption.distort(CHAT) for _ in range(20)]
    assert all(lines.startswith(CHAT) and len(lines) > len(CHAT) and lines.endswith(b"\r\n") for lines in sent)
    garbage = b"".join(lines.removeprefix(CHAT) for lines in sent)
    assert b"\0" in garbage
    assert max(map(len, garbage.splitlines())) >= 20 * 1024
    with pytest.raises(UnicodeDecodeError):
        garbage.decode()
    assert disruption.distort(b"") == b""
