"""Who streams what before how many, and who raids whom: functions of the seed and the time alone.

A restarted simulator therefore shows the same Twitch. Times are milliseconds since the epoch.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from core.times import HOUR_MS, MINUTE_MS
from simulator import phrases
from simulator.source import Channel, Stream, digits_of, name_channels

BIGGEST_VIEWERS = 80_000
# The 500th channel then has about 500 viewers.
RANK_EXPONENT = 0.82
RATE_EXPONENT = 0.7
# The biggest are never off for longer than a change of broadcast, so that a small Twitch is not empty.
ALWAYS_ON = 10
SHORT_SHARE = 0.15
# A broadcast's viewers come in over its first minutes.
ARRIVING_MS = 8 * MINUTE_MS
RAID_CHANCE = 0.5
RAID_SLOT_MS = 10 * MINUTE_MS
# Half of those whom a raid brought have left after this, and all after the last slot that is looked at.
RAID_HALF_LIFE_MS = 10 * MINUTE_MS
RAID_SLOTS = 5
BLIP_ONE_IN = 500
BLIP_MS = 30_000


@dataclass(frozen=True, slots=True)
class Streamer:
    """What never changes about one channel; `weight` is its share of all chat while everybody is live.

    A broadcast of `live_ms` begins every `cycle_ms`, `shift_ms` before a multiple of that.
    """

    channel: Channel
    viewers: float
    weight: float
    period_s: float
    phase: float
    category: str
    language: str
    tags: tuple[str, ...]
    cycle_ms: int
    live_ms: int
    shift_ms: int
    scene_ms: int
    pool_start: int
    pool_size: int


@dataclass(frozen=True, slots=True)
class Raid:
    """An audience that moves on: `viewers` of the channel `raider` to `target`, both by index."""

    at_ms: int
    raider: int
    target: int
    viewers: int


class Broadcasts:
    """The broadcasts of `count` invented channels."""

    def __init__(self, count: int, seed: int) -> None:
        self.streamers: Sequence[Streamer] = _streamers(count, seed)
        self._seed = seed
        self._raids_of_slot = lru_cache(maxsize=4 * RAID_SLOTS)(self._find_raids)
        self._scene = lru_cache(maxsize=2 * count + 100)(self._make_scene)

    def is_live(self, index: int, now_ms: int) -> bool:
        """Return whether a channel streams."""
        streamer = self.streamers[index]
        return _place(streamer, now_ms)[1] < streamer.live_ms

    def live(self, now_ms: int) -> list[bool]:
        """Return for every channel whether it streams."""
        return [(now_ms + streamer.shift_ms) % streamer.cycle_ms < streamer.live_ms for streamer in self.streamers]

    def streams(self, now_ms: int) -> list[Stream]:
        """Return what is live, most viewers first; now and then one shows 0 or 1 viewers for a moment."""
        moved = self._moved(now_ms)
        live = [
            (-max(1, self._viewers(index, now_ms) + moved.get(index, 0)), index)
            for index, streams in enumerate(self.live(now_ms))
            if streams
        ]
        return [self._stream(index, -viewers, now_ms) for viewers, index in sorted(live)]

    def raids(self, from_ms: int, until_ms: int) -> list[Raid]:
        """Return the raids that arrive in [`from_ms`, `until_ms`), oldest first."""
        slots = range(from_ms // RAID_SLOT_MS, (until_ms - 1) // RAID_SLOT_MS + 1)
        return [raid for slot in slots for raid in self._raids_of_slot(slot) if from_ms <= raid.at_ms < until_ms]

    def _viewers(self, index: int, now_ms: int) -> int:
        streamer = self.streamers[index]
        _, into_ms = _place(streamer, now_ms)
        arrived = 1.0 if index < ALWAYS_ON else min(1.0, 0.3 + 0.7 * into_ms / ARRIVING_MS)
        return drifted(streamer.viewers * arrived, streamer.period_s, streamer.phase, now_ms)

    def _moved(self, now_ms: int) -> Mapping[int, int]:
        """Return by channel how many more, or fewer, it has through raids."""
        moved: defaultdict[int, int] = defaultdict(int)
        for raid in self.raids(now_ms - RAID_SLOTS * RAID_SLOT_MS, now_ms + 1):
            moved[raid.target] += round(raid.viewers * 0.5 ** ((now_ms - raid.at_ms) / RAID_HALF_LIFE_MS))
            if now_ms < raid.at_ms + 2 * MINUTE_MS:
                moved[raid.raider] -= raid.viewers
        return moved

    def _find_raids(self, slot: int) -> list[Raid]:
        from_ms = slot * RAID_SLOT_MS
        raids = []
        for index in range(ALWAYS_ON, len(self.streamers)):
            streamer = self.streamers[index]
            number, into_ms = _place(streamer, from_ms)
            # The broadcast may end in the next slot with its raid in this one, never the other way round.
            if into_ms < streamer.live_ms <= into_ms + RAID_SLOT_MS + MINUTE_MS:
                raid = self._raid(index, number, from_ms - into_ms + streamer.live_ms)
                if raid and raid.at_ms // RAID_SLOT_MS == slot:
                    raids.append(raid)
        return sorted(raids, key=lambda raid: raid.at_ms)

    def _raid(self, index: int, number: int, end_ms: int) -> Raid | None:
        """Return the raid with which a broadcast ends, if it does and somebody is there to be raided."""
        draw = Random(f"raid {self._seed} {index} {number}")
        at_ms = end_ms - draw.randint(10_000, 50_000)
        wished, share = draw.random() < RAID_CHANCE, draw.uniform(0.5, 0.9)
        target = draw.randrange(len(self.streamers))
        stays = self.is_live(target, at_ms) and self.is_live(target, at_ms + RAID_SLOT_MS)
        if not wished or target == index or not stays:
            return None
        return Raid(at_ms, index, target, int(self._viewers(index, at_ms) * share))

    def _stream(self, index: int, viewers: int, now_ms: int) -> Stream:
        streamer = self.streamers[index]
        number, into_ms = _place(streamer, now_ms)
        stream_id, title, category_id, category = self._scene(index, number, into_ms // streamer.scene_ms)
        moment = now_ms // BLIP_MS
        blips = hash((self._seed, index, moment)) % BLIP_ONE_IN == 0
        return Stream(
            id=stream_id,
            channel=streamer.channel,
            viewers=moment % 2 if blips else viewers,
            category_id=category_id,
            category=category,
            language=streamer.language,
            title=title,
            tags=streamer.tags,
            started_ms=now_ms - into_ms,
        )

    def _make_scene(self, index: int, number: int, scene: int) -> tuple[str, str, str, str]:
        """Return a broadcast's id, and the title, category id and category of its `scene`th part."""
        streamer = self.streamers[index]
        draw = Random(f"scene {self._seed} {index} {number} {scene}")
        category = _category(draw) if scene and draw.random() < 0.5 else streamer.category
        stream_id = str(digits_of(f"stream {streamer.channel.id} {number}", 11))
        return stream_id, phrases.title(draw), str(digits_of(f"category {category}", 6)), category


