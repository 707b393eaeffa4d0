"""The IRC session without I/O."""

from __future__ import annotations

import pytest

from core.irc.lines import Line
from core.irc.session import (
    JOIN_ANSWER_MS,
    JOIN_WINDOW_MS,
    PING_EVERY_MS,
    PONG_WITHIN_MS,
    WELCOME_WITHIN_MS,
    Ended,
    Event,
    JoinBudget,
    Joined,
    Left,
    Reconnect,
    Refused,
    Session,
)
from core.irc.silence import AT_LEAST_MS, AT_MOST_MS
from tests.recorded import DATA, needs_data

NICK = "justinfan12345"
ACK = b":tmi.twitch.tv CAP * ACK :twitch.tv/tags twitch.tv/commands\r\n"
WELCOME = ACK + f":tmi.twitch.tv 001 {NICK} :Welcome, GLHF!\r\n".encode()


def welcomed(now_ms: int = 0) -> Session:
    session = Session(NICK, now_ms)
    session.data_to_send()
    session.receive_data(WELCOME, now_ms)
    return session


def joins(session: Session) -> list[str]:
    return [line[6:] for line in session.data_to_send().decode().splitlines() if line.startswith("JOIN #")]


def joined(*logins: str, now_ms: int = 0) -> Session:
    session = welcomed(now_ms)
    session.join(logins)
    session.tick(now_ms)
    session.data_to_send()
    for login in logins:
        session.receive_data(echo(login), now_ms)
    return session


def advance(session: Session, from_ms: int, until_ms: int) -> list[Event]:
    """Advance the time while the server only answers PING; return the events."""
    events: list[Event] = []
    now_ms = from_ms
    while now_ms < until_ms:
        now_ms = min(until_ms, max(now_ms + 1, session.wake_at_ms(now_ms)))
        events += session.tick(now_ms)
        if session.data_to_send().startswith(b"PING"):
            session.receive_data(b":tmi.twitch.tv PONG tmi.twitch.tv :twitchly\r\n", now_ms)
    return events


def echo(login: str) -> bytes:
    return f":{NICK}!{NICK}@{NICK}.tmi.twitch.tv JOIN #{login}\r\n".encode()


def test_the_handshake_requests_tags_and_commands() -> None:
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


def test_a_join_counts_as_soon_as_twitch_confirms_it() -> None:
    session = welcomed()
    session.join(["a"])
    session.tick(0)
    assert session.joined == frozenset()
    assert session.receive_data(echo("a"), 5) == [Joined("a")]
    assert session.joined == {"a"}
    assert session.receive_data(echo("a"), 6) == []


def test_an_unconfirmed_join_is_retried_with_backoff() -> None:
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


def test_a_channel_that_was_never_joined_is_not_parted() -> None:
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
    assert session.part(["a"]) == ["a"]
    assert session.data_to_send() == b"PART #a\r\n"
    assert session.joined == frozenset()


def test_a_ping_is_answered_with_its_argument() -> None:
    session = welcomed()
    session.receive_data(b"PING :tmi.twitch.tv\r\n", 1)
    assert session.data_to_send() == b"PONG :tmi.twitch.tv\r\n"


def test_a_silent_connection_is_pinged_and_then_ended() -> None:
    session = welcomed()
    assert session.tick(PING_EVERY_MS) == []
    assert session.data_to_send() == b"PING :twitchly\r\n"
    assert session.tick(PING_EVERY_MS + PONG_WITHIN_MS - 1) == []
    assert session.tick(PING_EVERY_MS + PONG_WITHIN_MS) == [Ended("silent")]


@pytest.mark.parametrize("after_ms", [0, 50])
def test_a_timely_pong_keeps_the_connection_open(after_ms: int) -> None:
    session = welcomed()
    session.tick(PING_EVERY_MS)
    session.receive_data(b":tmi.twitch.tv PONG tmi.twitch.tv :twitchly\r\n", PING_EVERY_MS + after_ms)
    assert session.tick(PING_EVERY_MS + PONG_WITHIN_MS) == []


