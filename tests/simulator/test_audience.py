from collections import Counter
from itertools import groupby
from statistics import median

from core.proof.ledger import BOMB_GIFT
from simulator.audience import Audience
from simulator.source import Chat, Item, ModeChange, Notice

T0 = 1_790_000_000_000


def items(seconds: int, *, channels: int = 50, rate: float = 100, seed: int = 1) -> list[Item]:
    audience = Audience(channels=channels, rate=rate, seed=seed)
    audience.start(T0)
    return list(audience.due(T0 + seconds * 1000))


def chat(seconds: int, *, channels: int = 50, rate: float = 100) -> list[Chat]:
    return [item for item in items(seconds, channels=channels, rate=rate) if isinstance(item, Chat)]


def test_the_same_seed_gives_the_same_channels_streams_and_items() -> None:
    first, second = (Audience(channels=20, rate=50, seed=7) for _ in range(2))
    assert first.streams(T0) == second.streams(T0)
    assert items(30, seed=7) == items(30, seed=7)


def test_a_different_seed_gives_different_channels() -> None:
    assert {c.login for c in Audience(channels=20, rate=5, seed=1).channels} != {
        c.login for c in Audience(channels=20, rate=5, seed=2).channels
    }


def test_a_restart_with_the_same_seed_gives_different_ids() -> None:
    audience = Audience(channels=5, rate=50, seed=1)
    audience.start(T0 + 1)
    later = {item.id for item in audience.due(T0 + 10_000)}
    assert later.isdisjoint(item.id for item in items(10, channels=5, rate=50))


def test_every_id_is_a_unique_uuid() -> None:
    ids = [item.id for item in items(60, rate=300)]
    assert len(ids) == len(set(ids)) > 10_000
    assert {(len(text), text[14], text.count("-")) for text in ids} == {(36, "4", 4)}


def test_items_are_due_at_about_the_configured_rate_and_mostly_in_big_channels() -> None:
    messages = chat(120)
    assert 100 * 120 * 0.75 < len(messages) < 100 * 120 * 1.3
    writes = Counter(message.channel.login for message in messages if message.kind == "message")
    channels = Audience(channels=50, rate=100, seed=1).channels
    biggest, smallest = (sum(writes[c.login] for c in group) for group in (channels[:10], channels[-10:]))
    assert biggest > 2 * smallest


def test_each_item_is_due_once_and_in_order_from_the_start() -> None:
    audience = Audience(channels=10, rate=100, seed=1)
    audience.start(T0)
    due = [item for until in range(0, 60_001, 20) for item in audience.due(T0 + until)]
    assert due[0].due_ms >= T0
    assert [item.due_ms for item in due] == sorted(item.due_ms for item in due)
    assert [item.id for item in due] == [item.id for item in items(60, channels=10)]


def test_items_that_are_not_consumed_remain_due() -> None:
    audience = Audience(channels=10, rate=100, seed=1)
    audience.start(T0)
    ids = []
    while item := next(audience.due(T0 + 20_000), None):
        ids.append(item.id)
    assert ids == [item.id for item in items(20, channels=10)]


def test_lines_have_the_lengths_of_recorded_chat() -> None:
    texts = [message.text for message in chat(60)]
    assert median(len(text.split()) for text in texts) in (2, 3, 4)
    assert 0.82 < sum(len(text) < 50 for text in texts) / len(texts) < 0.92
    assert max(map(len, texts)) <= 500


def test_no_text_contains_a_line_break() -> None:
    texts = {message.text for message in chat(120, rate=300)}
    assert not any(set("\r\n\0") & set(text) for text in texts)


def test_chatters_write_repeatedly() -> None:
    messages = chat(60)
    people = {(message.channel.id, message.chatter.id) for message in messages}
    assert len(messages) * 0.1 < len(people) < len(messages) * 0.95


def test_newcomers_were_never_seen_before_and_returning_chatters_are_marked() -> None:
    messages = chat(240)
    newcomers = [m.chatter.id for m in messages if m.first]
    copies = [m for m in messages if m.kind == "copy"]
    assert len(set(newcomers)) == len(newcomers) > 20
    assert any(m.returning for m in messages)
    assert copies
    assert not any(m.first or m.returning for m in copies)


