from collections import Counter

from simulator import phrases
from simulator.broadcasts import ALWAYS_ON, BLIP_MS, Broadcasts
from simulator.source import Stream

T0 = 1_790_000_000_000
MINUTE_MS = 60_000
DAY_MS = 1440 * MINUTE_MS


def by_channel(broadcasts: Broadcasts, now_ms: int) -> dict[str, Stream]:
    return {stream.channel.id: stream for stream in broadcasts.streams(now_ms)}


def test_viewers_of_500_channels_are_distributed_as_on_twitch() -> None:
    broadcasts = Broadcasts(500, 1)
    viewers = [stream.viewers for stream in broadcasts.streams(T0)]
    assert 50_000 < viewers[0] < 120_000
    assert 100 < viewers[-10] < 1_000
    assert 420 < len(viewers) < 500
    ids = [streamer.channel.id for streamer in broadcasts.streamers]
    assert len(set(ids)) == len({s.channel.login for s in broadcasts.streamers}) == 500
    assert all(text.isdigit() and len(text) == 9 for text in ids)


def test_streams_are_sorted_by_viewers_and_a_few_report_one_viewer_or_none() -> None:
    broadcasts = Broadcasts(500, 1)
    polls = [broadcasts.streams(T0 + poll * MINUTE_MS) for poll in range(20)]
    blips = [(poll, s.channel.id) for poll, streams in enumerate(polls) for s in streams if s.viewers < 2]
    assert 3 <= len(blips) <= 60
    assert len({channel_id for _, channel_id in blips}) > 2
    for streams in polls:
        steady = [stream.viewers for stream in streams if stream.viewers > 1]
        assert steady == sorted(steady, reverse=True)
    poll, channel_id = blips[0]
    assert by_channel(broadcasts, T0 + poll * MINUTE_MS + BLIP_MS)[channel_id].viewers > 1


def test_every_twitch_language_occurs_and_english_most_often() -> None:
    streamers = Broadcasts(200, 1).streamers
    languages = Counter(streamer.language for streamer in streamers)
    assert languages.keys() == set(phrases.ALL_LANGUAGES)
    assert languages.most_common(1)[0][0] == "en"
    assert {streamer.language for streamer in streamers[:30]} >= {"zh", "zh-hk", "tl", "asl", "other"}


def test_viewers_drift() -> None:
    now, later = (by_channel(Broadcasts(50, 1), T0 + after_ms) for after_ms in (0, MINUTE_MS))
    both = [key for key in now.keys() & later.keys() if min(now[key].viewers, later[key].viewers) > 1]
    assert sum(now[key].viewers != later[key].viewers for key in both) > 35


def test_broadcasts_end_and_start_so_that_the_list_changes() -> None:
    broadcasts = Broadcasts(500, 1)
    now, in_an_hour, next_day = (by_channel(broadcasts, T0 + after) for after in (0, 60 * MINUTE_MS, DAY_MS))
    assert len(now.keys() - in_an_hour.keys()) > 10
    assert len(in_an_hour.keys() - now.keys()) > 10
    assert all(now[key].id != next_day[key].id for key in now.keys() & next_day.keys())
    assert all(stream.started_ms <= T0 for stream in now.values())


def test_the_largest_channels_are_always_live() -> None:
    broadcasts = Broadcasts(ALWAYS_ON, 1)
    assert all(len(broadcasts.streams(T0 + hour * 3_600_000)) == ALWAYS_ON for hour in range(48))


def test_titles_and_categories_change_during_a_broadcast() -> None:
    broadcasts = Broadcasts(200, 1)
    hours = [by_channel(broadcasts, T0 + hour * 3_600_000) for hour in range(3)]
    same = [
        (hours[0][key], hours[2][key]) for key in hours[0] if key in hours[2] and hours[0][key].id == hours[2][key].id
    ]
    assert sum(early.title != late.title for early, late in same) > 20
    changed = [(early, late) for early, late in same if early.category != late.category]
    assert len(changed) > 10
    assert all(early.category_id != late.category_id for early, late in changed)


def test_viewers_of_a_new_broadcast_ramp_up() -> None:
    broadcasts = Broadcasts(500, 1)
    begun, grown = (by_channel(broadcasts, T0 + after) for after in (0, 10 * MINUTE_MS))
    new = [key for key, stream in begun.items() if stream.started_ms > T0 - MINUTE_MS and key in grown]
    assert new
    assert sum(grown[key].viewers for key in new) > 1.4 * sum(begun[key].viewers for key in new)


def test_a_raid_moves_viewers_and_the_raider_goes_offline_soon_after() -> None:
    broadcasts = Broadcasts(500, 1)
    raids = broadcasts.raids(T0, T0 + 60 * MINUTE_MS)
    assert len(raids) > 5
    assert [raid.at_ms for raid in raids] == sorted(raid.at_ms for raid in raids)
    raid = max(raids, key=lambda raid: raid.viewers)
    raider, target = (broadcasts.streamers[index].channel.id for index in (raid.raider, raid.target))
    before, after = (by_channel(broadcasts, raid.at_ms + shift) for shift in (-1, 1_000))
    assert after[target].viewers - before[target].viewers > 0.9 * raid.viewers
    assert before[raider].viewers - after[raider].viewers > 0.9 * raid.viewers
    assert raider not in by_channel(broadcasts, raid.at_ms + MINUTE_MS)


def test_raids_do_not_depend_on_the_queried_interval() -> None:
    whole = Broadcasts(500, 1).raids(T0, T0 + 20 * MINUTE_MS)
    seconds = Broadcasts(500, 1)
    pieces = [seconds.raids(at_ms, at_ms + 1000) for at_ms in range(T0, T0 + 20 * MINUTE_MS, 1000)]
    assert [raid for piece in pieces for raid in piece] == whole


def test_a_different_seed_gives_different_raids() -> None:
    assert Broadcasts(500, 1).raids(T0, T0 + 60 * MINUTE_MS) != Broadcasts(500, 2).raids(T0, T0 + 60 * MINUTE_MS)
