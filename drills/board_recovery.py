"""Black-box samples of a complete instance, taken four times a second, and the recovery times derived from them."""

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
from drills.recovery import CALM_S, EVERY_S, ListeningSample, collect, take_sample
from drills.stack import Stack

# A board is live if its newest window is at most this old.
FRESH_S = 5.0
# A channel's window may be this much older than the newest one, as in Stack.covered.
BEHIND_MS = 2_000
# Windows of distinct counts (chatters and texts) end every 5 s and reach the boards about 3 s later.
DISTINCT_FRESH_S = 8.0
# A channel leaves the boards a minute after its last window.
RANKED_MS = 60_000
# History may lag by this many records per channel: ten seconds of live windows.
MAX_LAG = 10
HISTORY_TOPICS = ("windows-live", "windows-distinct", "windows")
HISTORY_EVERY_S = 1.0
# An unresponsive process must not delay the samples.
RESPONSE_LIMIT_S = 0.5

# Window ends in ms by channel id.
Ends = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Board:
    """The boards in Redis: ends of the newest windows and distinct counts, and the covered and ranked channels."""

    ends: Ends
    distinct: Ends
    covered: Collection[str] = ()
    ranked: Collection[str] = ()

    @property
    def end_ms(self) -> int:
        """The newest window's end; 0 if there is none."""
        return max(self.ends.values(), default=0)

    def stale(self) -> int:
        """Return how many ranked channels have no window, or one that is over a minute older than the newest."""
        return sum(self.ends.get(channel_id, 0) < self.end_ms - RANKED_MS for channel_id in self.ranked)


@dataclass(frozen=True, slots=True)
class BoardSample:
    """One sample of an instance, taken at `at_s` on the monotonic clock.

    Of the expected channels, `missing` had no fresh window, `missing_distinct` no fresh distinct counts, and
    `uncovered` were not fully covered. `joined` is the number reported by the simulated Twitch, 0 if it does not
    respond; `listed` is the length of the channel list.
    """

    at_s: float
    end_ms: int
    lag_s: float
    missing: int
    missing_distinct: int
    uncovered: int
    stale: int
    listening: ListeningSample
    joined: int
    listed: int
    web_responds: bool
    history_is_current: bool

    @property
    def is_live(self) -> bool:
        """True if the boards are current."""
        return self.end_ms > 0 and self.lag_s <= FRESH_S

    @property
    def is_complete(self) -> bool:
        """True if the boards are current and contain every expected channel."""
        return self.is_live and self.missing == 0

    @property
    def has_distinct(self) -> bool:
        """True if the distinct counts of every expected channel are current."""
        return self.missing_distinct == 0

    @property
    def is_healthy(self) -> bool:
        """True if everything works as before a fault."""
        boards = self.is_complete and self.has_distinct and self.uncovered == 0
        return boards and self.web_responds and self.history_is_current and self.listening.is_healthy


@dataclass(slots=True)
class BoardRecovery:
    """The samples for one fault, injected at `began_s`; `over_s` is the end of its cause, None until then.

    The fault is watched for at least `watch_s`, because some faults take effect later.
    """

    began_s: float
    watch_s: float = 0.0
    samples: list[BoardSample] = field(default_factory=list)
    over_s: float | None = None

    @property
    def is_over(self) -> bool:
        """True if `watch_s` have passed, the cause has ended, and the instance has since been healthy for CALM_S."""
        last_s = self.samples[-1].at_s
        if self.over_s is None or last_s - self.began_s < self.watch_s:
            return False
        return last_s - max(self.over_s, self._failing_until_s(_is_healthy)) >= CALM_S

    @property
    def recovered_s(self) -> float:
        """Seconds from the injection until the instance was healthy again; 0 if it always was."""
        return self.seconds_until(_is_healthy, self.began_s)

    def seconds_until(self, condition: Callable[[BoardSample], bool], since_s: float) -> float:
        """Return the seconds from `since_s` until a condition held again, or 0 if it always held."""
        return max(0.0, self._failing_until_s(condition) - since_s)

    @property
    def pause_s(self) -> float:
        """The longest time without a newer window on the boards."""
        longest_s, newest_ms, since_s = 0.0, 0, self.samples[0].at_s
        for sample in self.samples:
            longest_s = max(longest_s, sample.at_s - since_s)
            if sample.end_ms > newest_ms:
                newest_ms, since_s = sample.end_ms, sample.at_s
        return longest_s

    @property
    def lag_s(self) -> float:
        """The greatest age of the newest window, over all samples that have a window."""
        return max((sample.lag_s for sample in self.samples if sample.end_ms), default=0.0)

    @property
    def lost(self) -> int:
        """The greatest number of joined channels lost since the first sample with a response from Twitch.

        Channels that left the list do not count.
        """
        with_response = [sample for sample in self.samples if sample.joined]
        return max((min(with_response[0].joined, sample.listed) - sample.joined for sample in with_response), default=0)

    @property
    def stale(self) -> int:
        """The greatest number of channels ranked by an outdated window."""
        return max(sample.stale for sample in self.samples)

    def _failing_until_s(self, condition: Callable[[BoardSample], bool]) -> float:
        failed = (sample.at_s + EVERY_S for sample in self.samples if not condition(sample))
        return max(failed, default=self.began_s)


