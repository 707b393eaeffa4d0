"""Seeded synthetic audience: schedules items and assigns them to rooms.

Streams, raids, shared chats and chat modes depend only on the seed and the time, so a restarted simulator continues
them. Chat is a sequence of draws from the seed, timed from `start`.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import accumulate, count
from random import Random

from simulator.broadcasts import Broadcasts, mood, rhythm
from simulator.crowd import Crowd
from simulator.room_events import RoomEvents
from simulator.source import Channel, Item, Stream

BURST_CHANCE_PER_S = 1 / 240
BURST_S = (8, 30)
BURST_FACTOR = (2.0, 6.0)
# Mean rate including bursts, relative to the usual rate: on average, 19 of every 240 s run at four times that rate.
MEAN_WITH_BURSTS = 1 + BURST_CHANCE_PER_S * sum(BURST_S) / 2 * (sum(BURST_FACTOR) / 2 - 1)
# Share of the chat that continues after a broadcast.
OFFLINE_WEIGHT = 0.02
# Interval between the bots' posts, with a different phase in each room.
REMIND_EVERY_S = 900


class Audience:
    """A source with `channels` synthetic channels and about `rate` items a second in total."""

    def __init__(self, *, channels: int, rate: float, seed: int) -> None:
        """`rate` is an average over minutes, because rooms fluctuate and burst, and shared chats multiply messages."""
        self._rate = rate
        self._broadcasts = Broadcasts(channels, seed)
        self._room_events = RoomEvents(channels, seed)
        self._streamers = self._broadcasts.streamers
        self.channels: Sequence[Channel] = [streamer.channel for streamer in self._streamers]
        self._index = {channel.id: index for index, channel in enumerate(self.channels)}
        self._random = Random(f"chat {seed}")
        self._crowd = Crowd(self._streamers, seed, self._random)
        self._start_ms = self._next_ms = self._second_ms = math.inf
        self._per_ms = 0.0
        # Heap of future items; the number breaks ties between equal times.
        self._scheduled: list[tuple[float, int, Item]] = []
        self._number = count()
        self._burst_until_s = [0.0] * channels
        self._burst_factor = [1.0] * channels
        self._weights: list[float] = []
        self._reminders: defaultdict[int, list[int]] = defaultdict(list)
        for index in range(channels):
            self._reminders[index * 7919 % REMIND_EVERY_S].append(index)

    @property
    def finished(self) -> bool:
        """Always False."""
        return False

    def start(self, now_ms: int) -> None:
        """Start the schedule; the first item is due at `now_ms`."""
        self._crowd.start(now_ms)
        self._start_ms = self._next_ms = float(now_ms)
        self._second_ms = now_ms // 1000 * 1000.0

    def due(self, now_ms: int) -> Iterator[Item]:
        """Yield the items due by `now_ms`, oldest first; items that are not consumed remain due."""
        scheduled = self._scheduled
        while True:
            next_ms = min(self._next_ms, self._second_ms)
            if scheduled and scheduled[0][0] <= next_ms and scheduled[0][0] <= now_ms:
                yield heappop(scheduled)[2]
            elif next_ms > now_ms:
                return
            elif self._second_ms <= self._next_ms:
                self._second_ms += 1000
                self._begin_second(int(next_ms) // 1000)
            else:
                self._next_ms += self._random.expovariate(self._per_ms)
                index = self._room()
                items = self._crowd.act(index, next_ms)
                if len(items) > 1:
                    self._schedule(items[1:])
                yield items[0]

    def streams(self, now_ms: int) -> list[Stream]:
        """Return the live streams by descending viewers; occasionally one reports 0 or 1 viewers."""
        return self._broadcasts.streams(now_ms)

    def modes(self, channel: Channel, now_ms: int) -> Mapping[str, int]:
        """Return all chat modes of a room by ROOMSTATE tag."""
        return self._room_events.modes(self._index[channel.id], now_ms // 1000)

    def _room(self) -> int:
        weights = self._weights
        return bisect(weights, self._random.random() * weights[-1], 0, len(weights) - 1)

    def _schedule(self, items: Iterable[Item]) -> None:
        for item in items:
            heappush(self._scheduled, (item.due_ms, next(self._number), item))

    def _begin_second(self, second: int) -> None:
        """Update the rooms' weights and schedule this second's raids, mode changes and reminders."""
        now_ms = second * 1000
        live = self._broadcasts.live(now_ms)
        self._weigh(second, live)
        self._crowd.sharing = {
            index: [member for member in members if live[member]]
            for index, members in self._room_events.sharing(second).items()
            if live[index]
        }
        due_ms = max(float(now_ms), self._start_ms)
        for raid in self._broadcasts.raids(now_ms, now_ms + 1000):
            if raid.at_ms >= due_ms:
                self._schedule(self._crowd.arrive(raid))
        for change in self._room_events.mode_changes(second):
            self._schedule(self._crowd.change_mode(*change, due_ms))
        for index in self._reminders[second % REMIND_EVERY_S]:
            if live[index]:
                self._schedule(self._crowd.post_reminder(index, due_ms))

    def _weigh(self, second: int, live: Sequence[bool]) -> None:
        draw = self._random.random
        weights = []
        for index, streamer in enumerate(self._streamers):
            if draw() < BURST_CHANCE_PER_S:
                self._burst_until_s[index] = second + self._random.uniform(*BURST_S)
                self._burst_factor[index] = self._random.uniform(*BURST_FACTOR)
            burst = self._burst_factor[index] if second < self._burst_until_s[index] else 1.0
            presence = 1.0 if live[index] else OFFLINE_WEIGHT
            usual = streamer.weight * rhythm(streamer, second * 1000) * mood(streamer, second)
            weights.append(usual * burst * presence / MEAN_WITH_BURSTS)
        self._weights = list(accumulate(weights))
        self._per_ms = max(self._rate * self._weights[-1] / 1000, 1e-12)
