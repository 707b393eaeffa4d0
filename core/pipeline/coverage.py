"""When each wanted channel was listened to: the milliseconds of every second, and the gaps between."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.times import SECOND_MS


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval, both ends included, in which a wanted channel was not, or not surely, listened to."""

    channel_id: str
    from_ms: int
    until_ms: int
    reason: str


@dataclass(slots=True)
class _Watch:
    unheard_since_ms: int | None
    reason: str
    heard_since_ms: int | None = None
    # Since when each connection has joined it: two do while one takes over from the other.
    joined_ms: dict[int, int] = field(default_factory=dict)
    ended: list[tuple[int, int]] = field(default_factory=list)


class Coverage:
    """Follows joins and losses of all wanted channels by connection. Times are those of the producer's clock."""

    def __init__(self) -> None:
        self._watches: dict[str, _Watch] = {}

    def want(self, channel_id: str, since_ms: int, reason: str) -> None:
        """Begin to want a channel; until it is joined it lies in a gap since `since_ms`."""
        self._watches.setdefault(channel_id, _Watch(since_ms, reason))

    def unwant(self, channel_id: str, at_ms: int) -> Gap | None:
        """Stop wanting a channel; returns the gap it was in."""
        watch = self._watches.pop(channel_id, None)
        return _close(channel_id, watch, at_ms) if watch else None

    def joined(self, channel_id: str, connection: int, at_ms: int) -> Gap | None:
        """Note that a connection hears the channel from now on; returns the gap that ends."""
        watch = self._watches.get(channel_id)
        if watch is None:
            return None
        watch.joined_ms.setdefault(connection, at_ms)
        if watch.heard_since_ms is not None:
            return None
        gap = _close(channel_id, watch, at_ms)
        watch.unheard_since_ms, watch.heard_since_ms = None, at_ms
        return gap

    def lost(self, channel_id: str, connection: int, since_ms: int, at_ms: int, reason: str) -> Gap | None:
        """Note that a connection hears nothing any more, surely since `since_ms`, noticed at `at_ms`.

        Returns the gap when another connection had taken over too late to leave none.
        """
        watch = self._watches.get(channel_id)
        if watch is None or watch.joined_ms.pop(connection, None) is None or watch.heard_since_ms is None:
            return None
        taken_over_ms = min(watch.joined_ms.values(), default=None)
        if taken_over_ms is not None and taken_over_ms <= since_ms:
            return None
        watch.ended.append((watch.heard_since_ms, min(since_ms, at_ms)))
        watch.heard_since_ms = taken_over_ms
        if taken_over_ms is not None:
            return Gap(channel_id, since_ms, taken_over_ms, reason)
        watch.unheard_since_ms, watch.reason = since_ms, reason
        return None

    def refused(self, channel_id: str, reason: str) -> None:
        """Note why a channel that is not listened to cannot be: its gap says so."""
        watch = self._watches.get(channel_id)
        if watch is not None and watch.unheard_since_ms is not None:
            watch.reason = reason

    def heard(self) -> int:
        """Return how many wanted channels are listened to."""
        # Asked for by another thread too: the list is made at once.
        return sum(watch.heard_since_ms is not None for watch in list(self._watches.values()))

    def split(self, at_ms: int) -> list[Gap]:
        """Return the gaps that are still open, up to now; they go on from here as new ones."""
        gaps = []
        for channel_id, watch in self._watches.items():
            gap = _close(channel_id, watch, at_ms)
            if gap:
                gaps.append(gap)
                watch.unheard_since_ms = at_ms
        return gaps

    def observed(self, end_ms: int) -> dict[str, int]:
        """Return, per wanted channel, how much of [end_ms - 1000, end_ms) was listened to, in ms.

        To be asked for every second once, in order.
        """
        start_ms = end_ms - SECOND_MS
        seconds = {}
        for channel_id, watch in self._watches.items():
            if not watch.ended and watch.heard_since_ms is not None and watch.heard_since_ms <= start_ms:
                seconds[channel_id] = SECOND_MS
                continue
            spans = list(watch.ended)
            if watch.heard_since_ms is not None:
                spans.append((watch.heard_since_ms, end_ms))
            seconds[channel_id] = sum(max(0, min(b, end_ms) - max(a, start_ms)) for a, b in spans)
            watch.ended = [span for span in watch.ended if span[1] > end_ms]
        return seconds


class Unheard:
    """The recorded gaps of one channel: what pulses claimed to be observed and a later gap denied."""

    def __init__(self, gaps: Iterable[tuple[int, int]]) -> None:
        """`gaps` are (from_ms, until_ms), in any order; they may overlap."""
        self._spans: list[tuple[int, int]] = []
        for from_ms, until_ms in sorted(gaps):
            if self._spans and from_ms <= self._spans[-1][1]:
                self._spans[-1] = (self._spans[-1][0], max(until_ms, self._spans[-1][1]))
            else:
                self._spans.append((from_ms, until_ms))
        self._ends = [until_ms for _, until_ms in self._spans]

    def observed_ms(self, claimed_ms: int, start_ms: int, end_ms: int) -> int:
        """Return how much of [start_ms, end_ms) was listened to: what was claimed, at most what no gap covers.

        A pulse is written before anybody can know that its connection had died; the gap, written when it is
        known, has the last word.
        """
        return min(claimed_ms, end_ms - start_ms - self.missed_ms(start_ms, end_ms))

    def missed_ms(self, start_ms: int, end_ms: int) -> int:
        """Return how much of [start_ms, end_ms) recorded gaps cover."""
        missed_ms = 0
        for from_ms, until_ms in self._spans[bisect_right(self._ends, start_ms) :]:
            if from_ms >= end_ms:
                break
            missed_ms += min(until_ms, end_ms) - max(from_ms, start_ms)
        return missed_ms


def _close(channel_id: str, watch: _Watch, at_ms: int) -> Gap | None:
    since_ms = watch.unheard_since_ms
    return None if since_ms is None or at_ms <= since_ms else Gap(channel_id, since_ms, at_ms, watch.reason)
