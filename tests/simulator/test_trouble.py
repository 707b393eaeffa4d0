import pytest

from simulator.faults import FaultRequest, Faults, parse_request
from simulator.trouble import Trouble

T0_S = 100.0
CHAT = b"@id=1;room-id=11 :a!a@a.tmi.twitch.tv PRIVMSG #amberyak :hello\r\n"
NOTICE = b"@id=2;room-id=11 :tmi.twitch.tv USERNOTICE #amberyak\r\n"
DELETION = b"@login=a;target-msg-id=1 :tmi.twitch.tv CLEARMSG #amberyak :x PRIVMSG y\r\n"


def trouble(*requests: FaultRequest) -> Trouble:
    faults, made = Faults(), Trouble(T0_S)
    for request in requests:
        made.begin(faults.begin(request, 0))
    return made


def test_a_freeze_holds_bytes_back_and_lets_them_go_in_order() -> None:
    fault = Faults().begin(FaultRequest("freeze", 12), 0)
    made = Trouble(T0_S)
    made.begin(fault)
    assert made.pass_on(b"one ", T0_S) == b""
    assert made.pass_on(b"two", T0_S + 11) == b""
    assert (made.held_bytes, made.over) == (7, False)
    made.end(fault)
    assert not made.over
    assert made.pass_on(b"", T0_S + 12) == b"one two"
    assert made.over


def test_a_slow_connection_trickles_at_its_rate() -> None:
    made = trouble(FaultRequest("slow", 20, rate=100))
    assert made.pass_on(bytes(1_000), T0_S) == b""
    assert len(made.pass_on(b"", T0_S + 1)) == 100
    assert len(made.pass_on(b"", T0_S + 1.5)) == 50
    assert made.held_bytes == 850


def test_a_trickle_saves_nothing_up_while_there_is_nothing_to_send() -> None:
    made = trouble(FaultRequest("slow", 20, rate=100))
    made.pass_on(b"", T0_S + 10)
    assert made.pass_on(bytes(1_000), T0_S + 10.5) == bytes(50)


def test_of_two_slow_faults_the_slower_counts() -> None:
    made = trouble(FaultRequest("slow", 20, rate=100), FaultRequest("slow", 20, rate=10))
    assert len(made.pass_on(bytes(1_000), T0_S + 1)) == 10


def test_a_half_open_connection_loses_everything_even_what_was_held() -> None:
    fault, made = Faults().begin(parse_request({"kind": "half_open"}), 0), trouble(FaultRequest("freeze", 12))
    made.pass_on(CHAT, T0_S)
    made.begin(fault)
    assert made.deaf
    assert made.pass_on(CHAT, T0_S + 1) == b""
    assert made.held_bytes == 0
    made.end(fault)
    assert not made.deaf


def test_duplicates_are_of_what_has_an_id_and_of_nothing_else() -> None:
    made = trouble(FaultRequest("duplicates", 15))
    assert made.distort(CHAT + DELETION + NOTICE) == CHAT + CHAT + DELETION + NOTICE + NOTICE
    untagged = CHAT.partition(b" ")[2]
    assert made.distort(untagged) == untagged * 2
    assert made.distort(b"PING :tmi.twitch.tv\r\n") == b"PING :tmi.twitch.tv\r\n"


def test_garbage_comes_between_good_lines_and_leaves_them_whole() -> None:
    made = trouble(FaultRequest("bad_bytes", 15))
    sent = [made.distort(CHAT) for _ in range(20)]
    assert all(lines.startswith(CHAT) and len(lines) > len(CHAT) and lines.endswith(b"\r\n") for lines in sent)
    garbage = b"".join(lines.removeprefix(CHAT) for lines in sent)
    assert b"\0" in garbage
    assert max(map(len, garbage.splitlines())) >= 20 * 1024
    with pytest.raises(UnicodeDecodeError):
        garbage.decode()
    assert made.distort(b"") == b""