def test_reconnect_is_reported_and_the_session_continues() -> None:
    session = joined("a")
    assert session.receive_data(b":tmi.twitch.tv RECONNECT\r\n", 1) == [Reconnect()]
    (line,) = session.receive_data(b":b!b@b PRIVMSG #a :still here\r\n", 2)
    assert isinstance(line, Line)


def test_a_suspended_channel_is_reported() -> None:
    raw = b"@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #a :This channel does not exist.\r\n"
    assert welcomed().receive_data(raw, 1) == [Refused("a", "suspended")]


def test_an_endless_line_does_not_exhaust_memory() -> None:
    (event,) = welcomed().receive_data(b"x" * 70_000, 1)
    assert isinstance(event, Ended)


def test_input_read_one_byte_at_a_time_gives_the_same_events() -> None:
    raw = echo("a") + b":b!b@b PRIVMSG #a :hi there\r\n\xff\xfe broken\r\nPING :1\r\n" + b":tmi.twitch.tv 353 x\r\n"
    whole, single = welcomed(), welcomed()
    for session in (whole, single):
        session.join(["a"])
        session.tick(0)
    events = [event for n in range(len(raw)) for event in single.receive_data(raw[n : n + 1], 1)]
    assert events == whole.receive_data(raw, 1)
    assert len(events) == 3
    assert single.data_to_send() == whole.data_to_send()


def test_a_joined_channel_that_is_suspended_is_lost_and_retried() -> None:
    session = joined("a", "b")
    raw = b"@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #a :This channel has been suspended.\r\n"
    assert session.receive_data(raw, 1) == [Refused("a", "suspended"), Left("a", "suspended")]
    assert session.joined == {"b"}
    session.tick(2)
    assert joins(session) == ["a"]


def test_an_unsolicited_part_counts_as_a_loss() -> None:
    session = joined("a")
    part = f":{NICK}!{NICK}@{NICK}.tmi.twitch.tv PART #a\r\n".encode()
    assert session.receive_data(part, 1) == [Left("a", "parted")]
    assert session.receive_data(part, 2) == []


def test_refused_capabilities_end_the_session() -> None:
    raw = b":tmi.twitch.tv CAP * NAK :twitch.tv/tags twitch.tv/commands\r\n"
    assert welcomed().receive_data(raw, 1) == [Ended("capabilities refused")]


def test_sessions_that_share_a_budget_stay_within_its_limit() -> None:
    budget = JoinBudget(limit=3)
    first, second = (Session(NICK, 0, budget) for _ in range(2))
    for session in (first, second):
        session.receive_data(WELCOME, 0)
        session.join(["a", "b"])
        session.tick(0)
    assert (joins(first), joins(second)) == (["a", "b"], ["a"])
    assert second.wake_at_ms(1) == JOIN_WINDOW_MS


def test_a_busy_channel_that_falls_silent_is_rejoined() -> None:
    session = joined("a", "b")
    for now_ms in range(0, 60_000, 500):
        session.receive_data(b":b!b@b PRIVMSG #a :hi\r\n", now_ms)
    assert advance(session, 60_000, 60_000 + AT_LEAST_MS - 1_000) == []
    assert advance(session, 60_000 + AT_LEAST_MS - 1_000, 60_000 + AT_LEAST_MS + 6_000) == [Left("a", "silent")]
    assert session.joined == {"b"}


def test_a_quiet_channel_is_rejoined_once_an_hour() -> None:
    session = joined("a")
    assert advance(session, 0, AT_MOST_MS - 10_000) == []
    assert advance(session, AT_MOST_MS - 10_000, AT_MOST_MS + 10_000) == [Left("a", "silent")]


