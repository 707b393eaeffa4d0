"""Scheduled events in the synthetic rooms: Shared Chat sessions and chat modes.

They depend only on the seed and the time, so a restarted simulator continues them. Seconds are since the epoch;
channels are identified by index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from simulator.source import DEFAULT_MODES

# Events start in the first half of a slot and end within that slot, so that slots are independent.
SLOT_S = 600
CHANNELS_PER_SESSION = 60
CHANNELS_PER_MODE = 25
# Maximum distance in rank between channels that share a chat.
NEIGHBORS = 12
MODES = (
    ("slow", 10),
    ("slow", 30),
    ("followers-only", 10),
    ("followers-only", 0),
    ("subs-only", 1),
    ("emote-only", 1),
    ("r9k", 1),
)
# The modes that a moderator sets with one click, and the share of such clicks.
ONE_CLICK = (("followers-only", 10), ("slow", 30), ("subs-only", 1))
SHARE_OF_CLICKS = 0.4


@dataclass(frozen=True, slots=True)
class Session:
    """A Shared Chat of `members` in [`from_s`, `until_s`)."""

    from_s: int
    until_s: int
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mode:
    """A chat mode `tag` of a channel with `value` in [`from_s`, `until_s`)."""

    from_s: int
    until_s: int
    channel: int
    tag: str
    value: int


class RoomEvents:
    """The scheduled events of `count` channels."""

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._seed = seed
        self._sessions = lru_cache(maxsize=4)(self._make_sessions)
        self._modes = lru_cache(maxsize=4)(self._make_modes)

    def sharing(self, second: int) -> Mapping[int, Sequence[int]]:
        """Return the members of each sharing channel's session, including the channel itself."""
        active = (s for s in self._sessions(second // SLOT_S) if s.from_s <= second < s.until_s)
        return {member: session.members for session in active for member in session.members}

    def mode_changes(self, second: int) -> list[tuple[int, str, int]]:
        """Return this second's mode changes: channel, tag and new value."""
        modes = self._modes(second // SLOT_S)
        begun = [(mode.channel, mode.tag, mode.value) for mode in modes if mode.from_s == second]
        return begun + [(mode.channel, mode.tag, DEFAULT_MODES[mode.tag]) for mode in modes if mode.until_s == second]

    def modes(self, channel: int, second: int) -> Mapping[str, int]:
        """Return all modes of a channel in this second."""
        active = (m for m in self._modes(second // SLOT_S) if m.channel == channel and m.from_s <= second < m.until_s)
        return {**DEFAULT_MODES, **{mode.tag: mode.value for mode in active}}

    def _make_sessions(self, slot: int) -> list[Session]:
        draw = Random(f"sessions {self._seed} {slot}")
        free, sessions = set(range(self._count)), []
        for _ in range(-(-self._count // CHANNELS_PER_SESSION)):
            first = draw.randrange(self._count)
            near = [index for index in range(first, min(first + NEIGHBORS, self._count)) if index in free]
            members = tuple(draw.sample(near, min(len(near), draw.randint(2, 4))))
            if len(members) > 1:
                free.difference_update(members)
                sessions.append(Session(*_times(draw, slot), members))
        return sessions

    def _make_modes(self, slot: int) -> list[Mode]:
        draw = Random(f"modes {self._seed} {slot}")
        channels = draw.sample(range(self._count), -(-self._count // CHANNELS_PER_MODE))
        return [mode for channel in channels for mode in _modes_of_a_click(draw, slot, channel)]


def _modes_of_a_click(draw: Random, slot: int, channel: int) -> list[Mode]:
    """Return the one or more modes that a moderator sets at once. Twitch sends a line for each mode."""
    from_s, until_s = _times(draw, slot)
    modes = ONE_CLICK if draw.random() < SHARE_OF_CLICKS else (draw.choice(MODES),)
    return [Mode(from_s, until_s, channel, *mode) for mode in modes]


def _times(draw: Random, slot: int) -> tuple[int, int]:
    from_s = slot * SLOT_S + draw.randrange(SLOT_S // 2)
    return from_s, from_s + draw.randint(60, SLOT_S // 2 - 1)
