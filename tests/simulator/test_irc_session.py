import pytest

from simulator.irc_session import MAX_LINE_BYTES, IrcSession, parse_line
from simulator.limits import Violations
from simulator.rooms import Rooms
from simulator.source import Channel

CHANNELS = [Channel("11", "amberyak", "AmberYak"), Channel("12", "icykettle", "IcyKettle")]
CAPS = b"CAP REQ :twitch.tv/tags twitch.tv/commands\r\n"


def state(channel: Channel) -> bytes:
    return f"@room-id={channel.id};slow=30 :tmi.twitch.tv ROOMSTATE #{channel.login}\r\n".encode()


def create_rooms(extra: int = 0, *, strict_joins: bool = False) -> Rooms:
    more = [Channel(str(100 + number), f"channel{number}", f"Channel{number}") for number in range(extra)]
    return Rooms([*CHANNELS, *more], state, strict_joins=strict_joins)


def session(rooms: Rooms | None = None) -> IrcSession:
    return IrcSession(rooms or create_rooms(), lambda _: None)


def replies(client: IrcSession, data: bytes, now_s: float = 0.0) -> list[str]:
    return client.receive(data, now_s).decode().split("\r\n")[:-1]


def welcomed(rooms: Rooms | None = None, caps: bytes = CAPS) -> IrcSession:
    client = session(rooms)
    client.receive(caps + b"NICK justinfan123\r\n", 0.0)
    return client


def signed_in(rooms: Rooms | None = None, caps: bytes = CAPS) -> tuple[IrcSession, list[str]]:
    client = session(rooms)
    return client, replies(client, caps + b"PASS oauth:abc123\r\nNICK Somebody\r\n")[bool(caps) :]


def test_known_capabilities_are_acknowledged_and_unknown_ones_rejected() -> None:
    assert replies(session(), CAPS) == [":tmi.twitch.tv CAP * ACK :twitch.tv/tags twitch.tv/commands"]
    assert replies(session(), b"CAP REQ :twitch.tv/tags twitch.tv/wings\r\n") == [
        ":tmi.twitch.tv CAP * NAK :twitch.tv/tags twitch.tv/wings"
    ]


@pytest.mark.parametrize("greeting", [b"", b"PASS x\r\n", b"PASS oauth:abc\r\n"])
def test_an_anonymous_nick_is_welcomed_with_any_password_or_none(greeting: bytes) -> None:
    welcome = replies(session(), greeting + b"NICK justinfan123\r\nUSER a b c d\r\n")
    assert [line.split()[1] for line in welcome] == ["001", "002", "003", "004", "375", "372", "376"]


@pytest.mark.parametrize(
    ("greeting", "reason"),
    [
        (b"NICK somebody\r\n", "Login authentication failed"),
        (b"PASS oauth:\r\nNICK somebody\r\n", "Login authentication failed"),
        (b"PASS secret\r\nNICK somebody\r\n", "Improperly formatted auth"),
        (b"PASS oauth:abc\r\nNICK some!body\r\n", "Login authentication failed"),
        (b"NICK\r\n", "Login authentication failed"),
    ],
)
def test_a_login_without_a_token_is_rejected(greeting: bytes, reason: str) -> None:
    stranger = session()
    assert replies(stranger, greeting) == [f":tmi.twitch.tv NOTICE * :{reason}"]
    assert stranger.should_close


def test_a_login_with_a_token_gets_its_user_state() -> None:
    _, welcome = signed_in()
    assert welcome[0] == ":tmi.twitch.tv 001 somebody :Welcome, GLHF!"
    assert welcome[-1].startswith("@badge-info=;")
    assert ";user-id=" in welcome[-1]
    assert welcome[-1].endswith(" :tmi.twitch.tv GLOBALUSERSTATE")


def test_a_login_gets_its_user_state_in_every_joined_room() -> None:
    client, _ = signed_in()
    joined = replies(client, b"JOIN #amberyak\r\n")
    assert [line.partition(" :tmi.twitch.tv ")[2] for line in joined[3:]] == [
        "USERSTATE #amberyak",
        "ROOMSTATE #amberyak",
    ]


def test_no_user_state_is_sent_without_the_capabilities() -> None:
    client, welcome = signed_in(caps=b"")
    assert welcome[-1] == ":tmi.twitch.tv 376 somebody :>"
    assert len(replies(client, b"JOIN #amberyak\r\n")) == 3


