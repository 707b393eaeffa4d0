"""Notices of the synthetic audience: subscriptions, gifts, raids and announcements with Twitch's tags.

Source: dev.twitch.tv, "IRC Tags", USERNOTICE.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random

from simulator import phrases
from simulator.source import Channel, Chatter, Notice

# Subscription plans and their names.
PLANS = (("1000", "Tier 1"), ("1000", "Tier 1"), ("1000", "Tier 1"), ("2000", "Tier 2"), ("3000", "Tier 3"))
GIFT_MONTHS = (1, 1, 1, 1, 3, 6, 12)
# Share of bombs without a community gift id.
OLD_BOMBS = 0.3
BOMB_SIZES = (5, 5, 5, 5, 10, 10, 20, 50, 100)
COLORS = ("PRIMARY", "BLUE", "GREEN", "ORANGE", "PURPLE")
# Interval between the gifts of a bomb.
GIFT_EVERY_MS = 40
ANONYMOUS = Chatter(id="274598607", login="ananonymousgifter", name="AnAnonymousGifter")


@dataclass(frozen=True, slots=True)
class Scene:
    """Context of a notice; `other` is the giver or recipient, `host` the channel's owner."""

    channel: Channel
    chatter: Chatter
    other: Chatter
    host: Chatter
    due_ms: float


Params = tuple[tuple[str, str], ...]
Maker = Callable[[Scene, Random, str], Notice]


def raid(channel: Channel, raider: Chatter, viewers: int, due_ms: float, notice_id: str) -> Notice:
    """Return the notice of a raid in the target channel."""
    params = (
        ("displayName", raider.name),
        ("login", raider.login),
        ("profileImageURL", f"https://images.invalid/{raider.login}-%s.png"),
        ("viewerCount", str(viewers)),
    )
    system = f"{viewers} raiders from {raider.name} have joined!"
    return Notice(notice_id, "raid", channel, raider, due_ms, params, system)


def any_notice(scene: Scene, draw: Random, notice_id: str) -> Notice:
    """Return a notice of a random kind, with realistic frequencies."""
    return _MAKERS[bisect(_WEIGHTS, draw.random() * _WEIGHTS[-1])](scene, draw, notice_id)


def gift_bomb(scene: Scene, draw: Random, new_id: Callable[[], str], recipients: Callable[[], Chatter]) -> list[Notice]:
    """Return the notice of a gift bomb and the notices of its gifts."""
    plan, tier = PLANS[int(draw.random() * len(PLANS))]
    size = draw.choice(BOMB_SIZES)
    giver = ANONYMOUS if draw.random() < 0.15 else scene.chatter
    sent = size + draw.randrange(200)
    bomb = _bomb_ids(draw)
    count = () if giver is ANONYMOUS else (("sender-count", str(sent)),)
    params = tuple(sorted((*bomb, ("mass-gift-count", str(size)), *count, ("sub-plan", plan))))
    total = f" They've gifted a total of {sent} in the channel!" if count else ""
    system = f"{_subject(giver)} is gifting {size} {tier} Subs to {scene.channel.name}'s community!{total}"
    notices = [Notice(new_id(), "submysterygift", scene.channel, giver, scene.due_ms, params, system)]
    for number in range(1, size + 1):
        due_ms = scene.due_ms + number * GIFT_EVERY_MS
        gift = Scene(scene.channel, giver, recipients(), scene.host, due_ms)
        notices.append(replace(_gift(gift, new_id(), (plan, tier), bomb), is_bomb_gift=True))
    return notices


def _gift(
    scene: Scene, notice_id: str, bought: tuple[str, str], ids: Params, *, sender_count: int = 0, months: int = 1
) -> Notice:
    plan, tier = bought
    recipient = scene.other
    params = (
        *ids,
        ("gift-months", str(months)),
        ("months", "1"),
        ("recipient-display-name", recipient.name),
        ("recipient-id", recipient.id),
        ("recipient-user-name", recipient.login),
        # 0 within a bomb and for some other gifts, so clients cannot rely on it.
        ("sender-count", str(sender_count)),
        ("sub-plan-name", f"Channel Subscription ({scene.channel.login})"),
        ("sub-plan", plan),
    )
    system = f"{_subject(scene.chatter)} gifted a {tier} sub to {recipient.name}!"
    return Notice(notice_id, "subgift", scene.channel, scene.chatter, scene.due_ms, tuple(sorted(params)), system)


def _subgift(scene: Scene, draw: Random, notice_id: str) -> Notice:
    """Return a single gift. Some have a `sender-count` of 0."""
    giver = draw.choice((scene.chatter, scene.chatter, scene.chatter, scene.host, ANONYMOUS))
    sent = draw.randint(1, 300) if giver is scene.chatter else 0
    ids, months = (("origin-id", _origin(draw)),), draw.choice(GIFT_MONTHS)
    gift = replace(scene, chatter=giver)
    return _gift(gift, notice_id, draw.choice(PLANS), ids, sender_count=sent, months=months)


