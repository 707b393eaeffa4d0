"""Synthetic users: each call returns the items of one action, the first of which is due now."""

from __future__ import annotations

from bisect import bisect
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from random import Random
from uuid import UUID

from simulator import chat_lines, notices, people, phrases
from simulator.broadcasts import Raid, Streamer
from simulator.source import Channel, Chat, Chatter, Deletion, Item, ModeChange, Notice, Removal, Shared

# Total weight of all actions.
ALL_ACTIONS = 100_000
CHEERS = (1, 1, 10, 50, 100, 100, 100, 200, 500, 1_000, 5_000)
TIMEOUT_S = (1, 10, 60, 300, 600, 600, 600, 3_600, 86_400)
# One in this many messages in a room is remembered and may be deleted later.
REMEMBER_ONE_IN = 10
RECENT = 4
RAID_S = 20
MOST_RAIDERS = 40
# User k of a pool is drawn with k = pool size × a uniform number raised to this power.
POOL_EXPONENT = 5
NEWCOMERS = 4_000_000
# Odd step, so that repeated addition visits every 48-bit number once, in a scrambled order.
ID_STEP = 0x9E37_79B9_7F4B
ID_MASK = (1 << 48) - 1
# Maps a room and a time to the items of one action.
Action = Callable[[int, float], list[Item]]


