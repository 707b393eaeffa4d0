"""The IRC session without I/O."""

from __future__ import annotations

import pytest

from core.session import (
    JOIN_ANSWER_MS,
    JOIN_WINDOW_MS,
    PING_EVERY_MS,
    PONG_WITHIN_MS,
    Ended,
    Joined,
    Refused,
    Session,
)

NICK = "justinfan12345"
WELCOME = f":tmi.twitch.tv 001 {NICK} :Welcome, GLHF!\r\n".encode()


def welcomed(now_ms: int = 0) -> Session:
    session = Session(NICK, now_ms)
    session.data_to_send()
    session.receive_data(WELCOME, now_ms)
    return session


def joins(session: Session) -> list[str]:
    return [line[6:] for line in session.data_to_send().decode().splitlines() if line.startswith("JOIN #")]


def echo(login: str) -> bytes:
    return f":{NICK}!{NICK}@{NICK}.tmi.twitch.tv JOIN #{login}\r\n".encode()


def test_the_handshake_asks_for_tags_and_commands() -> None:
    session = Session(NICK, 0)
    assert session.data_to_send().decode().splitlines() == [
        "CAP REQ :twitch.tv/tags twitch.tv/commands",
        f"NICK {NICK}",
    ]


def test_nothing_is_joined_before_the_welcome() -> None:
    session = Session(NICK, 0)
    session.join(["a"])
    session.tick(0)
    assert joins(session) == []


def test_joins_wait_for_the_rate_limit() -> None:
    session = welcomed()
    session.join(f"c{n}" for n in range(45))
    session.tick(0)
    assert joins(session) == [f"c{n}" for n in range(20)]
    session.tick(JOIN_WINDOW_MS - 1)
    assert joins(session) == []
    assert session.wake_at_ms(1) == JOIN_WINDOW_MS
    session.tick(JOIN_WINDOW_MS)
    assert len(joins(session)) == 20


def test_a_join_counts_when_twitch_confirms_it() -> None:
    session = welcomed()
    session.join(["a"])
    session.tick(0)
    assert session.joined == frozenset()
    assert session.receive_data(echo("a"), 5) == [Joined("a")]
    assert session.joined == {"a"}
    assert session.receive_data(echo("a"), 6) == []


def test_an_unconfirmed_join_is_tried_again_less_and_less_often() -> None:
    session = welcomed()
    session.join(["a"])
    session.tick(0)
    assert joins(session) == ["a"]
    session.receive_data(b"PING :x\r\n", JOIN_ANSWER_MS - 1)
    session.tick(JOIN_ANSWER_MS - 1)
    assert joins(session) == []
    session.tick(JOIN_ANSWER_MS)
    assert joins(session) == ["a"]
    session.tick(2 * JOIN_ANSWER_MS)
    assert joins(session) == []
    session.tick(3 * JOIN_ANSWER_MS)
    assert joins(session) == ["a"]


def test_a_channel_that_was_never_asked_for_is_not_parted() -> None:
    session = welcomed()
    session.join(["a"])
    session.part(["a"])
    session.tick(0)
    assert session.data_to_send() == b""


def test_a_joined_channel_is_parted() -> None:
    session = welcomed()
    session.join(["a"])
    session.tick(0)
    session.data_to_send()
    session.receive_data(echo("a"), 1)
    session.part(["a"])
    assert session.data_to_send() == b"PART #a\r\n"
    assert session.joined == frozenset()


def test_a_ping_is_answered_with_its_argument() -> None:
    session = welcomed()
    session.receive_data(b"PING :tmi.twitch.tv\r\n", 1)
    assert session.data_to_send() == b"PONG :tmi.twitch.tv\r\n"


def test_a_silent_connection_is_pinged_and_then_given_up() -> None:
    session = welcomed()
    assert session.tick(PING_EVERY_MS) == []
    assert session.data_to_send() == b"PING :twitchly\r\n"
    assert session.tick(PING_EVERY_MS + PONG_WITHIN_MS - 1) == []
    assert session.tick(PING_EVERY_MS + PONG_WITHIN_MS) == [Ended("silent")]


@pytest.mark.parametrize("after_ms", [0, 50])
def test_any_answer_keeps_the_connection(after_ms: int) -> None:
    session = welcomed()
    session.tick(PING_EVERY_MS)
    session.receive_data(b":tmi.twitch.tv PONG tmi.twitch.tv :twitchly\r\n", PING_EVERY_MS + after_ms)
    assert session.tick(PING_EVERY_MS + PONG_WITHIN_MS) == []


def test_reconnect_ends_the_session() -> None:
    assert welcomed().receive_data(b":tmi.twitch.tv RECONNECT\r\n", 1) == [Ended("Twitch asked to reconnect")]


def test_a_suspended_channel_is_told() -> None:
    raw = b"@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #a :This channel does not exist.\r\n"
    assert welcomed().receive_data(raw, 1) == [Refused("a", "msg_channel_suspended")]


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    (event,) = welcomed().receive_data(b"x" * 70_000, 1)
    assert isinstance(event, Ended)


def test_one_byte_at_a_time_gives_the_same_events() -> None:
    raw = echo("a") + b":b!b@b PRIVMSG #a :hi there\r\n\xff\xfe broken\r\nPING :1\r\n" + b":tmi.twitch.tv 353 x\r\n"
    whole, single = welcomed(), welcomed()
    for session in (whole, single):
        session.join(["a"])
        session.tick(0)
    events = [event for n in range(len(raw)) for event in single.receive_data(raw[n : n + 1], 1)]
    assert events == whole.receive_data(raw, 1)
    assert len(events) == 3
    assert single.data_to_send() == whole.data_to_send()
