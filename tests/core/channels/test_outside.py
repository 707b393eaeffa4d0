"""Live channels outside the channel list, and which of them are rising."""

from __future__ import annotations

from core.channels.outside import OUTSIDE_MAX, OutsideChannel, outside_channels, rising_channels
from core.channels.stream import Stream

T0 = 1_795_400_000_000
MINUTE = 60_000


def stream(number: int, viewers: int | None, *, live: bool = True) -> Stream:
    return Stream(str(number), f"login{number}", f"Name {number}", viewers, "Chess", "en", "", "", live)


def outside(*streams: Stream, before: list[OutsideChannel] | None = None, at_ms: int = T0) -> list[OutsideChannel]:
    known = {channel.id: channel for channel in before or []}
    return outside_channels(streams, tracked={"1"}, excluded={"2"}, before=known, now_ms=at_ms)


def test_tracked_excluded_and_offline_channels_are_omitted() -> None:
    result = outside(stream(1, 900), stream(2, 800), stream(3, 10), stream(4, 70), stream(5, None, live=False))
    assert [(channel.id, channel.viewers) for channel in result] == [("4", 70), ("3", 10)]


def test_the_number_of_channels_is_limited() -> None:
    result = outside(*(stream(number, number) for number in range(10, OUTSIDE_MAX + 60)))
    assert len(result) == OUTSIDE_MAX
    assert result[0].viewers == OUTSIDE_MAX + 59


def test_gained_viewers_are_counted_from_the_first_poll_outside_the_list() -> None:
    first = outside(stream(3, 100), stream(4, 100))
    second = outside(stream(3, 140), stream(4, 60), before=first, at_ms=T0 + MINUTE)
    third = outside(stream(3, 180), stream(4, 50), before=second, at_ms=T0 + 2 * MINUTE)
    assert [(channel.id, channel.gained, channel.since_ms) for channel in third] == [("3", 80, T0), ("4", -50, T0)]


def test_gained_viewers_restart_at_zero_after_an_absence() -> None:
    first = outside(stream(3, 100))
    away = outside(before=first, at_ms=T0 + MINUTE)
    (back,) = outside(stream(3, 300), before=away, at_ms=T0 + 2 * MINUTE)
    assert (back.gained, back.since_ms) == (0, T0 + 2 * MINUTE)


def test_rising_channels_are_ordered_by_gained_viewers() -> None:
    before = outside(stream(3, 100), stream(4, 100), stream(5, 100), stream(6, 100))
    now = outside(stream(3, 110), stream(4, 150), stream(5, 100), stream(6, 90), before=before, at_ms=T0 + MINUTE)
    assert [channel.id for channel in rising_channels(now)] == ["4", "3"]
