"""Each gifted subscription is counted once: by its own notice or by its bomb's."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from core.channels.rules import IntakeRules
from core.channels.stream import Stream
from core.irc.lines import parse
from core.pipeline.intake import Intake
from core.proof.ledger import BOMB_GIFT
from simulator.audience import Audience
from simulator.irc_lines import escape, tagged
from simulator.source import Notice

MINUTE_MS = 60_000
NOW = 1_795_400_000_000 // MINUTE_MS * MINUTE_MS + 20_000
ADA = Stream("7", "ada", "Ada", 900, "Chess", "en", "a title", "")
BOB = Stream("8", "bob", "Bob", 50, "", "", "", "")
# SHA-1 of the empty string, in Twitch's notation.
NO_ORIGIN = hashlib.sha1(b"").digest().hex(" ")
ANONYMOUS = 274598607

_ids = itertools.count()


def notice(name: str, at_ms: int = 0, giver: int = 42, room: int = 7, **params: Any) -> str:
    tags = "".join(f"msg-param-{name.replace('_', '-')}={escape(str(value))};" for name, value in params.items())
    return (
        f"@id=n{next(_ids)};msg-id={name};{tags}room-id={room};tmi-sent-ts={NOW + at_ms};user-id={giver}"
        f" :tmi.twitch.tv USERNOTICE #{'ada' if room == 7 else 'bob'}"
    )


def bomb(size: int, at_ms: int = 0, giver: int = 42, room: int = 7, **params: Any) -> str:
    return notice("submysterygift", at_ms, giver, room, mass_gift_count=size, **params)


def gift(at_ms: int = 100, giver: int = 42, room: int = 7, **params: Any) -> str:
    return notice("subgift", at_ms, giver, room, recipient_id=next(_ids), **params)


def counted(lines: Sequence[str]) -> dict[str, int]:
    """Return the number of gifts in bombs and of separately counted subscriptions."""
    intake = Intake(partitions=4, count_bots=False)
    intake.set_channels({"7": ADA, "8": BOB}, frozenset({"7", "8"}), know_viewers=True)
    intake.set_rules(IntakeRules())
    records = [record for line in lines for record in intake.notice(parse(line.encode()), NOW + 30_000)]
    counts = {"gift_bomb": 0, "subscriptions": 0}
    for event in [*records, *intake.minutes(NOW + MINUTE_MS)]:
        assert isinstance(event, dict)
        counts[event["kind"]] += event["count"]
    return counts


def test_a_single_gift_is_a_subscription_whatever_total_of_its_giver_it_states() -> None:
    lines = [gift(sender_count=0, gift_months=12), gift(sender_count=31), gift(), gift(origin_id="a b", sender_count=0)]
    assert counted(lines) == {"gift_bomb": 0, "subscriptions": 4}


@pytest.mark.parametrize("sender_count", [0, 31])
def test_gifts_that_name_their_bomb_are_counted_by_the_bomb(sender_count: int) -> None:
    params: dict[str, Any] = {"community_gift_id": 9, "origin_id": "a b", "sender_count": sender_count}
    gifts = [gift(number * 40, **params) for number in range(1, 6)]
    assert counted([bomb(5, community_gift_id=9, origin_id="a b"), *gifts]) == {"gift_bomb": 5, "subscriptions": 0}
    assert counted([*gifts, bomb(5, community_gift_id=9, origin_id="a b")]) == {"gift_bomb": 5, "subscriptions": 0}


@pytest.mark.parametrize("origin", ["a b", NO_ORIGIN])
@pytest.mark.parametrize("giver", [42, ANONYMOUS])
def test_gifts_with_the_origin_or_giver_of_a_bomb_are_counted_by_the_bomb(origin: str, giver: int) -> None:
    gifts = [gift(number * 2_000, giver, origin_id=origin) for number in range(1, 6)]
    assert counted([bomb(5, 0, giver, origin_id="a b"), *gifts]) == {"gift_bomb": 5, "subscriptions": 0}


def test_gifts_may_precede_the_notice_of_their_bomb() -> None:
    lines = [gift(100, origin_id="a"), gift(150, origin_id="b"), bomb(2, 200, origin_id="a"), gift(240, origin_id="a")]
    assert counted(lines) == {"gift_bomb": 2, "subscriptions": 1}
    assert counted([gift(100, origin_id="a"), bomb(1, 200, origin_id="a")]) == {"gift_bomb": 1, "subscriptions": 0}


def test_gifts_of_a_bomb_that_was_not_heard_are_not_counted() -> None:
    gifts = [gift(number * 40, origin_id="a") for number in range(1, 6)]
    assert counted([*gifts, gift(300, origin_id="b")]) == {"gift_bomb": 0, "subscriptions": 1}
    # The notice comes last.
    assert counted([*gifts, bomb(5, 300, origin_id="a")]) == {"gift_bomb": 5, "subscriptions": 0}


def test_gifts_without_an_origin_from_one_giver_can_be_single_gifts() -> None:
    assert counted([gift(100, origin_id=NO_ORIGIN), gift(200, origin_id=NO_ORIGIN)])["subscriptions"] == 2


@pytest.mark.parametrize(
    "lone",
    [
        gift(300, sender_count=0, origin_id="b"),
        gift(300, sender_count=0),
        gift(300, giver=43, sender_count=0, origin_id=NO_ORIGIN),
        gift(300, room=8, sender_count=0, origin_id="a"),
    ],
    ids=["other origin", "no origin", "other giver", "other channel"],
)
def test_a_single_gift_next_to_a_bomb_is_a_subscription(lone: str) -> None:
    named: dict[str, Any] = {"community_gift_id": 9, "origin_id": "a"}
    lines = [bomb(3, **named), gift(100, **named), lone, gift(200, **named)]
    assert counted(lines) == {"gift_bomb": 3, "subscriptions": 1}


def test_a_bomb_matches_at_most_as_many_gifts_as_its_notice_states() -> None:
    gifts = [gift(number * 40, origin_id=NO_ORIGIN, sender_count=0) for number in range(1, 5)]
    assert counted([bomb(3, origin_id="a"), *gifts]) == {"gift_bomb": 3, "subscriptions": 1}


def test_a_bomb_matches_gifts_until_a_pause_of_ten_seconds() -> None:
    late = [
        bomb(9, origin_id="a"),
        gift(9_000, origin_id="a"),
        gift(19_000, origin_id="a"),
        gift(29_001, origin_id="a"),
    ]
    assert counted(late) == {"gift_bomb": 9, "subscriptions": 1}


def test_the_gifts_of_the_simulated_twitch_are_counted_once() -> None:
    audience = Audience(channels=20, rate=200, seed=1)
    streams = {channel.id: Stream(channel.id, channel.login, "", 1, "", "", "", "") for channel in audience.channels}
    intake = Intake(partitions=4, count_bots=False)
    intake.set_channels(streams, frozenset(streams), know_viewers=True)
    audience.start(NOW)
    sent: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for item in audience.due(NOW + 10 * MINUTE_MS):
        if isinstance(item, Notice) and "gift" in item.kind:
            sent[item.kind] += 1
            records = intake.notice(parse(tagged(item, int(item.due_ms))), int(item.due_ms))
            counts.update(event["kind"] for event in records if isinstance(event, dict))
    for event in intake.minutes(NOW + 20 * MINUTE_MS):
        counts[event["kind"]] += event["count"]
    upgrades = sent["giftpaidupgrade"]
    assert sent[BOMB_GIFT] > 100
    assert counts == {"gift_bomb": sent["submysterygift"], "subscriptions": sent["subgift"] + upgrades}
