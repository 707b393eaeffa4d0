"""What a whole copy looks like from outside, four times a second, and what that says of a fault of the pipeline."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import redis
from confluent_kafka import Consumer, KafkaException, TopicPartition

from core.contracts import redis_keys
from core.pipeline.topics import TOPIC
from drills.stack import Stack
from drills.watching import CALM_S, EVERY_S, Look, follow, look

# A board whose newest window is older is not live.
FRESH_S = 5.0
# A channel's window may be so much older than the newest one, as in Stack.covered.
BEHIND_MS = 2_000
# Distinct windows end every 5 s, and are on the boards some 3 s later.
DISTINCT_FRESH_S = 8.0
# A channel leaves the boards a minute after its last window.
RANKED_MS = 60_000
# History may be as many records behind, by channel: ten seconds of live windows.
CARRIED = 10
CARRIED_TOPICS = ("windows-live", "windows-distinct", "windows")
CARRIED_EVERY_S = 1.0
# What stands still must not hold up the looking.
ANSWER_S = 0.5

# Ends in ms by channel id, and the channels that were fully heard.
Ends = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Board:
    """What Redis held: newest windows by channel, those of distinct counts, who was heard in full, who was ranked."""

    ends: Ends
    distinct: Ends
    whole: Collection[str] = ()
    ranked: Collection[str] = ()

    @property
    def end_ms(self) -> int:
        """The newest window's end; 0 when there is none."""
        return max(self.ends.values(), default=0)

    def stale(self) -> int:
        """Return how many are ranked by a window that is gone or a minute older than the newest."""
        return sum(self.ends.get(channel_id, 0) < self.end_ms - RANKED_MS for channel_id in self.ranked)


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at a copy, at `at_s`, monotonic. `missing`, `missing_distinct` and `uncovered` are how many of the
    channels that should be there had no fresh window of either kind, or were not heard in full; `joined` is how many
    Twitch says are joined, 0 when it does not answer, and `listed` how many are on the list.
    """

    at_s: float
    end_ms: int
    lag_s: float
    missing: int
    missing_distinct: int
    uncovered: int
    stale: int
    ears: Look
    joined: int
    listed: int
    answers: bool
    is_carried: bool

    @property
    def is_live(self) -> bool:
        """Whether the boards are of now."""
        return self.end_ms > 0 and self.lag_s <= FRESH_S

    @property
    def is_complete(self) -> bool:
        """Whether every channel that should be is on the live boards of now."""
        return self.is_live and self.missing == 0

    @property
    def has_distinct(self) -> bool:
        """Whether the boards of distinct counts are of now for every channel."""
        return self.missing_distinct == 0

    @property
    def is_well(self) -> bool:
        """Whether all is as before a fault."""
        boards = self.is_complete and self.has_distinct and self.uncovered == 0
        return boards and self.answers and self.is_carried and self.ears.is_well


@dataclass(slots=True)
class BoardCourse:
    """The looks during one fault that began at `began_s`; `over_s` is when its cause was gone, None until then.

    It is watched for `watch_s` at least: some faults are felt later.
    """

    began_s: float
    watch_s: float = 0.0
    sights: list[Sight] = field(default_factory=list)
    over_s: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether the cause is gone, and all has been well for CALM_S since, and it was watched for long enough."""
        last_s = self.sights[-1].at_s
        if self.over_s is None or last_s - self.began_s < self.watch_s:
            return False
        return last_s - max(self.over_s, self._until_s(_is_well)) >= CALM_S

    @property
    def well_s(self) -> float:
        """Seconds from the beginning until all was well again; 0 if it always was."""
        return self.again_s(_is_well, self.began_s)

    def again_s(self, is_fine: Callable[[Sight], bool], since_s: float) -> float:
        """Return the seconds from `since_s` until all looks were fine; 0 if they always were."""
        return max(0.0, self._until_s(is_fine) - since_s)

    @property
    def stood_s(self) -> float:
        """The longest time in which no newer window came."""
        longest, newest_ms, since_s = 0.0, 0, self.sights[0].at_s
        for sight in self.sights:
            longest = max(longest, sight.at_s - since_s)
            if sight.end_ms > newest_ms:
                newest_ms, since_s = sight.end_ms, sight.at_s
        return longest

    @property
    def lag_s(self) -> float:
        """The greatest age of the newest window, where there was one."""
        return max((sight.lag_s for sight in self.sights if sight.end_ms), default=0.0)

    @property
    def lost(self) -> int:
        """How many channels fewer were joined at any time than at the beginning, as far as Twitch answered.

        What leaves the list by itself is parted rightly.
        """
        seen = [sight for sight in self.sights if sight.joined]
        return max((min(seen[0].joined, sight.listed) - sight.joined for sight in seen), default=0)

    @property
    def stale(self) -> int:
        """The most channels that were ranked by a window of long ago."""
        return max(sight.stale for sight in self.sights)

    def _until_s(self, is_fine: Callable[[Sight], bool]) -> float:
        return max((sight.at_s + EVERY_S for sight in self.sights if not is_fine(sight)), default=self.began_s)


