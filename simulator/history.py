"""History of the synthetic channels: minute and hour columns, and events.

Like the live audience, it depends only on the seed, the rate and the time, and it has the same broadcasts, viewers,
raids and average message counts. No messages are generated: message counts are drawn at random, and the counts of
distinct people and texts are expected values. Channels are identified by index, and times are ms since the epoch.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from random import Random

from core.irc.channel_events import STREAM_END, STREAM_START, stream_end_id
from core.metrics.columns import HOUR_SUMS, SUM, Columns, columns_of, roll_up
from core.pipeline.intervals import Span
from core.pipeline.records import EventRecord
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from simulator import chat_lines, people
from simulator.audience import BURST_CHANCE_PER_S, BURST_FACTOR, BURST_S, MEAN_WITH_BURSTS, REMIND_EVERY_S
from simulator.broadcasts import Broadcasts, mood, rhythm
from simulator.crowd import POOL_EXPONENT, raider_messages
from simulator.source import Channel, Stream

Minutes = Mapping[int, Columns]

# Averages per action in a room, as in crowd.py, including copypasta.
MESSAGES, REMOVALS, BOT_ANSWERS = 0.987, 0.010, 0.005
# Shares of messages.
NEWCOMERS, RETURNING, SUBSCRIBERS = 0.004, 0.004, 0.25
BURST_CHANCE = 60 * BURST_CHANCE_PER_S
# A minute of a sampled hour represents at most this many minutes.
STRIDE = 15
OUTAGES_PER_DAY = 0.06
OUTAGE_S = (20, 150)
_SUMMED = frozenset(
    {column.name for column in columns_of("hour") if column.roll is SUM} | {column.name for column in HOUR_SUMS}
)
_STEPS = 200


class History:
    """History of `channels` synthetic channels that receive about `rate` messages per second in total."""

    def __init__(self, *, channels: int, rate: float, seed: int) -> None:
        self._rate = rate
        self._seed = seed
        self._broadcasts = Broadcasts(channels, seed)
        self._lines = _Lines(chat_lines.lines(seed))
        self._outage = lru_cache(maxsize=4 * channels)(self._find_outage)
        self._raiders = lru_cache(maxsize=2 * HOUR_MS // MINUTE_MS)(self._find_raiders)
        self.channels: Sequence[Channel] = [streamer.channel for streamer in self._broadcasts.streamers]

    def minutes(self, index: int, from_ms: int, until_ms: int) -> Minutes:
        """Return the columns of the minutes on air in [`from_ms`, `until_ms`), by start."""
        starts = range(from_ms, until_ms, MINUTE_MS)
        return {start_ms: columns for start_ms in starts if (columns := self._minute(index, start_ms))}

    def hour(self, index: int, start_ms: int) -> Columns:
        """Return the columns of an hour, of which only some minutes are computed; empty if the channel was off air.

        Minutes in which a broadcast or a gap begins or ends are always computed; each of the remaining ones represents
        up to STRIDE minutes.
        """
        groups: defaultdict[int, dict[int, Columns]] = defaultdict(dict)
        for at_ms, weight in self._sampled(index, start_ms):
            if minute := self._minute(index, at_ms):
                groups[weight][at_ms] = minute
        return self._with_chatters(index, _weighted(groups)) if groups else {}

    def hour_of(self, index: int, minutes: Minutes) -> Columns:
        """Return the columns of an hour from all its minutes on air, as the method `minutes` returns them."""
        return self._with_chatters(index, roll_up(minutes)) if minutes else {}

    def broadcasts(self, index: int, from_ms: int, until_ms: int) -> list[Span]:
        """Return the start and end of each broadcast that overlaps [`from_ms`, `until_ms`), as Twitch reports them."""
        spans = self._broadcasts.spans(index, from_ms, until_ms)
        return [(start_ms // 1000 * 1000, end_ms // 1000 * 1000) for start_ms, end_ms in spans]

    def stream(self, index: int, at_ms: int) -> Stream:
        """Return the stream of a channel that is on air."""
        return self._broadcasts.stream(index, at_ms)

    def events(self, index: int, from_ms: int, until_ms: int) -> list[EventRecord]:
        """Return the starts and ends of broadcasts and the gaps in [`from_ms`, `until_ms`)."""
        channel_id, events = self.channels[index].id, []
        for start_ms, end_ms in self.broadcasts(index, from_ms, until_ms):
            if start_ms >= from_ms:
                title = self._broadcasts.scene(index, start_ms + 999).title
                event_id = f"{channel_id}-{STREAM_START}-{start_ms}"
                events.append(EventRecord(event_id, STREAM_START, channel_id, start_ms, text=title))
            if end_ms < until_ms:
                event_id = stream_end_id(channel_id, start_ms)
                events.append(EventRecord(event_id, STREAM_END, channel_id, end_ms, started_ms=start_ms))
        for start_ms, end_ms in self._outages(index, from_ms, until_ms):
            if start_ms >= from_ms:
                event_id = f"{channel_id}-gap-{start_ms}"
                events.append(EventRecord(event_id, "gap", channel_id, start_ms, end_ms, "disconnected"))
        return events

    def text_changes(self, index: int, from_ms: int, until_ms: int) -> list[EventRecord]:
        """Return the title and category changes within broadcasts in [`from_ms`, `until_ms`).

        The category that a broadcast starts with is reported as a change.
        """
        channel_id, events = self.channels[index].id, []
        for start_ms, end_ms in self._broadcasts.spans(index, from_ms, until_ms):
            scene = self._broadcasts.scene(index, max(start_ms, from_ms))
            if start_ms >= from_ms:
                event_id = f"{channel_id}-category-{start_ms}"
                events.append(EventRecord(event_id, "category", channel_id, start_ms, text=scene.category))
            while (changed_ms := scene.until_ms) < min(end_ms, until_ms):
                previous, scene = scene, self._broadcasts.scene(index, changed_ms)
                texts = (("title", previous.title, scene.title), ("category", previous.category, scene.category))
                events += [
                    EventRecord(f"{channel_id}-{kind}-{changed_ms}", kind, channel_id, changed_ms, text=new)
                    for kind, old, new in texts
                    if old != new
                ]
        return events

    def raids(self, from_ms: int, until_ms: int) -> list[EventRecord]:
        """Return the raids of all channels that arrive in [`from_ms`, `until_ms`)."""
        raids = self._broadcasts.raids(from_ms, until_ms)
        targets = [(self.channels[raid.target].id, raid) for raid in raids]
        return [EventRecord(f"{i}-raid-{raid.at_ms}", "raid", i, raid.at_ms, count=raid.viewers) for i, raid in targets]

    def _minute(self, index: int, start_ms: int) -> dict[str, int]:
        until_ms = start_ms + MINUTE_MS
        spans = self._broadcasts.spans(index, start_ms, until_ms)
        on_air_s = _overlap_ms(spans, start_ms, until_ms) // 1000
        if not on_air_s:
            return {}
        outages = self._outages(index, start_ms, until_ms)
        heard_ms = max(0, 1000 * on_air_s - _overlap_ms(outages, start_ms, until_ms))
        viewers = self._broadcasts.viewers(index, max(start_ms, spans[0][0]))
        draw = Random(hash((self._seed, index, start_ms)))
        actions = self._actions(index, start_ms, draw) * heard_ms / 1000
        messages = _poisson(actions * MESSAGES, draw)
        if heard_ms == MINUTE_MS:
            messages += self._raiders(start_ms)[index]
        columns = {
            "messages": messages,
            "observed_ms": heard_ms,
            "viewers": viewers,
            "viewers_sum": viewers * on_air_s,
            "viewers_max": viewers,
            "viewer_pulses": on_air_s,
            "pulses": on_air_s,
            "on_air_pulses": on_air_s,
            "on_air_observed_ms": heard_ms,
            "first_messages": min(messages, _poisson(messages * NEWCOMERS, draw)),
            "returning_messages": min(messages, _poisson(messages * RETURNING, draw)),
            "subscriber_messages": _binomial(messages, SUBSCRIBERS, draw),
            "emote_messages": _binomial(messages, self._lines.emotes, draw),
            "removals": _poisson(actions * REMOVALS, draw),
            "copies": 0,
            "bot_messages": self._bot_messages(index, start_ms, actions, draw),
            "chatters": self._chatters(index, messages),
            "texts": self._lines.distinct(messages),
        }
        if messages:
            columns["words"] = max(messages, round(draw.gauss(*self._lines.words(messages))))
        return columns

    def _actions(self, index: int, start_ms: int, draw: Random) -> float:
        """Return the average number of actions per second in a minute."""
        streamer = self._broadcasts.streamers[index]
        usual = streamer.weight * rhythm(streamer, start_ms) * mood(streamer, start_ms / 1000 + 30)
        burst = 1.0
        if draw.random() < BURST_CHANCE:
            burst += (draw.uniform(*BURST_FACTOR) - 1) * draw.uniform(*BURST_S) / 60
        return self._rate * usual * burst / MEAN_WITH_BURSTS

    def _bot_messages(self, index: int, start_ms: int, actions: float, draw: Random) -> int:
        if people.bot(index) is None:
            return 0
        until_reminder_s = (index * 7919 - start_ms // 1000) % REMIND_EVERY_S
        return _poisson(actions * BOT_ANSWERS, draw) + (until_reminder_s < 60)

    def _sampled(self, index: int, start_ms: int) -> list[tuple[int, int]]:
        """Return the start times of an hour's minutes to compute, and the number of minutes that each represents."""
        until_ms, sampled = start_ms + HOUR_MS, []
        spans = self._broadcasts.spans(index, start_ms, until_ms)
        outages = self._outages(index, start_ms, until_ms)
        edges = {ms // MINUTE_MS * MINUTE_MS for span in spans for ms in span}
        for gap_ms, end_ms in outages:
            edges.update(range(gap_ms // MINUTE_MS * MINUTE_MS, end_ms + 1, MINUTE_MS))
        run: list[int] = []
        for at_ms in range(start_ms, until_ms + 1, MINUTE_MS):
            is_whole = at_ms < until_ms and at_ms not in edges and any(a <= at_ms < b for a, b in spans)
            if run and (not is_whole or len(run) == STRIDE):
                sampled.append((run[0], len(run)))
                run = []
            if is_whole:
                run.append(at_ms)
            elif at_ms < until_ms and at_ms in edges:
                sampled.append((at_ms, 1))
        return sampled

    def _with_chatters(self, index: int, hour: Columns) -> dict[str, int]:
        """Return an hour's columns with the number of distinct people who wrote in it."""
        return {**hour, "chatters": self._chatters(index, hour.get("messages", 0))}

    def _chatters(self, index: int, messages: int) -> int:
        """Return the expected number of people who wrote these messages."""
        pool = self._broadcasts.streamers[index].pool_size
        regulars = pool * _share_of_pool(messages / pool / POOL_EXPONENT)
        return min(messages, max(min(1, messages), round(regulars + NEWCOMERS * messages)))

    def _find_raiders(self, start_ms: int) -> Counter[int]:
        """Return the number of messages from raiders in a minute, by channel."""
        raiders: Counter[int] = Counter()
        for raid in self._broadcasts.raids(start_ms, start_ms + MINUTE_MS):
            raiders[raid.target] += raider_messages(raid.viewers)
        return raiders

    def _outages(self, index: int, from_ms: int, until_ms: int) -> list[Span]:
        """Return the times on air in [`from_ms`, `until_ms`) in which a channel was not heard."""
        of_days = (self._outage(index, day) for day in range(from_ms // DAY_MS, (until_ms - 1) // DAY_MS + 1))
        return [span for span in of_days if span and span[0] < until_ms and span[1] > from_ms]

    def _find_outage(self, index: int, day: int) -> Span | None:
        """Return a channel's outage on a UTC day, in which it was on air but not heard, or None."""
        draw = Random(hash((self._seed, index, -day)))
        if draw.random() >= OUTAGES_PER_DAY:
            return None
        start_ms = day * DAY_MS + draw.randrange(DAY_MS - OUTAGE_S[1] * 1000)
        end_ms = start_ms + draw.randint(*OUTAGE_S) * 1000
        spans = self._broadcasts.spans(index, start_ms, end_ms)
        return (start_ms, end_ms) if _overlap_ms(spans, start_ms, end_ms) == end_ms - start_ms else None


class _Lines:
    """Averages over the pool of chat lines: words, share of emotes, expected number of distinct texts."""

    def __init__(self, lines: Sequence[chat_lines.ChatLine]) -> None:
        words = [len(text.split()) for text, _ in lines]
        self._mean = sum(words) / len(words)
        self._deviation = math.sqrt(sum((number - self._mean) ** 2 for number in words) / len(words))
        self.emotes = sum(bool(emotes) and chat_lines.is_emotes(text, emotes) for text, emotes in lines) / len(lines)
        shares = [number / len(lines) for number in Counter(text for text, _ in lines).values()]
        self._marks = [round(1.5**n) for n in range(32)]
        self._expected = [sum(1 - (1 - share) ** mark for share in shares) for mark in self._marks]

    def words(self, messages: int) -> tuple[float, float]:
        """Return the mean and standard deviation of the number of words in these messages."""
        return messages * self._mean, self._deviation * math.sqrt(messages)

    def distinct(self, messages: int) -> int:
        """Return the expected number of distinct texts."""
        return min(messages, round(_interpolated(self._marks, self._expected, messages))) if messages else 0


def _weighted(groups: Mapping[int, Minutes]) -> dict[str, int]:
    """Return the columns of an hour from sampled minutes, grouped by how many minutes each represents."""
    hour: dict[str, int] = {}
    for weight, minutes in sorted(groups.items(), key=lambda group: max(group[1])):
        for name, value in roll_up(minutes).items():
            if name in _SUMMED:
                hour[name] = hour.get(name, 0) + weight * value
            elif name == "viewers":
                hour[name] = value
            else:
                hour[name] = max(value, hour.get(name, 0))
    return hour


def _overlap_ms(spans: Sequence[Span], from_ms: int, until_ms: int) -> int:
    return sum(max(0, min(end_ms, until_ms) - max(start_ms, from_ms)) for start_ms, end_ms in spans)


def _poisson(mean: float, draw: Random) -> int:
    """Draw a number from a Poisson distribution, approximated by a normal one for a large mean."""
    if mean > 20:
        return max(0, round(draw.gauss(mean, math.sqrt(mean))))
    number, product, limit = 0, draw.random(), math.exp(-mean)
    while product > limit:
        number += 1
        product *= draw.random()
    return number


def _binomial(number: int, share: float, draw: Random) -> int:
    """Draw a number from a binomial distribution, approximated by a normal one."""
    drawn = draw.gauss(number * share, math.sqrt(number * share * (1 - share)))
    return min(number, max(0, round(drawn)))


def _interpolated(marks: Sequence[float], values: Sequence[float], mark: float) -> float:
    right = min(max(1, bisect(marks, mark)), len(marks) - 1)
    part = (mark - marks[right - 1]) / (marks[right] - marks[right - 1])
    return values[right - 1] + part * (values[right] - values[right - 1])


def _share(density: float) -> float:
    """Return the expected share of a pool that is drawn at least once, by numerical integration.

    `density` is the number of draws per member, divided by POOL_EXPONENT.
    """
    middles = ((step + 0.5) / _STEPS for step in range(_STEPS))
    power = POOL_EXPONENT - 1
    return sum(-math.expm1(-density / middle**power) * POOL_EXPONENT * middle**power for middle in middles) / _STEPS


_DENSITIES = [0.0, *(10 ** (n / 16 - 5) for n in range(130))]
_SHARES = [_share(density) for density in _DENSITIES]


def _share_of_pool(density: float) -> float:
    return min(1.0, _interpolated(_DENSITIES, _SHARES, density))
