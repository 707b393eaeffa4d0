"""Intervals of time, merged so that overlapping ones count once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

Span = tuple[int, int]


class Intervals:
    """A set of times, made of spans [from_ms, until_ms) that may be given in any order and may overlap."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._spans: list[Span] = []
        for from_ms, until_ms in sorted(spans):
            if self._spans and from_ms <= self._spans[-1][1]:
                self._spans[-1] = (self._spans[-1][0], max(until_ms, self._spans[-1][1]))
            else:
                self._spans.append((from_ms, until_ms))
        self._ends = [until_ms for _, until_ms in self._spans]

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)

    def __or__(self, other: Intervals) -> Intervals:
        return Intervals([*self._spans, *other._spans])

    def __sub__(self, other: Intervals) -> Intervals:
        left = []
        for from_ms, until_ms in self._spans:
            for start_ms, end_ms in other._spans[bisect_right(other._ends, from_ms) :]:
                if start_ms >= until_ms:
                    break
                left.append((from_ms, start_ms))
                from_ms = end_ms
            left.append((from_ms, until_ms))
        return Intervals(span for span in left if span[0] < span[1])

    def first_ms(self, length_ms: int) -> Intervals:
        """Return the first `length_ms` of the set."""
        taken = []
        for from_ms, until_ms in self._spans:
            taken.append((from_ms, min(until_ms, from_ms + length_ms)))
            length_ms -= min(length_ms, until_ms - from_ms)
        return Intervals(span for span in taken if span[0] < span[1])

    def last_ms(self, length_ms: int) -> Intervals:
        """Return the last `length_ms` of the set."""
        total_ms = sum(until_ms - from_ms for from_ms, until_ms in self._spans)
        return self - self.first_ms(total_ms - length_ms)

    def overlap_ms(self, start_ms: int, end_ms: int) -> int:
        """Return the ms of [start_ms, end_ms) that are in the set."""
        overlap_ms = 0
        for from_ms, until_ms in self._spans[bisect_right(self._ends, start_ms) :]:
            if from_ms >= end_ms:
                break
            overlap_ms += min(until_ms, end_ms) - max(from_ms, start_ms)
        return overlap_ms
