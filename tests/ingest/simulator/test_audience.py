from collections import Counter
from statistics import median

from apps.ingest.simulator.audience import Audience
from apps.ingest.simulator.source import Chat

T0 = 1_790_000_000_000
DAY_MS = 86_400_000


def chat(seconds: int, *, channels: int = 50, rate: float = 100, seed: int = 1) -> list[Chat]:
    audience = Audience(channels=channels, rate=rate, seed=seed)
    audience.start(T0)
    return list(audience.due(T0 + seconds * 1000))


def test_the_same_seed_gives_the_same_channels_streams_and_chat() -> None:
    first, second = (Audience(channels=20, rate=50, seed=7) for _ in range(2))
    assert first.streams(T0) == second.streams(T0)
    assert chat(10, seed=7) == chat(10, seed=7)


def test_another_seed_gives_another_twitch() -> None:
    assert {c.login for c in Audience(channels=20, rate=5, seed=1).channels} != {
        c.login for c in Audience(channels=20, rate=5, seed=2).channels
    }


def test_a_restart_with_the_same_seed_gives_other_message_ids() -> None:
    audience = Audience(channels=5, rate=50, seed=1)
    audience.start(T0 + 1)
    later = {message.id for message in audience.due(T0 + 10_000)}
    assert later.isdisjoint(message.id for message in chat(10, channels=5, rate=50))


def test_500_channels_are_spread_as_on_twitch() -> None:
    audience = Audience(channels=500, rate=500, seed=1)
    viewers = [stream.viewers for stream in audience.streams(T0)]
    assert viewers == sorted(viewers, reverse=True)
    assert 50_000 < viewers[0] < 120_000
    assert 150 < viewers[-1] < 1_000
    assert len({c.id for c in audience.channels}) == len({c.login for c in audience.channels}) == 500
    assert all(c.id.isdigit() and len(c.id) == 9 for c in audience.channels)


def test_viewers_drift_and_broadcasts_end_and_begin_anew() -> None:
    audience = Audience(channels=50, rate=50, seed=1)
    now, later, next_day = (
        {stream.channel.id: stream for stream in audience.streams(T0 + after_ms)} for after_ms in (0, 60_000, DAY_MS)
    )
    assert sum(now[key].viewers != later[key].viewers for key in now) > 40
    assert all(abs(now[key].viewers - later[key].viewers) < now[key].viewers for key in now)
    assert all(now[key].id != next_day[key].id for key in now)
    assert all(stream.started_ms <= T0 for stream in now.values())


def test_about_the_rate_is_due_and_big_channels_write_most() -> None:
    messages = chat(120)
    assert 100 * 120 * 0.75 < len(messages) < 100 * 120 * 1.3
    writes = Counter(message.channel.login for message in messages)
    streams = Audience(channels=50, rate=100, seed=1).streams(T0)
    biggest, smallest = (sum(writes[s.channel.login] for s in some) for some in (streams[:10], streams[-10:]))
    assert biggest > 3 * smallest


def test_messages_are_due_in_order_from_the_start_and_none_twice() -> None:
    audience = Audience(channels=10, rate=100, seed=1)
    audience.start(T0)
    due = [message for until in range(0, 5_001, 20) for message in audience.due(T0 + until)]
    assert due[0].due_ms == T0
    assert [m.due_ms for m in due] == sorted(m.due_ms for m in due)
    assert [m.id for m in due] == [m.id for m in chat(5, channels=10)]


def test_lines_have_the_lengths_of_recorded_chat() -> None:
    texts = [message.text for message in chat(60)]
    assert median(len(text.split()) for text in texts) in (2, 3, 4)
    assert 0.82 < sum(len(text) < 50 for text in texts) / len(texts) < 0.92
    assert max(map(len, texts)) <= 500


def test_chatters_come_back_so_that_fewer_people_than_messages_are_seen() -> None:
    messages = chat(60)
    people = {(message.channel.id, message.chatter.id) for message in messages}
    assert len(messages) * 0.1 < len(people) < len(messages) * 0.95


def test_the_emotes_tag_points_at_the_emotes_in_the_text() -> None:
    message = next(m for m in chat(30) if "," in m.emotes)
    for place in message.emotes.split(":")[1].split(","):
        first, last = map(int, place.split("-"))
        assert message.text[first : last + 1] == message.text.split()[0]
