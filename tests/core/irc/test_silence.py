"""Detection of silent channels."""

from __future__ import annotations

from core.irc.silence import AT_LEAST_MS, AT_MOST_MS, Silence


def busy_until(now_ms: int) -> Silence:
    silence = Silence()
    silence.watch("a", 0)
    for at_ms in range(0, now_ms + 1, 1_000):
        silence.heard("a", at_ms)
    return silence


def test_a_busy_channel_is_suspect_after_a_minute() -> None:
    silence = busy_until(120_000)
    assert silence.due(120_000 + AT_LEAST_MS - 1) == []
    assert silence.due(120_000 + AT_LEAST_MS) == ["a"]


def test_a_channel_never_heard_is_suspect_after_an_hour() -> None:
    silence = Silence()
    silence.watch("a", 5)
    assert silence.due(AT_MOST_MS) == []
    assert silence.due(AT_MOST_MS + 5) == ["a"]


def test_a_channel_that_stays_silent_is_rejoined_less_and_less_often() -> None:
    silence = busy_until(120_000)
    at_ms, waits = 120_000, []
    for _ in range(8):
        began_ms = at_ms
        while not silence.due(at_ms):
            at_ms += 1_000
        silence.mark_rejoined("a")
        silence.unwatch("a")
        silence.watch("a", at_ms)
        waits.append(at_ms - began_ms)
    assert waits == [min(AT_MOST_MS, AT_LEAST_MS * 2**n) for n in range(8)]


def test_a_message_resets_the_time_until_the_next_rejoin() -> None:
    silence = busy_until(120_000)
    assert silence.due(180_000) == ["a"]
    silence.mark_rejoined("a")
    silence.unwatch("a")
    silence.watch("a", 180_000)
    silence.heard("a", 180_100)
    assert silence.due(180_100 + 5 * AT_LEAST_MS) == ["a"]


def test_a_parted_channel_is_not_watched() -> None:
    silence = busy_until(60_000)
    silence.unwatch("a")
    silence.heard("a", 70_000)
    assert silence.due(10 * AT_MOST_MS) == []