def _is_well(sight: Sight) -> bool:
    return sight.is_well


def see(board: Board, expected: Collection[str], now_s: float) -> dict[str, Any]:
    """Return what a Sight says of the boards, at `now_s` by the wall clock; `expected` are who should be there."""
    fresh_ms, distinct_ms = board.end_ms - BEHIND_MS, (now_s - DISTINCT_FRESH_S) * 1000
    return {
        "end_ms": board.end_ms,
        "lag_s": now_s - board.end_ms / 1000,
        "missing": sum(board.ends.get(channel_id, 0) < max(1, fresh_ms) for channel_id in expected),
        "missing_distinct": sum(board.distinct.get(channel_id, 0) < distinct_ms for channel_id in expected),
        "uncovered": sum(channel_id not in board.whole for channel_id in expected),
        "stale": board.stale(),
    }


class BoardWatch:
    """Looks at one copy; `expected` are the channels that should be on its boards: on the list, and heard before."""

    def __init__(self, stack: Stack, producers: Sequence[int]) -> None:
        self._stack = stack
        self._producers = producers
        self._history = Consumer(
            {"bootstrap.servers": stack.kafka, "group.id": "history", "log_level": 2, "error_cb": lambda _: None}
        )
        self._heard: set[str] = set()
        self._listed: set[str] = set()
        self._carried: tuple[float, bool] = (0.0, False)

    @property
    def expected(self) -> set[str]:
        """The channels that should be on the boards; while there is no list, the last one counts."""
        self._listed = self._stack.wanted() or self._listed
        return self._heard & self._listed

    def expect(self, channels: Collection[str]) -> None:
        """Expect these, too, from now on."""
        self._heard |= set(channels)

    def watch(self, course: BoardCourse, limit_s: float) -> bool:
        """Look until the fault is over; return whether that came within `limit_s` of its beginning."""
        return follow(course.sights, self.look, lambda: course.is_over, course.began_s + limit_s)

    def look(self) -> Sight:
        """Look at the copy now; what does not answer has nothing."""
        at_s = time.monotonic()
        seen = see(self._board(), self.expected, time.time())
        ears = look(self._stack, self._producers, ANSWER_S)
        joined, answers, carried = self._joined(), self._answers(), self._is_carried()
        return Sight(
            at_s=at_s,
            ears=ears,
            joined=joined,
            listed=len(self._listed),
            answers=answers,
            is_carried=carried,
            **seen,
        )

    def close(self) -> None:
        """Close the connection to Kafka."""
        self._history.close()

    def _board(self) -> Board:
        try:
            with self._stack.boards.pipeline() as pipe:
                pipe.hgetall(redis_keys.window_values("live"))
                pipe.hgetall(redis_keys.window_values("live_distinct"))
                pipe.zrange(redis_keys.board("messages"), 0, -1)
                live, distinct, ranked = pipe.execute()
        except redis.RedisError:
            return Board({}, {})
        values = {channel_id: json.loads(text) for channel_id, text in live.items()}
        return Board(
            {channel_id: value["end_ms"] for channel_id, value in values.items()},
            {channel_id: json.loads(text)["end_ms"] for channel_id, text in distinct.items()},
            {channel_id for channel_id, value in values.items() if value["coverage"] == 1},
            ranked,
        )

    def _joined(self) -> int:
        try:
            return int(self._stack.simulator()["irc"]["joined"])
        except httpx.HTTPError:
            return 0

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self._stack.url}/healthz", timeout=ANSWER_S).is_success
        except httpx.HTTPError:
            return False

    def _is_carried(self) -> bool:
        """Say whether history has nearly all that Flink has written; Kafka is asked once a second."""
        asked_s, carried = self._carried
        if time.monotonic() - asked_s >= CARRIED_EVERY_S:
            carried = self._behind() <= CARRIED * len(self._heard | self._listed)
            self._carried = (time.monotonic(), carried)
        return carried

    def _behind(self) -> float:
        """Return how many windows history has still to carry; while Kafka is away, nobody knows."""
        places = [TopicPartition(name, n) for name in CARRIED_TOPICS for n in range(TOPIC[name].partitions)]
        try:
            committed = self._history.committed(places, timeout=1)
            ends = [self._history.get_watermark_offsets(place, timeout=1)[1] for place in places]
        except KafkaException:
            return float("inf")
        return sum(end - max(0, place.offset) for place, end in zip(committed, ends, strict=True))
