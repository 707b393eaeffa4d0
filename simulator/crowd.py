"""What the people in the rooms do: each call gives the items of one moment, the first of them due now."""

from __future__ import annotations

from bisect import bisect
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from random import Random
from uuid import UUID

from simulator import notices, people, phrases, talk
from simulator.broadcasts import Raid, Streamer
from simulator.source import Channel, Chat, Chatter, Deletion, Item, ModeChange, Notice, Removal, Shared

# Out of so many doings.
ALL_DOINGS = 100_000
CHEERS = (1, 1, 10, 50, 100, 100, 100, 200, 500, 1_000, 5_000)
TIMEOUT_S = (1, 10, 60, 300, 600, 600, 600, 3_600, 86_400)
# Of a room's messages one in so many is remembered, and the last of those can be deleted.
REMEMBER_ONE_IN = 10
RECENT = 4
RAID_S = 20
MOST_RAIDERS = 40
NEWCOMERS = 4_000_000
# Added again and again it visits every number of 48 bits once, in no order that can be seen.
ID_STEP = 0x9E37_79B9_7F4B
ID_MASK = (1 << 48) - 1
# A room and a moment in, the items of that moment and what follows out.
Doing = Callable[[int, float], list[Item]]


class Crowd:
    """Everybody in the rooms of `streamers`; rooms are known by index. `sharing` is who shares whose chat now."""

    def __init__(self, streamers: Sequence[Streamer], seed: int, draw: Random) -> None:
        self.sharing: Mapping[int, Sequence[int]] = {}
        self._streamers = streamers
        self._seed = seed
        self._draw = draw
        self._random = draw.random
        self._id_start, self._id_end = "", 0
        self._population = max(100, int(sum(streamer.pool_size for streamer in streamers) * 0.8))
        self._lines = talk.lines(seed)
        self._recent: list[deque[Chat]] = [deque(maxlen=RECENT) for _ in streamers]
        often = self._often()
        self._doings, self._marks = list(often), list(accumulate(often.values()))
        self._rare, self._remembered = self._marks[-1], ALL_DOINGS * (1 - 1 / REMEMBER_ONE_IN)

    def start(self, now_ms: int) -> None:
        """Make the ids of what is done from now on."""
        # They must differ from those of an earlier start with the same seed: the ledger holds both.
        draw = Random(f"ids {self._seed} {now_ms}")
        self._id_start, self._id_end = str(UUID(int=draw.getrandbits(128), version=4))[:24], draw.getrandbits(48)

    def act(self, index: int, due_ms: float) -> list[Item]:
        """Return what somebody in a room does; most often it is one message."""
        mark = self._random() * ALL_DOINGS
        items: list[Item]
        if mark < self._rare:
            items = self._doings[bisect(self._marks, mark)](index, due_ms)
        else:
            items = [chat := self._chat(index, due_ms)]
            if mark > self._remembered:
                self._recent[index].append(chat)
        return self._shared(index, items) if index in self.sharing else items

    def arrive(self, raid: Raid) -> list[Item]:
        """Return the notice of a raid and what the raiders say."""
        raider, target = self._streamers[raid.raider].channel, self._streamers[raid.target].channel
        items: list[Item] = [
            notices.raid(target, people.guest(people.owner(raider)), raid.viewers, raid.at_ms, self.new_id())
        ]
        raiders = {self._somebody(raid.raider) for _ in range(min(MOST_RAIDERS, 3 + raid.viewers // 100))}
        for who in sorted(map(people.guest, raiders)):
            due_ms = raid.at_ms + self._draw.uniform(1, RAID_S) * 1000
            text, first = self._draw.choice(phrases.RAID_CALLS), self._random() < 0.5
            items.append(Chat(self.new_id(), target, who, text, due_ms, talk.emotes_tag("HypeYak", text), first))
        return self._shared(raid.target, items)

    def remind(self, index: int, due_ms: float) -> list[Item]:
        """Return what the room's bot posts by the clock."""
        return self._shared(index, self._bot_says(index, due_ms))

    def change_mode(self, index: int, tag: str, value: int, due_ms: float) -> list[Item]:
        """Return the change of a chat mode."""
        return [ModeChange(self.new_id(), self._channel(index), due_ms, tag, value)]

    def new_id(self) -> str:
        """Return the id of one item."""
        self._id_end = self._id_end + ID_STEP & ID_MASK
        return f"{self._id_start}{self._id_end:012x}"

    def _often(self) -> Mapping[Doing, int]:
        """Return how many of all doings are each of these; the rest is plain chat."""
        return {
            self._newcomer: 400,
            self._returning: 400,
            self._cheer: 400,
            self._action: 300,
            self._command: 500,
            self._hostile: 250,
            self._notice: 500,
            self._gift_bomb: 15,
            self._timeout: 500,
            self._ban: 150,
            self._deletion: 350,
            self._clear: 3,
            self._wave: 7,
        }

    def _channel(self, index: int) -> Channel:
        return self._streamers[index].channel

    def _somebody(self, index: int) -> Chatter:
        """Return one of a room's people; a tenth of them do six tenths of it."""
        streamer = self._streamers[index]
        number = streamer.pool_start + int(streamer.pool_size * self._random() ** 5)
        return people.chatter(number % self._population, index)

    def _chat(self, index: int, due_ms: float) -> Chat:
        text, emotes = self._lines[int(self._random() * talk.LINES)]
        return Chat(self.new_id(), self._streamers[index].channel, self._somebody(index), text, due_ms, emotes)

    def _newcomer(self, index: int, due_ms: float) -> list[Item]:
        number = self._population + self._draw.randrange(NEWCOMERS)
        return [self._chat(index, due_ms)._replace(chatter=people.guest(people.chatter(number, index)), first=True)]

    def _returning(self, index: int, due_ms: float) -> list[Item]:
        return [self._chat(index, due_ms)._replace(returning=True)]

    def _cheer(self, index: int, due_ms: float) -> list[Item]:
        bits = self._draw.choice(CHEERS)
        text = f"Cheer{bits} {self._draw.choice(phrases.REACTIONS)}"
        return [self._chat(index, due_ms)._replace(bits=bits, text=text, emotes="")]

    def _action(self, index: int, due_ms: float) -> list[Item]:
        return [self._chat(index, due_ms)._replace(action=True)]

    def _command(self, index: int, due_ms: float) -> list[Item]:
        text = talk.repeated(self._draw.choice(phrases.COMMANDS), self._draw)
        asked = self._chat(index, due_ms)._replace(text=text, emotes="")
        return [asked, *self._bot_says(index, due_ms + self._draw.uniform(300, 1_200))]

    def _hostile(self, index: int, due_ms: float) -> list[Item]:
        return [self._chat(index, due_ms)._replace(text=self._draw.choice(phrases.HOSTILE), emotes="")]

    def _notice(self, index: int, due_ms: float) -> list[Item]:
        return [notices.any_notice(self._scene(index, due_ms), self._draw, self.new_id())]

    def _gift_bomb(self, index: int, due_ms: float) -> list[Item]:
        scene = self._scene(index, due_ms)
        return [*notices.gift_bomb(scene, self._draw, self.new_id, lambda: self._somebody(index))]

    def _timeout(self, index: int, due_ms: float) -> list[Item]:
        return self._remove(index, due_ms, self._draw.choice(TIMEOUT_S))

    def _ban(self, index: int, due_ms: float) -> list[Item]:
        return self._remove(index, due_ms, 0)

    def _remove(self, index: int, due_ms: float, seconds: int) -> list[Item]:
        recent = self._recent[index]
        user = recent.pop().chatter if recent else self._somebody(index)
        return [Removal(self.new_id(), self._channel(index), due_ms, user, seconds)]

    def _deletion(self, index: int, due_ms: float) -> list[Item]:
        recent = self._recent[index]
        if not recent:
            return [self._chat(index, due_ms)]
        return [Deletion(self.new_id(), self._channel(index), due_ms, recent.pop())]

    def _clear(self, index: int, due_ms: float) -> list[Item]:
        self._recent[index].clear()
        return [Removal(self.new_id(), self._channel(index), due_ms)]

    def _wave(self, index: int, due_ms: float) -> list[Item]:
        """Return one text pasted by many within some seconds."""
        draw = self._draw
        text, long_ms = draw.choice(phrases.COPYPASTA), draw.uniform(4_000, 15_000)
        moments = [0.0, *(draw.random() * long_ms for _ in range(draw.randint(10, 40)))]
        return [
            Chat(self.new_id(), self._channel(index), self._somebody(index), talk.repeated(text, draw), due_ms + after)
            for after in moments
        ]

    def _bot_says(self, index: int, due_ms: float) -> list[Item]:
        bot = people.bot(index)
        if bot is None:
            return []
        return [Chat(self.new_id(), self._channel(index), bot, self._draw.choice(phrases.BOT_ANSWERS), due_ms)]

    def _scene(self, index: int, due_ms: float) -> notices.Scene:
        channel = self._channel(index)
        return notices.Scene(channel, self._somebody(index), self._somebody(index), people.owner(channel), due_ms)

    def _shared(self, index: int, items: list[Item]) -> list[Item]:
        """Return the items as a shared chat has them: each message and notice with its copy per other room."""
        others = [self._channel(other) for other in self.sharing.get(index, ()) if other != index]
        if not others:
            return items
        shared: list[Item] = []
        for item in items:
            shared += [item] if not isinstance(item, Chat | Notice) else self._everywhere(item, others)
        return shared

    def _everywhere(self, item: Chat | Notice, others: list[Channel]) -> list[Chat | Notice]:
        who = item.chatter
        shared = Shared(item.id, item.channel.id, who.badges, who.badge_info)
        copies = [_put(item, self.new_id(), other, people.guest(who), shared) for other in others]
        return [_put(item, item.id, item.channel, who, shared), *copies]


def _put(item: Chat | Notice, item_id: str, channel: Channel, who: Chatter, shared: Shared) -> Chat | Notice:
    if isinstance(item, Chat):
        here = item.channel is channel
        return item._replace(
            id=item_id,
            channel=channel,
            chatter=who,
            first=item.first and here,
            returning=item.returning and here,
            shared=shared,
        )
    return replace(item, id=item_id, channel=channel, chatter=who, shared=shared)