def drifted(viewers: float, period_s: float, phase: float, now_ms: int) -> int:
    """Return `viewers` as they have drifted by `now_ms`: slow swings, a ripple, now and then a steep rise."""
    turns = now_ms / 1000 / period_s + phase
    swing = 0.18 * math.sin(math.tau * turns)
    ripple = 0.04 * math.sin(math.tau * (turns * 7.3 + phase * 3))
    rise = 1.5 * max(0.0, math.sin(math.tau * (turns / 9 + phase * 5))) ** 40
    return max(1, round(viewers * (1 + swing + ripple + rise)))


def _place(streamer: Streamer, now_ms: int) -> tuple[int, int]:
    """Return the number of the newest broadcast, and how long ago it began."""
    return divmod(now_ms + streamer.shift_ms, streamer.cycle_ms)


def _category(draw: Random) -> str:
    return phrases.CATEGORIES[min(int(draw.expovariate(0.25)), len(phrases.CATEGORIES) - 1)]


def _streamers(count: int, seed: int) -> list[Streamer]:
    draw = Random(f"streamers {seed}")
    channels = name_channels(phrases.channel_names(count, draw))
    viewers = [BIGGEST_VIEWERS * draw.uniform(0.85, 1.15) / rank**RANK_EXPONENT for rank in range(1, count + 1)]
    shares = [number**RATE_EXPONENT * draw.lognormvariate(0, 0.5) for number in viewers]
    all_shares = sum(shares)
    streamers, pool_start = [], 0
    for index, (channel, number, share) in enumerate(zip(channels, viewers, shares, strict=True)):
        pool_size = 20 + int(number * 0.05)
        cycle_ms, live_ms = _rhythm(index, draw)
        streamers.append(
            Streamer(
                channel=channel,
                viewers=number,
                weight=share / all_shares,
                period_s=draw.uniform(600, 5_400),
                phase=draw.random(),
                category=_category(draw),
                language=_language(index, draw),
                tags=tuple(draw.sample(phrases.TAGS, 3)),
                cycle_ms=cycle_ms,
                live_ms=live_ms,
                shift_ms=draw.randrange(cycle_ms),
                scene_ms=draw.randint(30, 120) * MINUTE_MS,
                pool_start=pool_start,
                pool_size=pool_size,
            )
        )
        pool_start += pool_size
    return streamers


def _language(index: int, draw: Random) -> str:
    """Return a usual language; every third channel takes the next of all that Twitch knows."""
    usual = draw.choice(phrases.LANGUAGES)
    turn, left = divmod(index, 3)
    return usual if left else phrases.ALL_LANGUAGES[turn % len(phrases.ALL_LANGUAGES)]


def _rhythm(index: int, draw: Random) -> tuple[int, int]:
    """Return how often a channel's broadcasts begin and how long each lasts: most for hours, some for minutes."""
    short = draw.random() < SHORT_SHARE
    hours, live = (draw.uniform(0.6, 2.0), draw.uniform(0.6, 0.85)) if short else (draw.uniform(6, 12), 0.95)
    cycle_ms = int(hours * HOUR_MS)
    if index < ALWAYS_ON:
        return int(draw.uniform(6, 12) * HOUR_MS), 24 * HOUR_MS
    return cycle_ms, int(cycle_ms * live)