def test_many_users_paste_the_same_long_text_within_seconds() -> None:
    long = [m for m in chat(300, rate=200) if len(m.text) > 80 and m.kind == "message"]
    seen = Counter((m.channel.id, m.text[:80], int(m.due_ms - T0) // 20_000) for m in long)
    (channel, text, _), often = seen.most_common(1)[0]
    assert often >= 8
    assert len({m.chatter.id for m in long if (m.channel.id, m.text[:80]) == (channel, text)}) > often / 2


def test_bots_post_on_schedule_in_silent_chats() -> None:
    audience = Audience(channels=20, rate=1e-6, seed=1)
    audience.start(T0)
    posts = [item for item in audience.due(T0 + 900_000) if isinstance(item, Chat) and item.kind == "message"]
    bots = [item for item in posts if item.chatter.badges.startswith("moderator/1")]
    assert len({item.channel.id for item in bots}) > 10
    assert {"nightbot", "streamelements"} <= {item.chatter.login for item in bots}
    assert all(item.chatter.mod for item in bots)


def test_a_raid_is_announced_in_its_target_channel_and_raiders_write_there() -> None:
    audience = Audience(channels=300, rate=1e-6, seed=1)
    audience.start(T0)
    due = list(audience.due(T0 + 1_200_000))
    raid = next(item for item in due if isinstance(item, Notice) and item.kind == "raid")
    after = [
        m for m in due if isinstance(m, Chat) and m.channel == raid.channel and 0 < m.due_ms - raid.due_ms < 25_000
    ]
    assert len(after) >= 3
    assert any(m.first for m in after)


def test_chat_modes_change_and_match_the_room_state() -> None:
    audience = Audience(channels=200, rate=1e-6, seed=1)
    audience.start(T0)
    known_modes = {channel.id: dict(audience.modes(channel, T0)) for channel in audience.channels}
    changes = [item for item in audience.due(T0 + 1_200_000) if isinstance(item, ModeChange)]
    assert len(changes) > 20
    at_once = {moment: list(same) for moment, same in groupby(changes, lambda change: (change.due_ms, change.channel))}
    for (due_ms, channel), same in at_once.items():
        for change in same:
            assert known_modes[channel.id][change.tag] != change.value
            known_modes[channel.id][change.tag] = change.value
        assert audience.modes(channel, int(due_ms)) == known_modes[channel.id]


def test_some_mode_changes_are_simultaneous() -> None:
    audience = Audience(channels=200, rate=1e-6, seed=1)
    audience.start(T0)
    changes = [item for item in audience.due(T0 + 1_200_000) if isinstance(item, ModeChange)]
    at_once = Counter((change.channel.id, change.due_ms) for change in changes)
    assert set(at_once.values()) == {1, 3}


def test_a_shared_message_is_copied_to_all_the_other_rooms() -> None:
    shared = [item for item in items(300, channels=120) if isinstance(item, Chat) and item.shared]
    by_source: dict[str, list[Chat]] = {}
    for item in shared:
        assert item.shared
        by_source.setdefault(item.shared.id, []).append(item)
    assert len(by_source) > 50
    for source_id, group in by_source.items():
        (original,) = [item for item in group if item.kind == "message"]
        copies = [item for item in group if item.kind == "copy"]
        assert original.id == source_id
        assert 1 <= len(copies) <= 3
        assert len({item.channel.id for item in group}) == len({item.id for item in group}) == len(group)
        assert {(item.text, item.chatter.id, item.shared) for item in group} == {
            (original.text, original.chatter.id, original.shared)
        }


def test_a_gift_bomb_is_followed_by_as_many_gifts_as_its_notice_states() -> None:
    notices = [item for item in items(600, rate=200) if isinstance(item, Notice)]
    bomb = next(n for n in notices if n.kind == "submysterygift" and n.due_ms < T0 + 500_000)
    params = dict(bomb.params)
    gifts = [n for n in notices if n.kind == BOMB_GIFT and dict(n.params)["origin-id"] == params["origin-id"]]
    assert len(gifts) == int(params["mass-gift-count"])
    assert {gift.channel for gift in gifts} == {bomb.channel}
    assert all(gift.due_ms > bomb.due_ms for gift in gifts)


def test_gift_counters_and_ids_are_as_unreliable_as_on_twitch() -> None:
    notices = [item for item in items(900, rate=200) if isinstance(item, Notice)]
    lone = [dict(n.params) for n in notices if n.kind == "subgift"]
    assert {params["sender-count"] == "0" for params in lone} == {True, False}
    assert {params["gift-months"] for params in lone} == {"1", "3", "6", "12"}
    assert not any("community-gift-id" in params for params in lone)
    bombs = {dict(n.params)["origin-id"]: dict(n.params) for n in notices if n.kind == "submysterygift"}
    assert {"community-gift-id" in params for params in bombs.values()} == {True, False}
    for gift in (dict(n.params) for n in notices if n.kind == BOMB_GIFT):
        bomb = bombs[gift["origin-id"]]
        assert bomb.get("community-gift-id") == gift.get("community-gift-id")
        assert gift["sender-count"] == "0"


def test_a_chat_becomes_quiet_when_its_broadcast_ends() -> None:
    audience = Audience(channels=60, rate=100, seed=1)
    live = {stream.channel.id for stream in audience.streams(T0)}
    off = [channel for channel in audience.channels if channel.id not in live]
    assert off
    writes = Counter(item.channel.id for item in items(60, channels=60))
    assert sum(writes[channel.id] for channel in off) < sum(writes.values()) * 0.01