def _sub(scene: Scene, draw: Random, notice_id: str) -> Notice:
    plan, text = ("Prime", "with Prime") if draw.random() < 0.4 else _paid(draw)
    params = (("cumulative-months", "1"), ("months", "0"), *_plan(scene, plan))
    return _notice(scene, notice_id, "sub", params, f"{scene.chatter.name} subscribed {text}.")


def _resub(scene: Scene, draw: Random, notice_id: str) -> Notice:
    plan, text = ("Prime", "with Prime") if draw.random() < 0.3 else _paid(draw)
    months = draw.randint(2, 70)
    streak = (("streak-months", str(draw.randint(1, months))),) if draw.random() < 0.5 else ()
    params = (
        ("cumulative-months", str(months)),
        ("months", "0"),
        *streak,
        *_plan(scene, plan, shares_streak=bool(streak)),
    )
    system = f"{scene.chatter.name} subscribed {text}. They've subscribed for {months} months!"
    return _notice(scene, notice_id, "resub", params, system, draw.choice(phrases.RESUB_TEXTS))


def _prime_upgrade(scene: Scene, draw: Random, notice_id: str) -> Notice:
    plan, tier = draw.choice(PLANS)
    system = f"{scene.chatter.name} converted from a Prime sub to a {tier} sub!"
    return _notice(scene, notice_id, "primepaidupgrade", (("sub-plan", plan),), system)


def _gift_upgrade(scene: Scene, draw: Random, notice_id: str) -> Notice:  # noqa: ARG001 - common signature of all makers
    giver = scene.other
    params = (("sender-login", giver.login), ("sender-name", giver.name))
    system = f"{scene.chatter.name} is continuing the Gift Sub they got from {giver.name}!"
    return _notice(scene, notice_id, "giftpaidupgrade", params, system)


def _announcement(scene: Scene, draw: Random, notice_id: str) -> Notice:
    params, text = (("color", draw.choice(COLORS)),), draw.choice(phrases.ANNOUNCEMENTS)
    return Notice(notice_id, "announcement", scene.channel, scene.host, scene.due_ms, params, "", text)


def _badge_tier(scene: Scene, draw: Random, notice_id: str) -> Notice:
    params = (("threshold", str(draw.choice((100, 1_000, 5_000, 10_000, 25_000)))),)
    return _notice(scene, notice_id, "bitsbadgetier", params, "bits badge tier notification")


def _milestone(scene: Scene, draw: Random, notice_id: str) -> Notice:
    streams = draw.choice((3, 5, 7, 10, 15, 20))
    params = (("category", "watch-streak"), ("copoReward", "350"), ("id", _origin(draw)), ("value", str(streams)))
    system = f"{scene.chatter.name} watched {streams} consecutive streams and sparked a watch streak!"
    return _notice(scene, notice_id, "viewermilestone", params, system, draw.choice(phrases.RESUB_TEXTS))


def _notice(scene: Scene, notice_id: str, name: str, params: Params, system: str, text: str = "") -> Notice:
    return Notice(notice_id, name, scene.channel, scene.chatter, scene.due_ms, params, system, text)


def _plan(scene: Scene, plan: str, *, shares_streak: bool = False) -> Params:
    name = f"Channel Subscription ({scene.channel.login})"
    return (("should-share-streak", str(int(shares_streak))), ("sub-plan-name", name), ("sub-plan", plan))


def _paid(draw: Random) -> tuple[str, str]:
    plan, tier = draw.choice(PLANS)
    return plan, f"at {tier}"


def _bomb_ids(draw: Random) -> Params:
    """Return the common ids of a bomb and its gifts; some lack a community gift id, as in old chat."""
    origin = ("origin-id", _origin(draw))
    return (origin,) if draw.random() < OLD_BOMBS else (("community-gift-id", _origin(draw)), origin)


def _origin(draw: Random) -> str:
    return str(draw.getrandbits(63))


def _subject(giver: Chatter) -> str:
    return "An anonymous user" if giver is ANONYMOUS else giver.name


# Frequency of each kind per thousand notices.
_FREQUENCIES: Mapping[Maker, int] = {
    _resub: 380,
    _sub: 230,
    _subgift: 150,
    _milestone: 110,
    _badge_tier: 50,
    _gift_upgrade: 35,
    _prime_upgrade: 25,
    _announcement: 20,
}
_MAKERS = tuple(_FREQUENCIES)
_WEIGHTS = tuple(accumulate(_FREQUENCIES.values()))
