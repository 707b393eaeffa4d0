"""The seeded synthetic audience: when something happens, and in which room.

Streams, raids, shared chats and chat modes are functions of the seed and the time alone, so a restarted
simulator goes on with them; chat is one draw after another from the seed, timed from `start`.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import accumulate, count
from random import Random

from simulator.broadcasts import Broadcasts
from simulator.crowd import Crowd
from simulator.happenings import Happenings
from simulator.source import Channel, Item, Stream

BURST_CHANCE_PER_S = 1 / 240
BURST_S = (8, 30)
BURST_FACTOR = (2.0, 6.0)
# What bursts add to the average: 19 s of 240 at 3 times as much again.
MEAN_WITH_BURSTS = 1 + BURST_CHANCE_PER_S * sum(BURST_S) / 2 * (sum(BURST_FACTOR) / 2 - 1)
# Some stay in the room when the stream is over.
OFFLINE_WEIGHT = 0.02
# Bots post by the clock once in so many seconds, each room's at another.
REMIND_EVERY_S = 900


class Audience:
    """`channels` invented channels at about `rate` items a second in all."""

    def __init__(self, *, channels: int, rate: float, seed: int) -> None:
        """`rate` is an average over minutes: rooms have moods and bursts, and shared chats multiply."""
        self._rate = rate
        self._broadcasts = Broadcasts(channels, seed)
        self._happenings = Happenings(channels, seed)
        self._streamers = self._broadcasts.streamers
        self.channels: Sequence[Channel] = [streamer.channel for streamer in self._streamers]
        self._index = {channel.id: index for index, channel in enumerate(self.channels)}
        self._random = Random(f"chat {seed}")
        self._crowd = Crowd(self._streamers, seed, self._random)
        self._start_ms = self._next_ms = self._second_ms = math.inf
        self._per_ms = 0.0
        # What falls due later, with a number that keeps equal times in order.
        self._later: list[tuple[float, int, Item]] = []
        self._number = count()
        self._burst_until_s = [0.0] * channels
        self._burst_factor = [1.0] * channels
        self._weights: list[float] = []
        self._reminded: defaultdict[int, list[int]] = defaultdict(list)
        for index in range(channels):
            self._reminded[index * 7919 % REMIND_EVERY_S].append(index)

    @property
    def finished(self) -> bool:
        """An audience never tires."""
        return False

    def start(self, now_ms: int) -> None:
        """Let the first item fall due at `now_ms`."""
        self._crowd.start(now_ms)
        self._start_ms = self._next_ms = float(now_ms)
        self._second_ms = now_ms // 1000 * 1000.0

    def due(self, now_ms: int) -> Iterator[Item]:
        """Yield what falls due up to `now_ms`, oldest first; what is not taken stays due."""
        later = self._later
        while True:
            moment_ms = min(self._next_ms, self._second_ms)
            if later and later[0][0] <= moment_ms and later[0][0] <= now_ms:
                yield heappop(later)[2]
            elif moment_ms > now_ms:
                return
            elif self._second_ms <= self._next_ms:
                self._second_ms += 1000
                self._begin_second(int(moment_ms) // 1000)
            else:
                self._next_ms += self._random.expovariate(self._per_ms)
                index = self._room()
                items = self._crowd.act(index, moment_ms)
                if len(items) > 1:
                    self._keep(items[1:])
                yield items[0]

    def streams(self, now_ms: int) -> list[Stream]:
        """Return what is live, most viewers first; now and then one shows 0 or 1 viewers for a moment."""
        return self._broadcasts.streams(now_ms)

    def modes(self, channel: Channel, now_ms: int) -> Mapping[str, int]:
        """Return every chat mode of a room by its ROOMSTATE tag."""
        return self._happenings.modes(self._index[channel.id], now_ms // 1000)

    def _room(self) -> int:
        weights = self._weights
        return bisect(weights, self._random.random() * weights[-1], 0, len(weights) - 1)

    def _keep(self, items: Iterable[Item]) -> None:
        for item in items:
            heappush(self._later, (item.due_ms, next(self._number), item))

    def _begin_second(self, second: int) -> None:
        """Weigh the rooms anew, and let happen what happens by the clock in this second."""
        now_ms = second * 1000
        live = self._broadcasts.live(now_ms)
        self._weigh(second, live)
        self._crowd.sharing = {
            index: [member for member in members if live[member]]
            for index, members in self._happenings.sharing(second).items()
            if live[index]
        }
        due_ms = max(float(now_ms), self._start_ms)
        for raid in self._broadcasts.raids(now_ms, now_ms + 1000):
            if raid.at_ms >= due_ms:
                self._keep(self._crowd.arrive(raid))
        for change in self._happenings.mode_changes(second):
            self._keep(self._crowd.change_mode(*change, due_ms))
        for index in self._reminded[second % REMIND_EVERY_S]:
            if live[index]:
                self._keep(self._crowd.remind(index, due_ms))

    def _weigh(self, second: int, live: Sequence[bool]) -> None:
        draw = self._random.random
        weights = []
        for index, streamer in enumerate(self._streamers):
            if draw() < BURST_CHANCE_PER_S:
                self._burst_until_s[index] = second + self._random.uniform(*BURST_S)
                self._burst_factor[index] = self._random.uniform(*BURST_FACTOR)
            burst = self._burst_factor[index] if second < self._burst_until_s[index] else 1.0
            mood = 1 + 0.35 * math.sin(math.tau * (second / streamer.period_s + streamer.phase))
            here = 1.0 if live[index] else OFFLINE_WEIGHT
            weights.append(streamer.weight * mood * burst * here / MEAN_WITH_BURSTS)
        self._weights = list(accumulate(weights))
        self._per_ms = max(self._rate * self._weights[-1] / 1000, 1e-12)
