"""The simulated history has the same broadcasts, viewers and average amount of chat as the live audience."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict

import pytest

from core.metrics.columns import names_of, roll_up
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from simulator.audience import Audience
from simulator.broadcasts import WEEK_MS, Broadcasts, rhythm
from simulator.history import History
from simulator.source import Chat

CHANNELS, SEED, RATE = 60, 7, 400.0
# A Wednesday, 12:00 UTC.
NOW_MS = 1_795_608_000_000


@pytest.fixture(scope="module")
def history() -> History:
    return History(channels=CHANNELS, rate=RATE, seed=SEED)


def test_a_history_depends_on_seed_and_time_only(history: History) -> None:
    again = History(channels=CHANNELS, rate=RATE, seed=SEED)
    for index in (0, 20, 59):
        assert history.hour(index, NOW_MS) == again.hour(index, NOW_MS)
        assert history.events(index, NOW_MS - DAY_MS, NOW_MS) == again.events(index, NOW_MS - DAY_MS, NOW_MS)
    other = History(channels=CHANNELS, rate=RATE, seed=SEED + 1)
    assert history.hour(0, NOW_MS) != other.hour(0, NOW_MS)


def test_viewers_match_those_that_helix_reports(history: History) -> None:
    streams = {stream.channel.id: stream.viewers for stream in Broadcasts(CHANNELS, SEED).streams(NOW_MS)}
    index_of = {channel.id: index for index, channel in enumerate(history.channels)}
    known = {channel_id: viewers for channel_id, viewers in streams.items() if viewers > 1}
    assert len(known) > CHANNELS // 2
    for channel_id, viewers in known.items():
        (minute,) = history.minutes(index_of[channel_id], NOW_MS, NOW_MS + MINUTE_MS).values()
        assert minute["viewers"] == viewers


def test_a_channel_has_minutes_exactly_while_it_is_on_air(history: History) -> None:
    for index in range(CHANNELS):
        spans = history.broadcasts(index, NOW_MS, NOW_MS + 6 * HOUR_MS)
        minutes = history.minutes(index, NOW_MS, NOW_MS + 6 * HOUR_MS)
        on_air_s = sum(min(end_ms, NOW_MS + 6 * HOUR_MS) - max(start_ms, NOW_MS) for start_ms, end_ms in spans) / 1000
        # Starts and ends are reported in whole seconds.
        assert sum(m["on_air_pulses"] for m in minutes.values()) == pytest.approx(on_air_s, abs=2 * len(spans))


def test_a_busy_minute_has_every_column(history: History) -> None:
    minutes = history.minutes(0, NOW_MS, NOW_MS + HOUR_MS).values()
    assert {name for minute in minutes for name in minute} == set(names_of("minute"))


def test_the_amount_of_chat_is_similar_to_that_of_the_live_audience(history: History) -> None:
    audience = Audience(channels=CHANNELS, rate=RATE, seed=SEED)
    audience.start(NOW_MS)
    minutes = 20
    chat: defaultdict[str, list[Chat]] = defaultdict(list)
    for item in audience.due(NOW_MS + minutes * MINUTE_MS):
        if isinstance(item, Chat) and item.kind == "message":
            chat[item.channel.id].append(item)
    past = {
        channel.id: list(history.minutes(index, NOW_MS, NOW_MS + minutes * MINUTE_MS).values())
        for index, channel in enumerate(history.channels)
    }

    def total(name: str) -> int:
        return sum(minute.get(name, 0) for rows in past.values() for minute in rows)

    lines = [item for items in chat.values() for item in items]
    assert total("messages") == pytest.approx(len(lines), rel=0.1)
    assert total("words") / total("messages") == pytest.approx(
        statistics.fmean(len(item.text.split()) for item in lines), rel=0.1
    )
    busiest = max(chat, key=lambda channel_id: len(chat[channel_id]))
    by_minute = Counter(int((item.due_ms - NOW_MS) // MINUTE_MS) for item in chat[busiest])
    minute = by_minute.most_common(1)[0][0]
    messages = [item for item in chat[busiest] if (item.due_ms - NOW_MS) // MINUTE_MS == minute]
    index = [channel.id for channel in history.channels].index(busiest)
    expected = history._chatters(index, len(messages))
    assert expected == pytest.approx(len({item.chatter.id for item in messages}), rel=0.15)
    assert history._lines.distinct(len(messages)) == pytest.approx(len({item.text for item in messages}), rel=0.15)


def test_hours_are_rolled_up_from_their_minutes(history: History) -> None:
    for index in (0, 15, 30, 59):
        for start_ms in range(NOW_MS, NOW_MS + 6 * HOUR_MS, HOUR_MS):
            minutes = history.minutes(index, start_ms, start_ms + HOUR_MS)
            hour = dict(history.hour_of(index, minutes))
            if not minutes:
                assert hour == {}
                continue
            chatters = hour.pop("chatters")
            assert hour == roll_up(minutes)
            assert max(m["chatters"] for m in minutes.values()) <= chatters <= hour["messages"]


def test_a_sampled_hour_is_similar_to_one_rolled_up_from_all_minutes(history: History) -> None:
    sampled, exact = Counter[str](), Counter[str]()
    for index in range(CHANNELS):
        for start_ms in range(NOW_MS, NOW_MS + 12 * HOUR_MS, HOUR_MS):
            sampled.update(history.hour(index, start_ms))
            exact.update(history.hour_of(index, history.minutes(index, start_ms, start_ms + HOUR_MS)))
    for name in ("messages", "words", "viewers_sum", "texts", "minute_chatters"):
        assert sampled[name] == pytest.approx(exact[name], rel=0.03)
    for name in ("pulses", "viewer_pulses", "on_air_observed_ms", "heard_minutes"):
        assert sampled[name] == exact[name]


def test_outages_are_recorded_as_gaps_and_reduce_the_time_heard(history: History) -> None:
    gaps = [
        (index, event)
        for index in range(CHANNELS)
        for event in history.events(index, NOW_MS - 7 * DAY_MS, NOW_MS)
        if event.kind == "gap"
    ]
    assert 5 < len(gaps) < CHANNELS
    for index, gap in gaps:
        assert gap.until_ms is not None
        from_ms, until_ms = gap.at_ms // MINUTE_MS * MINUTE_MS, math.ceil(gap.until_ms / MINUTE_MS) * MINUTE_MS
        minutes = history.minutes(index, from_ms, until_ms)
        missed_ms = sum(1000 * m["on_air_pulses"] - m["on_air_observed_ms"] for m in minutes.values())
        assert missed_ms == pytest.approx(gap.until_ms - gap.at_ms, abs=1000)


def test_no_event_is_lost_at_the_boundary_of_two_spans(history: History) -> None:
    from_ms, middle_ms = NOW_MS - DAY_MS, NOW_MS - DAY_MS // 3
    for index in range(CHANNELS):
        for events in (history.events, history.text_changes):
            parts = [*events(index, from_ms, middle_ms), *events(index, middle_ms, NOW_MS)]
            whole = events(index, from_ms, NOW_MS)
            assert sorted(e.id for e in parts) == sorted(e.id for e in whole)
            assert all(from_ms <= e.at_ms < NOW_MS for e in whole)
    assert history.raids(from_ms, NOW_MS)


def test_the_rhythm_averages_one_over_a_week() -> None:
    for streamer in Broadcasts(20, SEED).streamers:
        factors = [rhythm(streamer, NOW_MS + n * HOUR_MS) for n in range(WEEK_MS // HOUR_MS)]
        assert statistics.fmean(factors) == pytest.approx(1, abs=0.01)
        assert max(factors) > 1.2
        assert min(factors) < 0.8