def test_a_pong_measures_the_lag() -> None:
    session = welcomed()
    session.tick(PING_EVERY_MS)
    session.receive_data(b":tmi.twitch.tv PONG tmi.twitch.tv :twitchly\r\n", PING_EVERY_MS + 340)
    assert session.lag_ms == 340


@needs_data
@pytest.mark.parametrize("name", ["xqcow_2019-09-15.irc", "forsen_2022-01-01.irc"])
def test_a_recording_yields_the_same_events_when_read_one_byte_at_a_time(name: str) -> None:
    raw = b"\r\n".join((DATA / "irc" / name).read_bytes().splitlines()[:400]) + b"\r\n"
    whole, single = welcomed(), welcomed()
    events = [event for n in range(len(raw)) for event in single.receive_data(raw[n : n + 1], 1)]
    assert events == whole.receive_data(raw, 1)
    assert len(events) > 300


@needs_data
def test_every_recorded_kind_of_line_gives_the_same_events_one_byte_at_a_time() -> None:
    rows = (DATA / "irc" / "protocol_lines.tsv").read_bytes().splitlines()
    raw = b"".join(row.partition(b"\t")[2] + b"\r\n" for row in rows)
    whole, single = welcomed(), welcomed()
    events = [event for n in range(len(raw)) for event in single.receive_data(raw[n : n + 1], 1)]
    assert events == whole.receive_data(raw, 1)
    assert len(events) > 100
    assert single.data_to_send() == whole.data_to_send()


@pytest.mark.parametrize("lines", [b"", ACK, WELCOME.removeprefix(ACK)])
def test_a_session_ends_if_no_welcome_arrives(lines: bytes) -> None:
    session = Session(NICK, 0)
    session.receive_data(lines + b"PING :x\r\n", 10)
    session.join(["a"])
    assert session.tick(WELCOME_WITHIN_MS - 1) == []
    assert joins(session) == []
    assert session.wake_at_ms(WELCOME_WITHIN_MS - 1) == WELCOME_WITHIN_MS
    assert session.tick(WELCOME_WITHIN_MS) == [Ended("no welcome")]


def test_the_end_of_a_names_list_also_confirms_a_join() -> None:
    session = welcomed()
    session.join(["a"])
    session.tick(0)
    assert session.receive_data(f":t 366 {NICK} #a :End of /NAMES list\r\n".encode(), 5) == [Joined("a")]


def test_silent_channels_are_parted_no_faster_than_they_can_be_rejoined() -> None:
    logins = [f"c{n}" for n in range(30)]
    session = welcomed()
    session.join(logins)
    for at_ms in (0, JOIN_WINDOW_MS):
        session.tick(at_ms)
        for login in joins(session):
            session.receive_data(echo(login), at_ms)
    for now_ms in range(2 * JOIN_WINDOW_MS, 90_000, 500):
        session.receive_data(b"".join(f":b!b@b PRIVMSG #{login} :hi\r\n".encode() for login in logins), now_ms)
    session.data_to_send()
    now_ms = 90_000 + AT_LEAST_MS
    left = session.tick(now_ms)
    assert len(left) == 20
    assert len(joins(session)) == 20
    assert session.joined == set(logins) - {event.login for event in left if isinstance(event, Left)}


def test_a_session_with_a_join_delay_lets_others_join_first() -> None:
    budget = JoinBudget(limit=2)
    last, first = Session(NICK, 0, budget, join_delay_ms=40), Session(NICK, 0, budget)
    for session in (last, first):
        session.receive_data(WELCOME, 0)
        session.join(["a", "b", "c"])
        session.tick(0)
    assert (joins(last), joins(first)) == (["a", "b"], [])
    last.tick(JOIN_WINDOW_MS)
    first.tick(JOIN_WINDOW_MS)
    assert (joins(last), joins(first)) == ([], ["a", "b"])
    assert budget.free_at_ms(40) == 2 * JOIN_WINDOW_MS + 40