def test_messages_from_clients_are_ignored() -> None:
    assert replies(signed_in()[0], b"PRIVMSG #amberyak :hello\r\n") == []


def test_a_join_is_confirmed_with_echo_names_and_room_state() -> None:
    assert replies(welcomed(), b"JOIN #amberyak\r\n") == [
        ":justinfan123!justinfan123@justinfan123.tmi.twitch.tv JOIN #amberyak",
        ":justinfan123.tmi.twitch.tv 353 justinfan123 = #amberyak :justinfan123",
        ":justinfan123.tmi.twitch.tv 366 justinfan123 #amberyak :End of /NAMES list",
        "@room-id=11;slow=30 :tmi.twitch.tv ROOMSTATE #amberyak",
    ]


def test_roomstate_needs_the_commands_capability_and_its_tags_need_the_tags_capability() -> None:
    assert len(replies(welcomed(caps=b""), b"JOIN #amberyak\r\n")) == 3
    plain = replies(welcomed(caps=b"CAP REQ :twitch.tv/commands\r\n"), b"JOIN #amberyak\r\n")
    assert plain[-1] == ":tmi.twitch.tv ROOMSTATE #amberyak"


def test_several_channels_are_joined_at_once_and_unknown_ones_are_ignored() -> None:
    rooms = create_rooms()
    client = welcomed(rooms)
    lines = replies(client, b"JOIN #amberyak,#nobody,#IcyKettle\r\n")
    assert [line.split()[2] for line in lines if " JOIN " in line] == ["#amberyak", "#icykettle"]
    assert not any("nobody" in line for line in lines)
    assert rooms.joined() == 2


def test_nothing_is_joined_before_the_nick() -> None:
    rooms = create_rooms()
    assert replies(session(rooms), b"JOIN #amberyak\r\n") == []
    assert rooms.joined() == 0


def test_a_part_is_echoed_and_the_client_leaves_the_room() -> None:
    rooms = create_rooms()
    client = welcomed(rooms)
    client.receive(b"JOIN #amberyak,#icykettle\r\n", 0.0)
    assert replies(client, b"PART #amberyak,#nobody\r\n") == [
        ":justinfan123!justinfan123@justinfan123.tmi.twitch.tv PART #amberyak"
    ]
    assert rooms.joined() == 1
    client.leave()
    assert rooms.joined() == 0


def test_a_ping_is_answered_with_its_argument() -> None:
    assert replies(session(), b"PING :are you there\r\n") == [":tmi.twitch.tv PONG tmi.twitch.tv :are you there"]


def test_an_unknown_command_is_answered_with_421() -> None:
    assert replies(welcomed(), b"DANCE #amberyak\r\n") == [":tmi.twitch.tv 421 justinfan123 DANCE :Unknown command"]


def test_input_read_one_byte_at_a_time_gives_the_same_replies() -> None:
    script = CAPS + b"NICK justinfan123\r\nJOIN #amberyak,#icykettle\r\nPING :x\r\n"
    slowly = session()
    pieces = [slowly.receive(script[at : at + 1], 0.0) for at in range(len(script))]
    assert b"".join(pieces) == session().receive(script, 0.0)


def test_the_21st_join_in_10_seconds_is_a_violation_and_closes_the_connection() -> None:
    rooms = create_rooms()
    client = welcomed(rooms)
    for _ in range(20):
        client.receive(b"JOIN #amberyak\r\n", 1.0)
    assert (rooms.violations, client.should_close) == (Violations(), False)
    assert replies(client, b"JOIN #icykettle,#amberyak\r\nPING :x\r\n", 10.9) == []
    assert (rooms.violations, client.should_close) == (Violations(joins=1), True)
    assert rooms.join_attempts == 21


def test_twenty_joins_every_10_seconds_are_allowed() -> None:
    rooms = create_rooms(60)
    client = welcomed(rooms)
    for turn in range(3):
        names = ",".join(f"#channel{20 * turn + number}" for number in range(20))
        client.receive(f"JOIN {names}\r\n".encode(), 10.0 * turn)
    assert (rooms.violations, client.should_close, rooms.joined()) == (Violations(), False, 60)


