"""The seeded synthetic audience: who streams, how many watch, and who writes what when.

Viewers and streams are functions of the seed and the time alone, so a restarted simulator shows the same
Twitch; chat is one draw after another from the seed, timed from `start`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from uuid import UUID

from apps.ingest.simulator import phrases
from apps.ingest.simulator.source import Channel, Chat, Chatter, Stream, digits_of, name_channels

BIGGEST_VIEWERS = 80_000
# The 500th channel then has about 500 viewers.
RANK_EXPONENT = 0.82
RATE_EXPONENT = 0.7
BURST_CHANCE_PER_S = 1 / 240
BURST_S = (8, 30)
BURST_FACTOR = (2.0, 6.0)
# What bursts add to the average: 19 s of 240 at 3 times as much again.
MEAN_WITH_BURSTS = 1 + BURST_CHANCE_PER_S * sum(BURST_S) / 2 * (sum(BURST_FACTOR) / 2 - 1)
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Streamer:
    """What never changes about one channel of the audience; `weight` is its share of all chat."""

    channel: Channel
    viewers: float
    weight: float
    period_s: float
    phase: float
    category: int
    language: str
    title: str
    tags: tuple[str, ...]
    pool_start: int
    pool_size: int


class Audience:
    """Chat of `channels` invented channels at about `rate` messages a second in all."""

    def __init__(self, *, channels: int, rate: float, seed: int) -> None:
        """`rate` is an average over minutes: channels have moods and bursts."""
        self._seed = seed
        self._rate = rate
        self._streamers = _streamers(channels, seed)
        self.channels: Sequence[Channel] = [streamer.channel for streamer in self._streamers]
        self._population = max(100, int(sum(streamer.pool_size for streamer in self._streamers) * 0.8))
        self._random = Random(f"chat {seed}")
        self._ids = Random()
        self._start_ms = self._next_ms = math.inf
        self._burst_until_s = [0.0] * channels
        self._burst_factor = [1.0] * channels
        self._weights: list[float] = []
        self._weights_s = -1

    @property
    def finished(self) -> bool:
        """An audience never tires."""
        return False

    def start(self, now_ms: int) -> None:
        """Let the first message fall due at `now_ms`."""
        # Ids must differ from those of an earlier start with the same seed: the ledger holds both.
        self._ids = Random(f"ids {self._seed} {now_ms}")
        self._start_ms = self._next_ms = float(now_ms)

    def due(self, now_ms: int) -> Iterator[Chat]:
        """Yield what falls due up to `now_ms`, oldest first; what is not taken stays due."""
        while self._next_ms <= now_ms:
            due_ms = self._next_ms
            self._follow_moods(int((due_ms - self._start_ms) // 1000))
            rate = max(self._rate * self._weights[-1], 1e-9)
            self._next_ms += self._random.expovariate(rate) * 1000
            yield self._chat(due_ms)

    def streams(self, now_ms: int) -> list[Stream]:
        """Return what is live, most viewers first."""
        streams = [self._stream(streamer, now_ms) for streamer in self._streamers]
        return sorted(streams, key=lambda stream: (-stream.viewers, stream.channel.id))

    def _follow_moods(self, second: int) -> None:
        """Once a second of the audience's time: begin bursts, and weigh the channels anew."""
        if second == self._weights_s:
            return
        draw = self._random
        weights = []
        for index, streamer in enumerate(self._streamers):
            if draw.random() < BURST_CHANCE_PER_S:
                self._burst_until_s[index] = second + draw.uniform(*BURST_S)
                self._burst_factor[index] = draw.uniform(*BURST_FACTOR)
            burst = self._burst_factor[index] if second < self._burst_until_s[index] else 1.0
            mood = 1 + 0.35 * math.sin(math.tau * (second / streamer.period_s + streamer.phase))
            weights.append(streamer.weight * mood * burst / MEAN_WITH_BURSTS)
        self._weights = list(accumulate(weights))
        self._weights_s = second

    def _chat(self, due_ms: float) -> Chat:
        draw = self._random
        (index,) = draw.choices(range(len(self._streamers)), cum_weights=self._weights)
        streamer = self._streamers[index]
        # A few write most of it.
        number = (streamer.pool_start + int(streamer.pool_size * draw.random() ** 2.5)) % self._population
        text, emotes = phrases.chat_line(draw)
        newness = draw.random()
        return Chat(
            id=str(UUID(int=self._ids.getrandbits(128), version=4)),
            channel=streamer.channel,
            chatter=chatter(number, index),
            text=text,
            due_ms=due_ms,
            emotes=emotes,
            first=newness < 0.004,
            returning=newness > 0.996,
        )

    def _stream(self, streamer: Streamer, now_ms: int) -> Stream:
        # Broadcasts of 6 to 12 hours follow one another.
        length_ms = int((6 + 6 * streamer.phase) * HOUR_MS)
        number, into_ms = divmod(now_ms + int(streamer.phase * length_ms), length_ms)
        return Stream(
            id=str(digits_of(f"stream {streamer.channel.id} {number}", 11)),
            channel=streamer.channel,
            viewers=viewers_at(streamer.viewers, streamer.period_s, streamer.phase, now_ms),
            category_id=str(digits_of(f"category {phrases.CATEGORIES[streamer.category]}", 6)),
            category=phrases.CATEGORIES[streamer.category],
            language=streamer.language,
            title=streamer.title,
            tags=streamer.tags,
            started_ms=now_ms - into_ms,
        )


