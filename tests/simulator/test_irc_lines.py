from collections import Counter
from collections.abc import Mapping

import pytest

from core.irc import lines as irc
from core.proof.ledger import BOMB_GIFT
from simulator import notices
from simulator.audience import Audience
from simulator.irc_lines import escape, needs_commands, room_state, tagged, untagged
from simulator.source import Channel, Chat, Chatter, Deletion, Item, ModeChange, Notice, Removal, Shared

T0 = 1_790_000_000_000
ROOM = Channel("123456789", "amberyak", "AmberYak")
OTHER = Channel("987654321", "icykettle", "IcyKettle")
WHO = Chatter(
    "1000000001", "lunar_moose", "月の猫; \\ x", "#FF4500", "moderator/1,subscriber/12", "subscriber/14", True, True
)
CHAT = Chat("11111111-1111-4111-8111-111111111111", ROOM, WHO, "hello there", T0, "86:0-4")


def tags(item: Item) -> Mapping[str, str]:
    return irc.parse(tagged(item, T0 + 5)).tags


def tag_names(line: bytes) -> list[str]:
    return [pair.split("=")[0] for pair in line.decode()[1:].split(" ")[0].split(";")]


def test_a_message_round_trips_with_every_tag_in_order() -> None:
    line = tagged(CHAT, T0 + 5)
    parsed = irc.parse(line)
    assert (parsed.command, parsed.params, parsed.nick) == ("PRIVMSG", ("#amberyak", "hello there"), "lunar_moose")
    assert parsed.tags == {
        "badge-info": "subscriber/14",
        "badges": "moderator/1,subscriber/12",
        "color": "#FF4500",
        "display-name": "月の猫; \\ x",
        "emotes": "86:0-4",
        "first-msg": "0",
        "flags": "",
        "id": CHAT.id,
        "mod": "1",
        "returning-chatter": "0",
        "room-id": ROOM.id,
        "subscriber": "1",
        "tmi-sent-ts": str(T0 + 5),
        "turbo": "0",
        "user-id": WHO.id,
        "user-type": "mod",
    }
    assert tag_names(line) == sorted(tag_names(line))


def test_a_client_without_tags_gets_an_untagged_line() -> None:
    assert untagged(CHAT) == tagged(CHAT, T0).split(b" ", 1)[1]
    assert untagged(CHAT).endswith(b"\r\n")


def test_cheers_newcomers_and_actions_are_marked() -> None:
    marked = tags(CHAT._replace(bits=250, first=True))
    assert (marked["bits"], marked["first-msg"]) == ("250", "1")
    assert tags(CHAT._replace(returning=True))["returning-chatter"] == "1"
    assert irc.parse(untagged(CHAT._replace(action=True))).params[1] == "\x01ACTION hello there\x01"


def test_shared_copies_and_originals_have_source_tags() -> None:
    shared = Shared(CHAT.id, ROOM.id, WHO.badges, WHO.badge_info)
    original = tags(CHAT._replace(shared=shared))
    assert (original["source-room-id"], original["source-id"]) == (original["room-id"], original["id"])
    copy = tags(CHAT._replace(id="other", channel=OTHER, shared=shared))
    assert (copy["room-id"], copy["source-room-id"], copy["source-id"]) == (OTHER.id, ROOM.id, CHAT.id)
    assert (copy["source-badges"], copy["source-badge-info"]) == (WHO.badges, WHO.badge_info)
    names = tag_names(tagged(CHAT._replace(bits=5, shared=shared), T0))
    assert names == sorted(names)


def test_a_notice_and_its_shared_copy_have_the_correct_msg_ids() -> None:
    notice = Notice("n", "announcement", ROOM, WHO, T0, (("color", "BLUE"),), "", "queue is open")
    parsed = irc.parse(tagged(notice, T0))
    assert (parsed.command, parsed.params) == ("USERNOTICE", ("#amberyak", "queue is open"))
    assert (parsed.tags["msg-id"], parsed.tags["msg-param-color"]) == ("announcement", "BLUE")
    shared = Shared("n", ROOM.id)
    copy = tags(Notice("m", "announcement", OTHER, WHO, T0, (("color", "BLUE"),), "", "queue is open", shared))
    assert (copy["msg-id"], copy["source-msg-id"], copy["room-id"]) == ("sharedchatnotice", "announcement", OTHER.id)


def test_a_raid_names_the_raider_and_the_viewers() -> None:
    raider = Chatter(OTHER.id, OTHER.login, OTHER.name)
    raid = tags(notices.raid(ROOM, raider, 1_200, T0, "r"))
    assert (raid["msg-id"], raid["msg-param-viewerCount"], raid["msg-param-login"]) == ("raid", "1200", "icykettle")
    assert raid["system-msg"] == "1200 raiders from IcyKettle have joined!"


