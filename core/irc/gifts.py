"""Matching of gifted subscriptions to gift bombs, whose notices already include the number of gifts.

Current gifts name their bomb by a community gift id. Older ones are matched to a bomb with the same origin, or with the
same giver if the gift has no origin. Several gifts with the same origin belong to a bomb even if its notice was not
heard, for example because it was sent before the producer started. Like the notice, such gifts are not counted.
`msg-param-sender-count` is ignored, because it is 0 for anonymous givers and for some gifts from a channel's owner.
Source: dev.twitch.tv, "IRC Tags", USERNOTICE.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.irc.lines import Line

GIFTS = frozenset({"subgift", "anonsubgift"})
# Maximum interval between a bomb's notice and its gifts, and between consecutive gifts.
APART_MS = 10_000
# SHA-1 of the empty string, which gifts recorded in 2019 and 2020 contain in place of an origin.
_NO_ORIGIN = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
_UNKNOWN_SIZE = 1_000_000


def names_bomb(line: Line) -> bool:
    """Return whether a gift names its bomb."""
    return bool(line.tag("msg-param-community-gift-id"))


@dataclass(slots=True)
class _Bomb:
    channel_id: str
    keys: frozenset[str]
    last_ms: int
    missing: int


@dataclass(frozen=True, slots=True)
class _Gift:
    channel_id: str
    keys: frozenset[str]
    sent_ms: int


class GiftBombs:
    """Matches gifts that name no bomb to their channel's bombs, in any order.

    A bomb matches at most as many gifts as its notice states, so further gifts from the same giver are counted
    separately.
    """

    def __init__(self) -> None:
        self._bombs: list[_Bomb] = []
        self._gifts: list[_Gift] = []
        self._newest_ms = 0

    def add_bomb(self, channel_id: str, line: Line, size: int | None, sent_ms: int) -> list[int]:
        """Add a bomb; return the send times of its gifts that arrived earlier and were not matched."""
        self._forget(sent_ms)
        # If a bomb has a community gift id, its gifts have one too, so a gift without one is not matched by giver.
        giver = "" if names_bomb(line) else _giver(line)
        keys = frozenset(filter(None, (_origin(line), giver)))
        bomb = _Bomb(channel_id, keys, sent_ms, _UNKNOWN_SIZE if size is None else size)
        early: list[_Gift] = []
        others: list[_Gift] = []
        for gift in self._gifts:
            (early if len(early) < bomb.missing and _matches(bomb, gift) else others).append(gift)
        self._gifts = others
        bomb.missing -= len(early)
        self._bombs.append(bomb)
        return [gift.sent_ms for gift in early]

    def match_gift(self, channel_id: str, line: Line, sent_ms: int) -> list[int] | None:
        """Match a gift to its bomb. Return None if no bomb is known.

        Otherwise return the send times of the bomb's earlier gifts for which this method returned None, except those
        that `add_bomb` returned.
        """
        self._forget(sent_ms)
        origin = _origin(line)
        gift = _Gift(channel_id, frozenset(filter(None, (origin or _giver(line),))), sent_ms)
        for bomb in self._bombs:
            if bomb.missing and _matches(bomb, gift):
                bomb.missing -= 1
                bomb.last_ms = max(bomb.last_ms, sent_ms)
                return []
        if origin:
            unheard = _Bomb(channel_id, gift.keys, sent_ms, _UNKNOWN_SIZE)
            early = [other for other in self._gifts if _matches(unheard, other)]
            if early:
                self._gifts = [other for other in self._gifts if other not in early]
                self._bombs.append(unheard)
                return [other.sent_ms for other in early]
        self._gifts.append(gift)
        return None

    def _forget(self, sent_ms: int) -> None:
        self._newest_ms = max(self._newest_ms, sent_ms)
        oldest_ms = self._newest_ms - 2 * APART_MS
        self._bombs = [bomb for bomb in self._bombs if bomb.last_ms >= oldest_ms]
        self._gifts = [gift for gift in self._gifts if gift.sent_ms >= oldest_ms]


def _matches(bomb: _Bomb, gift: _Gift) -> bool:
    is_near = abs(gift.sent_ms - bomb.last_ms) <= APART_MS
    return is_near and gift.channel_id == bomb.channel_id and not gift.keys.isdisjoint(bomb.keys)


def _origin(line: Line) -> str:
    origin = line.tag("msg-param-origin-id")
    return "" if "".join(origin.split()) == _NO_ORIGIN else origin


def _giver(line: Line) -> str:
    giver = line.tag("user-id")
    return f"giver {giver}" if giver else ""