def test_join_limits_are_per_connection_unless_strict() -> None:
    names = ",".join(f"#channel{number}" for number in range(15)).encode()
    for strict, violations in ((False, 0), (True, 1)):
        rooms = create_rooms(15, strict_joins=strict)
        first, second = welcomed(rooms), welcomed(rooms)
        first.receive(b"JOIN " + names + b"\r\n", 1.0)
        second.receive(b"JOIN " + names + b"\r\n", 2.0)
        assert rooms.violations.joins == violations
        assert (first.should_close, second.should_close) == (False, strict)


def test_logins_beyond_20_in_10_seconds_are_counted_as_violations_but_accepted() -> None:
    rooms = create_rooms()
    clients = [welcomed(rooms) for _ in range(22)]
    assert rooms.violations == Violations(connections=2)
    assert not clients[-1].should_close


def test_the_join_of_the_101st_channel_is_silently_ignored() -> None:
    rooms = create_rooms(101)
    client = welcomed(rooms)
    for number in range(100):
        client.receive(f"JOIN #channel{number}\r\n".encode(), number)
    assert replies(client, b"JOIN #channel100\r\n", 200) == []
    assert rooms.violations == Violations(channels=1)
    assert len(client.joined) == 100
    assert len(replies(client, b"JOIN #channel7\r\n", 200)) == 4


def test_joins_to_an_unresponsive_channel_are_not_answered() -> None:
    rooms = create_rooms()
    rooms.unresponsive = {"amberyak"}
    assert replies(welcomed(rooms), b"JOIN #amberyak\r\n") == []
    assert rooms.joined() == 0


def test_a_join_to_a_suspended_channel_is_answered_with_a_notice_if_commands_are_enabled() -> None:
    rooms = create_rooms()
    rooms.suspended = {"amberyak"}
    (notice,) = replies(welcomed(rooms), b"JOIN #amberyak\r\n")
    assert notice.startswith("@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #amberyak :")
    assert replies(welcomed(rooms, caps=b""), b"JOIN #amberyak\r\n") == []
    assert rooms.joined() == 0


@pytest.mark.parametrize(
    ("caps", "suspended", "notification"),
    [
        (CAPS, False, b":justinfan123!justinfan123@justinfan123.tmi.twitch.tv PART #amberyak"),
        (CAPS, True, b"@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #amberyak :"),
        (b"", True, b":justinfan123!justinfan123@justinfan123.tmi.twitch.tv PART #amberyak"),
    ],
)
def test_an_expelled_client_is_notified_and_leaves_the_room(caps: bytes, suspended: bool, notification: bytes) -> None:
    rooms, heard = create_rooms(), list[bytes]()
    client = IrcSession(rooms, heard.append)
    client.receive(caps + b"NICK justinfan123\r\nJOIN #amberyak,#icykettle\r\n", 0.0)
    client.expel("amberyak", suspended=suspended)
    assert len(heard) == 1
    assert heard[0].startswith(notification)
    assert client.joined == {"icykettle"}
    assert not rooms.sessions("amberyak")


def test_a_pong_answers_the_ping() -> None:
    client = welcomed()
    client.awaits_pong = True
    client.receive(b"PING :x\r\n", 0.0)
    assert client.awaits_pong
    client.receive(b"PONG :tmi.twitch.tv\r\n", 0.0)
    assert not client.awaits_pong


def test_joined_channels_come_first() -> None:
    rooms = create_rooms(2)
    client = welcomed(rooms)
    client.receive(b"JOIN #channel1\r\n", 0.0)
    assert [channel.login for channel in rooms.joined_first(2)] == ["channel1", "amberyak"]
    assert len(rooms.joined_first(0)) == 4


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
def test_malformed_lines_are_ignored(data: bytes) -> None:
    client = welcomed()
    client.receive(data, 0.0)
    assert not client.should_close
    assert replies(client, b"PING :x\r\n")[-1].endswith(":x")


def test_a_line_that_never_ends_closes_the_connection() -> None:
    client = session()
    client.receive(b"x" * (MAX_LINE_BYTES + 1), 0.0)
    assert client.should_close


def test_a_client_line_is_read_with_its_trailing_parameter() -> None:
    assert parse_line(b"@id=1 :me!me@me cap req :a b\r") == ("CAP", ["req", "a b"])
    assert parse_line(b"  ") == ("", [])