@pytest.mark.parametrize(
    ("item", "kind", "line"),
    [
        (Removal("x", ROOM, T0), "clear", f"@room-id={ROOM.id};tmi-sent-ts={T0} :tmi.twitch.tv CLEARCHAT #amberyak"),
        (
            Removal("x", ROOM, T0, WHO),
            "ban",
            f"@room-id={ROOM.id};target-user-id={WHO.id};tmi-sent-ts={T0} :tmi.twitch.tv CLEARCHAT #amberyak"
            " :lunar_moose",
        ),
        (
            Removal("x", ROOM, T0, WHO, 600),
            "timeout",
            f"@ban-duration=600;room-id={ROOM.id};target-user-id={WHO.id};tmi-sent-ts={T0}"
            " :tmi.twitch.tv CLEARCHAT #amberyak :lunar_moose",
        ),
        (
            Deletion("x", ROOM, T0, CHAT),
            "deletion",
            f"@login=lunar_moose;room-id=;target-msg-id={CHAT.id};tmi-sent-ts={T0}"
            " :tmi.twitch.tv CLEARMSG #amberyak :hello there",
        ),
        (
            ModeChange("x", ROOM, T0, "slow", 30),
            "mode",
            f"@room-id={ROOM.id};slow=30 :tmi.twitch.tv ROOMSTATE #amberyak",
        ),
    ],
)
def test_moderation_lines_are_formatted_as_on_twitch(item: Item, kind: str, line: str) -> None:
    assert item.kind == kind
    assert tagged(item, T0) == f"{line}\r\n".encode()
    assert untagged(item) == f"{line.split(' ', 1)[1]}\r\n".encode()
    assert needs_commands(item)


def test_messages_do_not_need_the_commands_capability() -> None:
    assert not needs_commands(CHAT)


def test_the_room_state_has_every_mode() -> None:
    audience = Audience(channels=2, rate=1, seed=1)
    parsed = irc.parse(room_state(audience, audience.channels[0], T0))
    assert parsed.command == "ROOMSTATE"
    assert parsed.tags.keys() == {"emote-only", "followers-only", "r9k", "room-id", "slow", "subs-only"}


@pytest.mark.parametrize("value", ["", "plain", "a b;c\\d\r\n", "\\s", "\\\\:;  "])
def test_an_escaped_value_round_trips(value: str) -> None:
    assert irc.parse(f"@key={escape(value)} X".encode()).tags.get("key", "") == value


def test_only_the_badges_of_founders_say_that_they_subscribe() -> None:
    audience = Audience(channels=20, rate=100, seed=1)
    audience.start(T0)
    lines = [irc.parse(tagged(item, T0)) for item in audience.due(T0 + 60_000) if isinstance(item, Chat)]
    founders = [line for line in lines if "founder/0" in line.tag("badges")]
    subscribers = [line for line in lines if "subscriber/" in line.tag("badges")]
    assert len(subscribers) > len(founders) > 20
    assert {line.tag("subscriber") for line in founders} == {"0"}
    assert {line.tag("badge-info").partition("/")[0] for line in founders} == {"founder"}
    assert {line.tag("subscriber") for line in subscribers} == {"1"}
    assert [line for line in lines if irc.is_subscriber(line)] == [
        line for line in lines if line in founders or line in subscribers
    ]


def test_every_kind_of_item_occurs_and_round_trips() -> None:
    audience = Audience(channels=100, rate=300, seed=1)
    audience.start(T0)
    commands: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for item in audience.due(T0 + 600_000):
        seen[item.kind] += 1
        if seen[item.kind] > 300:
            continue
        parsed = irc.parse(tagged(item, T0))
        assert parsed.channel == item.channel.login
        commands[item.kind] = parsed.command
        if isinstance(item, Chat | Notice):
            assert (parsed.tags["id"], parsed.tags["room-id"]) == (item.id, item.channel.id)
            assert parsed.tags["user-id"] == item.chatter.id
            assert parsed.tags["badges"] == item.chatter.badges
        if isinstance(item, Chat) and not item.action:
            assert parsed.params[1] == item.text
    names = (
        "raid", "sub", "resub", "subgift", BOMB_GIFT, "submysterygift", "giftpaidupgrade", "primepaidupgrade",
        "announcement", "bitsbadgetier", "viewermilestone", "sharedchatnotice",
    )  # fmt: skip
    assert commands == {
        **dict.fromkeys(names, "USERNOTICE"),
        **dict.fromkeys(("message", "copy"), "PRIVMSG"),
        **dict.fromkeys(("ban", "timeout", "clear"), "CLEARCHAT"),
        "deletion": "CLEARMSG",
        "mode": "ROOMSTATE",
    }