def _is_healthy(sample: BoardSample) -> bool:
    return sample.is_healthy


def compare_board(board: Board, expected: Collection[str], now_s: float) -> dict[str, Any]:
    """Return the fields of a BoardSample that describe the boards; `now_s` is the wall clock time."""
    fresh_ms, distinct_ms = board.end_ms - BEHIND_MS, (now_s - DISTINCT_FRESH_S) * 1000
    return {
        "end_ms": board.end_ms,
        "lag_s": now_s - board.end_ms / 1000,
        "missing": sum(board.ends.get(channel_id, 0) < max(1, fresh_ms) for channel_id in expected),
        "missing_distinct": sum(board.distinct.get(channel_id, 0) < distinct_ms for channel_id in expected),
        "uncovered": sum(channel_id not in board.covered for channel_id in expected),
        "stale": board.stale(),
    }


class BoardWatch:
    """Samples one instance. Its boards are expected to contain the listed channels that were heard before."""

    def __init__(self, stack: Stack, producers: Sequence[int]) -> None:
        self._stack = stack
        self._producers = producers
        self._kafka = Consumer(
            {"bootstrap.servers": stack.kafka, "group.id": "history", "log_level": 2, "error_cb": lambda _: None}
        )
        self._heard: set[str] = set()
        self._listed: set[str] = set()
        # When history's lag was last checked, and whether it was small enough.
        self._history_check: tuple[float, bool] = (0.0, False)

    @property
    def expected(self) -> set[str]:
        """The channels expected on the boards; while there is no channel list, the last one applies."""
        self._listed = self._stack.listed_channels() or self._listed
        return self._heard & self._listed

    def expect(self, channels: Collection[str]) -> None:
        """From now on, also expect these channels."""
        self._heard |= set(channels)

    def watch(self, recovery: BoardRecovery, limit_s: float) -> bool:
        """Take samples until the fault is over; return whether that happened within `limit_s` of its injection."""
        return collect(recovery.samples, self.take_sample, lambda: recovery.is_over, recovery.began_s + limit_s)

    def take_sample(self) -> BoardSample:
        """Sample the instance now; a process that does not respond contributes zeros."""
        at_s = time.monotonic()
        board = compare_board(self._board(), self.expected, time.time())
        listening = take_sample(self._stack, self._producers, RESPONSE_LIMIT_S)
        joined, web_responds, is_current = self._joined(), self._web_responds(), self._history_is_current()
        return BoardSample(
            at_s=at_s,
            listening=listening,
            joined=joined,
            listed=len(self._listed),
            web_responds=web_responds,
            history_is_current=is_current,
            **board,
        )

    def close(self) -> None:
        """Close the connection to Kafka."""
        self._kafka.close()

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

    def _web_responds(self) -> bool:
        try:
            return httpx.get(f"{self._stack.url}/healthz", timeout=RESPONSE_LIMIT_S).is_success
        except httpx.HTTPError:
            return False

    def _history_is_current(self) -> bool:
        """Return whether history has stored nearly all windows that Flink has written; checked once a second."""
        checked_s, is_current = self._history_check
        if time.monotonic() - checked_s >= HISTORY_EVERY_S:
            is_current = self._history_lag() <= MAX_LAG * len(self._heard | self._listed)
            self._history_check = (time.monotonic(), is_current)
        return is_current

    def _history_lag(self) -> float:
        """Return how many windows history has not stored yet, or infinity while Kafka is unavailable."""
        partitions = [TopicPartition(name, n) for name in HISTORY_TOPICS for n in range(TOPIC[name].partitions)]
        try:
            committed = self._kafka.committed(partitions, timeout=1)
            ends = [self._kafka.get_watermark_offsets(partition, timeout=1)[1] for partition in partitions]
        except KafkaException:
            return float("inf")
        return sum(end - max(0, partition.offset) for partition, end in zip(committed, ends, strict=True))
