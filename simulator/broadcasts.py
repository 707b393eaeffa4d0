"""Synthetic broadcasts, viewers and raids, which depend only on the seed and the time.

A restarted simulator therefore continues them. Times are ms since the epoch.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from core.pipeline.intervals import Span
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from simulator import phrases
from simulator.source import Channel, Stream, digits_of, name_channels

BIGGEST_VIEWERS = 80_000
# The 500th channel then has about 500 viewers.
RANK_EXPONENT = 0.82
RATE_EXPONENT = 0.7
# The largest channels are always live, so that a small simulation is not empty.
ALWAYS_ON = 10
SHORT_SHARE = 0.15
# Ramp-up time of a broadcast's viewers.
ARRIVING_MS = 8 * MINUTE_MS
RAID_CHANCE = 0.5
RAID_SLOT_MS = 10 * MINUTE_MS
# Half-life of the viewers gained by a raid; all have left after RAID_SLOTS slots.
RAID_HALF_LIFE_MS = 10 * MINUTE_MS
RAID_SLOTS = 5
# Number of timestamps whose raid effects are cached. A history computes an hour channel by channel, so the effects of
# a minute are needed once per channel.
RAID_TIMES = 64
BLIP_ONE_IN = 500
BLIP_MS = 30_000
# Viewers and chat peak in the evening, most of all on Saturday; over a week, their multipliers average 1.
EVENING_HOUR, SATURDAY = 21, 2
DAILY_SWING, WEEKLY_SWING = 0.25, 0.1
WEEK_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class Streamer:
    """Constants of one channel; `weight` is its share of all chat while every channel is live.

    A broadcast of `live_ms` begins every `cycle_ms`, `shift_ms` before a multiple of `cycle_ms`.
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
    """A raid of `viewers` from channel `raider` to channel `target`; both are indexes."""

    at_ms: int
    raider: int
    target: int
    viewers: int


@dataclass(frozen=True, slots=True)
class Scene:
    """A part of a broadcast with one title and category, in [`from_ms`, `until_ms`)."""

    from_ms: int
    until_ms: int
    title: str
    category: str


