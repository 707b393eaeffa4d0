import pytest

from apps.ingest.simulator.irc_session import MAX_LINE_BYTES, IrcSession, Rooms, parse_line
from apps.ingest.simulator.source import Channel

CHANNELS = [Channel("11", "amberyak", "AmberYak"), Channel("12", "icykettle", "IcyKettle")]
CAPS = b"CAP REQ :twitch.tv/tags twitch.tv/commands\r\n"


def session(rooms: Rooms | None = None) -> IrcSession:
    return IrcSession(rooms or Rooms(CHANNELS), lambda _: None)


def answers(client: IrcSession, data: bytes, now_s: float = 0.0) -> list[str]:
    return client.receive(data, now_s).decode().split("\r\n")[:-1]


def welcomed(rooms: Rooms | None = None, caps: bytes = CAPS) -> IrcSession:
    client = session(rooms)
    client.receive(caps + b"NICK justinfan123\r\n", 0.0)
    return client


def test_known_capabilities_are_acknowledged_and_unknown_ones_refused() -> None:
    assert answers(session(), CAPS) == [":tmi.twitch.tv CAP * ACK :twitch.tv/tags twitch.tv/commands"]
    assert answers(session(), b"CAP REQ :twitch.tv/tags twitch.tv/wings\r\n") == [
        ":tmi.twitch.tv CAP * NAK :twitch.tv/tags twitch.tv/wings"
    ]


def test_an_anonymous_nick_is_welcomed_and_another_is_turned_away() -> None:
    welcome = answers(session(), b"PASS x\r\nNICK justinfan123\r\nUSER a b c d\r\n")
    assert [line.split()[1] for line in welcome] == ["001", "002", "003", "004", "375", "372", "376"]
    stranger = session()
    assert "NOTICE" in answers(stranger, b"NICK somebody\r\n")[0]
    assert stranger.over


def test_a_join_is_confirmed_with_echo_names_and_room_state() -> None:
    assert answers(welcomed(), b"JOIN #amberyak\r\n") == [
        ":justinfan123!justinfan123@justinfan123.tmi.twitch.tv JOIN #amberyak",
        ":justinfan123.tmi.twitch.tv 353 justinfan123 = #amberyak :justinfan123",
        ":justinfan123.tmi.twitch.tv 366 justinfan123 #amberyak :End of /NAMES list",
        "@emote-only=0;followers-only=-1;r9k=0;room-id=11;slow=0;subs-only=0 :tmi.twitch.tv ROOMSTATE #amberyak",
    ]


def test_room_state_comes_only_with_commands_and_its_tags_only_with_tags() -> None:
    assert len(answers(welcomed(caps=b""), b"JOIN #amberyak\r\n")) == 3
    plain = answers(welcomed(caps=b"CAP REQ :twitch.tv/commands\r\n"), b"JOIN #amberyak\r\n")
    assert plain[-1] == ":tmi.twitch.tv ROOMSTATE #amberyak"


def test_several_channels_are_joined_at_once_and_an_unknown_one_answers_nothing() -> None:
    rooms = Rooms(CHANNELS)
    client = welcomed(rooms)
    lines = answers(client, b"JOIN #amberyak,#nobody,#IcyKettle\r\n")
    assert [line.split()[2] for line in lines if " JOIN " in line] == ["#amberyak", "#icykettle"]
    assert not any("nobody" in line for line in lines)
    assert rooms.joined() == 2


def test_nothing_is_joined_before_the_nick() -> None:
    rooms = Rooms(CHANNELS)
    assert answers(session(rooms), b"JOIN #amberyak\r\n") == []
    assert rooms.joined() == 0


def test_a_part_is_echoed_and_leaves_the_room() -> None:
    rooms = Rooms(CHANNELS)
    client = welcomed(rooms)
    client.receive(b"JOIN #amberyak,#icykettle\r\n", 0.0)
    assert answers(client, b"PART #amberyak,#nobody\r\n") == [
        ":justinfan123!justinfan123@justinfan123.tmi.twitch.tv PART #amberyak"
    ]
    assert rooms.joined() == 1
    client.leave()
    assert rooms.joined() == 0


def test_a_ping_is_answered_with_its_argument() -> None:
    assert answers(session(), b"PING :are you there\r\n") == [":tmi.twitch.tv PONG tmi.twitch.tv :are you there"]


def test_an_unknown_command_is_named() -> None:
    assert answers(welcomed(), b"DANCE #amberyak\r\n") == [":tmi.twitch.tv 421 justinfan123 DANCE :Unknown command"]


def test_one_byte_at_a_time_gives_the_same_answers() -> None:
    script = CAPS + b"NICK justinfan123\r\nJOIN #amberyak,#icykettle\r\nPING :x\r\n"
    slowly = session()
    pieces = [slowly.receive(script[at : at + 1], 0.0) for at in range(len(script))]
    assert b"".join(pieces) == session().receive(script, 0.0)


def test_more_than_20_joins_in_10_seconds_are_violations() -> None:
    rooms = Rooms(CHANNELS)
    client = welcomed(rooms)
    for _ in range(20):
        client.receive(b"JOIN #amberyak\r\n", 1.0)
    assert rooms.violations == 0
    client.receive(b"JOIN #amberyak,#icykettle\r\n", 10.9)
    assert rooms.violations == 2
    client.receive(b"JOIN #amberyak\r\n", 11.0)
    assert rooms.violations == 2


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n",
        b"\x00\xff\xfe\r\n",
        b"@\r\n",
        b":\r\n",
        b"@a=b :x\r\n",
        b"JOIN\r\n",
        b"CAP\r\n",
        b"PART\r\n",
        b"PING\r\n",
    ],
)
def test_malformed_lines_do_no_harm(data: bytes) -> None:
    client = welcomed()
    client.receive(data, 0.0)
    assert not client.over
    assert answers(client, b"PING :x\r\n")[-1].endswith(":x")


def test_a_line_without_an_end_closes_the_connection() -> None:
    client = session()
    client.receive(b"x" * (MAX_LINE_BYTES + 1), 0.0)
    assert client.over


def test_a_client_line_is_read_with_its_trailing_parameter() -> None:
    assert parse_line(b"@id=1 :me!me@me cap req :a b\r") == ("CAP", ["req", "a b"])
    assert parse_line(b"  ") == ("", [])