def viewers_at(viewers: float, period_s: float, phase: float, now_ms: int) -> int:
    """Return `viewers` as they have drifted by `now_ms`: slow swings, a ripple, now and then a steep rise."""
    turns = now_ms / 1000 / period_s + phase
    swing = 0.18 * math.sin(math.tau * turns)
    ripple = 0.04 * math.sin(math.tau * (turns * 7.3 + phase * 3))
    rise = 1.5 * max(0.0, math.sin(math.tau * (turns / 9 + phase * 5))) ** 40
    return max(1, round(viewers * (1 + swing + ripple + rise)))


def chatter(number: int, channel_index: int) -> Chatter:
    """Return the person `number` of the population as the channel `channel_index` knows them."""
    first = phrases.FIRST_WORDS[number * 7 % len(phrases.FIRST_WORDS)]
    second = phrases.SECOND_WORDS[number * 13 % len(phrases.SECOND_WORDS)]
    login = f"{first}_{second}{number}"
    standing = (number * 2_654_435_761 + channel_index * 40_503) % 1_000_003
    months = standing // 1_000 % 60 + 1
    subscriber, mod = standing % 100 < 25, standing % 250 == 7
    info = [f"subscriber/{months}"] if subscriber else []
    info += ["predictions/Will it work; yes"] if standing % 97 == 3 else []
    badges = [name for name, has in (("moderator/1", mod), (f"subscriber/{months // 3 * 3}", subscriber)) if has]
    return Chatter(
        id=str(1_000_000_000 + number),
        login=login,
        name=phrases.OTHER_SCRIPTS[number % len(phrases.OTHER_SCRIPTS)] if number % 29 == 0 else login.title(),
        color=phrases.COLORS[number % len(phrases.COLORS)],
        badges=",".join(badges),
        badge_info=",".join(info),
        subscriber=subscriber,
        mod=mod,
    )


def _streamers(count: int, seed: int) -> list[Streamer]:
    draw = Random(f"streamers {seed}")
    channels = name_channels(phrases.channel_names(count, draw))
    viewers = [BIGGEST_VIEWERS * draw.uniform(0.85, 1.15) / rank**RANK_EXPONENT for rank in range(1, count + 1)]
    shares = [number**RATE_EXPONENT * draw.lognormvariate(0, 0.5) for number in viewers]
    streamers, pool_start = [], 0
    for channel, number, share in zip(channels, viewers, shares, strict=True):
        pool_size = 20 + int(number * 0.05)
        streamers.append(
            Streamer(
                channel=channel,
                viewers=number,
                weight=share / sum(shares),
                period_s=draw.uniform(600, 5_400),
                phase=draw.random(),
                category=min(int(draw.expovariate(0.25)), len(phrases.CATEGORIES) - 1),
                language=draw.choice(phrases.LANGUAGES),
                title=phrases.title(draw),
                tags=tuple(draw.sample(phrases.TAGS, 3)),
                pool_start=pool_start,
                pool_size=pool_size,
            )
        )
        pool_start += pool_size
    return streamers