class Broadcasts:
    """The broadcasts of `count` synthetic channels."""

    def __init__(self, count: int, seed: int) -> None:
        self.streamers: Sequence[Streamer] = _streamers(count, seed)
        self._seed = seed
        self._raids_of_slot = lru_cache(maxsize=4 * RAID_SLOTS)(self._find_raids)
        self._raid_effects = lru_cache(maxsize=RAID_TIMES)(self._find_raid_effects)
        self._scene = lru_cache(maxsize=2 * count + 100)(self._make_scene)

    def is_live(self, index: int, now_ms: int) -> bool:
        """Return whether a channel is live."""
        streamer = self.streamers[index]
        return _cycle_position(streamer, now_ms)[1] < streamer.live_ms

    def live(self, now_ms: int) -> list[bool]:
        """Return whether each channel is live."""
        return [(now_ms + streamer.shift_ms) % streamer.cycle_ms < streamer.live_ms for streamer in self.streamers]

    def streams(self, now_ms: int) -> list[Stream]:
        """Return the live streams by descending viewers; occasionally one reports 0 or 1 viewers."""
        live = [(-self.viewers(index, now_ms), index) for index, is_live in enumerate(self.live(now_ms)) if is_live]
        return [self._stream(index, -viewers, now_ms) for viewers, index in sorted(live)]

    def stream(self, index: int, now_ms: int) -> Stream:
        """Return the stream of a live channel."""
        return self._stream(index, self.viewers(index, now_ms), now_ms)

    def viewers(self, index: int, now_ms: int) -> int:
        """Return the viewers of a live channel, without the occasional wrong report."""
        return max(1, self._viewers(index, now_ms) + self._raid_effects(now_ms).get(index, 0))

    def spans(self, index: int, from_ms: int, until_ms: int) -> list[Span]:
        """Return the start and end of a channel's broadcasts that overlap [`from_ms`, `until_ms`), oldest first."""
        streamer = self.streamers[index]
        long_ms = min(streamer.live_ms, streamer.cycle_ms)
        first, _ = _cycle_position(streamer, from_ms)
        last, _ = _cycle_position(streamer, until_ms - 1)
        starts = (number * streamer.cycle_ms - streamer.shift_ms for number in range(first, last + 1))
        return [(start_ms, start_ms + long_ms) for start_ms in starts if start_ms + long_ms > from_ms]

    def scene(self, index: int, now_ms: int) -> Scene:
        """Return the scene of a live channel."""
        streamer = self.streamers[index]
        number, into_ms = _cycle_position(streamer, now_ms)
        scene = into_ms // streamer.scene_ms
        _, title, _, category = self._scene(index, number, scene)
        began_ms = now_ms - into_ms + scene * streamer.scene_ms
        return Scene(began_ms, began_ms + streamer.scene_ms, title, category)

    def raids(self, from_ms: int, until_ms: int) -> list[Raid]:
        """Return the raids that arrive in [`from_ms`, `until_ms`), oldest first."""
        slots = range(from_ms // RAID_SLOT_MS, (until_ms - 1) // RAID_SLOT_MS + 1)
        return [raid for slot in slots for raid in self._raids_of_slot(slot) if from_ms <= raid.at_ms < until_ms]

    def _viewers(self, index: int, now_ms: int) -> int:
        streamer = self.streamers[index]
        _, into_ms = _cycle_position(streamer, now_ms)
        arrived = 1.0 if index < ALWAYS_ON else min(1.0, 0.3 + 0.7 * into_ms / ARRIVING_MS)
        usual = streamer.viewers * arrived * rhythm(streamer, now_ms)
        return drifted(usual, streamer.period_s, streamer.phase, now_ms)

    def _find_raid_effects(self, now_ms: int) -> Mapping[int, int]:
        """Return the change in viewers that raids cause, by channel."""
        effects: defaultdict[int, int] = defaultdict(int)
        for raid in self.raids(now_ms - RAID_SLOTS * RAID_SLOT_MS, now_ms + 1):
            effects[raid.target] += round(raid.viewers * 0.5 ** ((now_ms - raid.at_ms) / RAID_HALF_LIFE_MS))
            if now_ms < raid.at_ms + 2 * MINUTE_MS:
                effects[raid.raider] -= raid.viewers
        return effects

    def _find_raids(self, slot: int) -> list[Raid]:
        from_ms = slot * RAID_SLOT_MS
        raids = []
        for index in range(ALWAYS_ON, len(self.streamers)):
            streamer = self.streamers[index]
            number, into_ms = _cycle_position(streamer, from_ms)
            # A raid precedes the end of its broadcast, which may be in the next slot.
            if into_ms < streamer.live_ms <= into_ms + RAID_SLOT_MS + MINUTE_MS:
                raid = self._raid(index, number, from_ms - into_ms + streamer.live_ms)
                if raid and raid.at_ms // RAID_SLOT_MS == slot:
                    raids.append(raid)
        return sorted(raids, key=lambda raid: raid.at_ms)

    def _raid(self, index: int, number: int, end_ms: int) -> Raid | None:
        """Return the raid at the end of a broadcast, if there is one and its target is live."""
        draw = Random(f"raid {self._seed} {index} {number}")
        at_ms = end_ms - draw.randint(10_000, 50_000)
        wants_raid, share = draw.random() < RAID_CHANCE, draw.uniform(0.5, 0.9)
        target = draw.randrange(len(self.streamers))
        stays = self.is_live(target, at_ms) and self.is_live(target, at_ms + RAID_SLOT_MS)
        if not wants_raid or target == index or not stays:
            return None
        return Raid(at_ms, index, target, int(self._viewers(index, at_ms) * share))

    def _stream(self, index: int, viewers: int, now_ms: int) -> Stream:
        streamer = self.streamers[index]
        number, into_ms = _cycle_position(streamer, now_ms)
        stream_id, title, category_id, category = self._scene(index, number, into_ms // streamer.scene_ms)
        period = now_ms // BLIP_MS
        blips = hash((self._seed, index, period)) % BLIP_ONE_IN == 0
        return Stream(
            id=stream_id,
            channel=streamer.channel,
            viewers=period % 2 if blips else viewers,
            category_id=category_id,
            category=category,
            language=streamer.language,
            title=title,
            tags=streamer.tags,
            started_ms=now_ms - into_ms,
        )

    def _make_scene(self, index: int, number: int, scene: int) -> tuple[str, str, str, str]:
        """Return the broadcast's id and the title, category id and category of its scene."""
        streamer = self.streamers[index]
        draw = Random(f"scene {self._seed} {index} {number} {scene}")
        category = _category(draw) if scene and draw.random() < 0.5 else streamer.category
        stream_id = str(digits_of(f"stream {streamer.channel.id} {number}", 11))
        return stream_id, phrases.title(draw), str(digits_of(f"category {category}", 6)), category


def rhythm(streamer: Streamer, now_ms: int) -> float:
    """Return the multiplier to apply to a channel's usual viewers and chat at this time of day and day of the week."""
    since_evening_ms = now_ms - (EVENING_HOUR - phrases.UTC_OFFSETS.get(streamer.language, 1)) * HOUR_MS
    daily = math.cos(math.tau * since_evening_ms / DAY_MS)
    weekly = math.cos(math.tau * (since_evening_ms - SATURDAY * DAY_MS) / WEEK_MS)
    return (1 + DAILY_SWING * daily) * (1 + WEEKLY_SWING * weekly)


def mood(streamer: Streamer, second: float) -> float:
    """Return the multiplier to apply to a channel's chat; it oscillates slowly around 1."""
    return 1 + 0.35 * math.sin(math.tau * (second / streamer.period_s + streamer.phase))


def drifted(viewers: float, period_s: float, phase: float, now_ms: int) -> int:
    """Return `viewers` with a slow swing, a ripple and an occasional steep rise at `now_ms`."""
    turns = now_ms / 1000 / period_s + phase
    swing = 0.18 * math.sin(math.tau * turns)
    ripple = 0.04 * math.sin(math.tau * (turns * 7.3 + phase * 3))
    rise = 1.5 * max(0.0, math.sin(math.tau * (turns / 9 + phase * 5))) ** 40
    return max(1, round(viewers * (1 + swing + ripple + rise)))


def _cycle_position(streamer: Streamer, now_ms: int) -> tuple[int, int]:
    """Return the number of the latest broadcast and the ms since its start."""
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
        cycle_ms, live_ms = _cycle(index, draw)
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
    """Return a common language or, for every third channel, the next of all Twitch languages."""
    usual = draw.choice(phrases.LANGUAGES)
    turn, remainder = divmod(index, 3)
    return usual if remainder else phrases.ALL_LANGUAGES[turn % len(phrases.ALL_LANGUAGES)]


def _cycle(index: int, draw: Random) -> tuple[int, int]:
    """Return a channel's cycle and broadcast length: mostly hours, sometimes minutes."""
    short = draw.random() < SHORT_SHARE
    hours, live = (draw.uniform(0.6, 2.0), draw.uniform(0.6, 0.85)) if short else (draw.uniform(6, 12), 0.95)
    cycle_ms = int(hours * HOUR_MS)
    if index < ALWAYS_ON:
        return int(draw.uniform(6, 12) * HOUR_MS), 24 * HOUR_MS
    return cycle_ms, int(cycle_ms * live)