class Crowd:
    """The users in the rooms of `streamers`, by room index. `sharing` maps rooms to their Shared Chat's members."""

    def __init__(self, streamers: Sequence[Streamer], seed: int, draw: Random) -> None:
        self.sharing: Mapping[int, Sequence[int]] = {}
        self._streamers = streamers
        self._seed = seed
        self._draw = draw
        self._random = draw.random
        self._id_start, self._id_end = "", 0
        self._population = max(100, int(sum(streamer.pool_size for streamer in streamers) * 0.8))
        self._lines = chat_lines.lines(seed)
        self._recent: list[deque[Chat]] = [deque(maxlen=RECENT) for _ in streamers]
        weights = self._action_weights()
        self._actions, self._marks = list(weights), list(accumulate(weights.values()))
        self._rare, self._remembered = self._marks[-1], ALL_ACTIONS * (1 - 1 / REMEMBER_ONE_IN)

    def start(self, now_ms: int) -> None:
        """Initialize the item ids."""
        # Ids must differ from those of an earlier run with the same seed, because the ledger contains both runs.
        draw = Random(f"ids {self._seed} {now_ms}")
        self._id_start, self._id_end = str(UUID(int=draw.getrandbits(128), version=4))[:24], draw.getrandbits(48)

    def act(self, index: int, due_ms: float) -> list[Item]:
        """Return the items of a random action in a room, usually one message."""
        mark = self._random() * ALL_ACTIONS
        items: list[Item]
        if mark < self._rare:
            items = self._actions[bisect(self._marks, mark)](index, due_ms)
        else:
            items = [chat := self._chat(index, due_ms)]
            if mark > self._remembered:
                self._recent[index].append(chat)
        return self._shared(index, items) if index in self.sharing else items

    def arrive(self, raid: Raid) -> list[Item]:
        """Return the notice of a raid and the raiders' messages."""
        raider, target = self._streamers[raid.raider].channel, self._streamers[raid.target].channel
        items: list[Item] = [
            notices.raid(target, people.guest(people.owner(raider)), raid.viewers, raid.at_ms, self.new_id())
        ]
        raiders = {self._random_user(raid.raider) for _ in range(raider_messages(raid.viewers))}
        for chatter in sorted(map(people.guest, raiders)):
            due_ms = raid.at_ms + self._draw.uniform(1, RAID_S) * 1000
            text, first = self._draw.choice(phrases.RAID_CALLS), self._random() < 0.5
            items.append(
                Chat(self.new_id(), target, chatter, text, due_ms, chat_lines.emotes_tag("HypeYak", text), first)
            )
        return self._shared(raid.target, items)

    def post_reminder(self, index: int, due_ms: float) -> list[Item]:
        """Return the scheduled post of the room's bot."""
        return self._shared(index, self._bot_messages(index, due_ms))

    def change_mode(self, index: int, tag: str, value: int, due_ms: float) -> list[Item]:
        """Return a chat mode change."""
        return [ModeChange(self.new_id(), self._channel(index), due_ms, tag, value)]

    def new_id(self) -> str:
        """Return the next item id."""
        self._id_end = self._id_end + ID_STEP & ID_MASK
        return f"{self._id_start}{self._id_end:012x}"

    def _action_weights(self) -> Mapping[Action, int]:
        """Return the weights of special actions; the rest is plain chat."""
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
            self._copypasta: 7,
        }

    def _channel(self, index: int) -> Channel:
        return self._streamers[index].channel

    def _random_user(self, index: int) -> Chatter:
        """Return a random user of a room; a tenth of the users account for about 60% of the actions."""
        streamer = self._streamers[index]
        number = streamer.pool_start + int(streamer.pool_size * self._random() ** POOL_EXPONENT)
        return people.chatter(number % self._population, index)

    def _chat(self, index: int, due_ms: float) -> Chat:
        text, emotes = self._lines[int(self._random() * chat_lines.LINES)]
        return Chat(self.new_id(), self._streamers[index].channel, self._random_user(index), text, due_ms, emotes)

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
        text = chat_lines.with_padding(self._draw.choice(phrases.COMMANDS), self._draw)
        command = self._chat(index, due_ms)._replace(text=text, emotes="")
        return [command, *self._bot_messages(index, due_ms + self._draw.uniform(300, 1_200))]

    def _hostile(self, index: int, due_ms: float) -> list[Item]:
        return [self._chat(index, due_ms)._replace(text=self._draw.choice(phrases.HOSTILE), emotes="")]

    def _notice(self, index: int, due_ms: float) -> list[Item]:
        return [notices.any_notice(self._scene(index, due_ms), self._draw, self.new_id())]

    def _gift_bomb(self, index: int, due_ms: float) -> list[Item]:
        scene = self._scene(index, due_ms)
        return [*notices.gift_bomb(scene, self._draw, self.new_id, lambda: self._random_user(index))]

    def _timeout(self, index: int, due_ms: float) -> list[Item]:
        return self._remove(index, due_ms, self._draw.choice(TIMEOUT_S))

    def _ban(self, index: int, due_ms: float) -> list[Item]:
        return self._remove(index, due_ms, 0)

    def _remove(self, index: int, due_ms: float, seconds: int) -> list[Item]:
        recent = self._recent[index]
        user = recent.pop().chatter if recent else self._random_user(index)
        return [Removal(self.new_id(), self._channel(index), due_ms, user, seconds)]

    def _deletion(self, index: int, due_ms: float) -> list[Item]:
        recent = self._recent[index]
        if not recent:
            return [self._chat(index, due_ms)]
        return [Deletion(self.new_id(), self._channel(index), due_ms, recent.pop())]

    def _clear(self, index: int, due_ms: float) -> list[Item]:
        self._recent[index].clear()
        return [Removal(self.new_id(), self._channel(index), due_ms)]

    def _copypasta(self, index: int, due_ms: float) -> list[Item]:
        """Return one text pasted by many users within seconds."""
        draw = self._draw
        text, long_ms = draw.choice(phrases.COPYPASTA), draw.uniform(4_000, 15_000)
        delays = [0.0, *(draw.random() * long_ms for _ in range(draw.randint(10, 40)))]
        return [
            Chat(
                self.new_id(),
                self._channel(index),
                self._random_user(index),
                chat_lines.with_padding(text, draw),
                due_ms + delay_ms,
            )
            for delay_ms in delays
        ]

    def _bot_messages(self, index: int, due_ms: float) -> list[Item]:
        bot = people.bot(index)
        if bot is None:
            return []
        return [Chat(self.new_id(), self._channel(index), bot, self._draw.choice(phrases.BOT_ANSWERS), due_ms)]

    def _scene(self, index: int, due_ms: float) -> notices.Scene:
        channel = self._channel(index)
        return notices.Scene(channel, self._random_user(index), self._random_user(index), people.owner(channel), due_ms)

    def _shared(self, index: int, items: list[Item]) -> list[Item]:
        """Add a shared copy of each message and notice for every other room of a Shared Chat."""
        others = [self._channel(other) for other in self.sharing.get(index, ()) if other != index]
        if not others:
            return items
        shared: list[Item] = []
        for item in items:
            shared += [item] if not isinstance(item, Chat | Notice) else self._share(item, others)
        return shared

    def _share(self, item: Chat | Notice, others: list[Channel]) -> list[Chat | Notice]:
        chatter = item.chatter
        shared = Shared(item.id, item.channel.id, chatter.badges, chatter.badge_info)
        copies = [_in_channel(item, self.new_id(), other, people.guest(chatter), shared) for other in others]
        return [_in_channel(item, item.id, item.channel, chatter, shared), *copies]


def raider_messages(viewers: int) -> int:
    """Return the maximum number of messages that the raiders of a raid write."""
    return min(MOST_RAIDERS, 3 + viewers // 100)


def _in_channel(item: Chat | Notice, item_id: str, channel: Channel, chatter: Chatter, shared: Shared) -> Chat | Notice:
    if isinstance(item, Chat):
        here = item.channel is channel
        return item._replace(
            id=item_id,
            channel=channel,
            chatter=chatter,
            first=item.first and here,
            returning=item.returning and here,
            shared=shared,
        )
    return replace(item, id=item_id, channel=channel, chatter=chatter, shared=shared)
