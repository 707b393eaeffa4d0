from simulator.room_events import RoomEvents
from simulator.source import DEFAULT_MODES

T0_S = 1_790_000_000
SECONDS = range(T0_S, T0_S + 1_800)


def test_two_to_four_channels_share_a_chat_for_minutes() -> None:
    room_events = RoomEvents(300, 1)
    sessions = {second: room_events.sharing(second) for second in SECONDS}
    groups = {tuple(members) for sharing in sessions.values() for members in sharing.values()}
    assert len(groups) > 5
    assert all(2 <= len(group) <= 4 and len(set(group)) == len(group) for group in groups)
    for group in groups:
        lasted_s = sum(tuple(sharing.get(group[0], ())) == group for sharing in sessions.values())
        assert lasted_s <= 300


def test_a_channel_shares_one_chat_at_a_time() -> None:
    room_events = RoomEvents(120, 1)
    for second in SECONDS:
        for member, members in room_events.sharing(second).items():
            assert member in members
            assert all(room_events.sharing(second)[other] == members for other in members)


def test_a_mode_ends_within_its_time_slot() -> None:
    room_events = RoomEvents(200, 1)
    open_modes: dict[tuple[int, str], int] = {}
    for second in range(T0_S // 600 * 600, T0_S // 600 * 600 + 1_800):
        for channel, tag, value in room_events.mode_changes(second):
            begun_s = open_modes.pop((channel, tag), None)
            assert (value == DEFAULT_MODES[tag]) == (begun_s is not None)
            if begun_s is None:
                open_modes[channel, tag] = second
            else:
                assert 60 <= second - begun_s < 300
    assert not open_modes


def test_a_single_channel_never_shares_its_chat() -> None:
    assert not any(RoomEvents(1, 1).sharing(second) for second in SECONDS)
