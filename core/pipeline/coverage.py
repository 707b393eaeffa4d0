"""Coverage of each tracked channel: observed ms per second, and gaps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from core.pipeline.intervals import Intervals
from core.pipeline.records import EventRecord
from core.times import SECOND_MS


@dataclass(frozen=True, slots=True)
class Gap:
    """A closed interval in which a tracked channel was not heard or may not have been heard."""

    channel_id: str
    from_ms: int
    until_ms: int
    reason: str


@dataclass(slots=True)
class _ChannelCoverage:
    unheard_since_ms: int | None
    reason: str
    heard_since_ms: int | None = None
    # Join time by connection; during a takeover, two connections have joined the channel.
    joined_ms: dict[int, int] = field(default_factory=dict)
    ended: list[tuple[int, int]] = field(default_factory=list)


class Coverage:
    """Tracks joins and losses of all channels by connection. Times are those of the producer's clock."""

    def __init__(self) -> None:
        self._channels: dict[str, _ChannelCoverage] = {}

    def track(self, channel_id: str, since_ms: int, reason: str) -> None:
        """Start tracking a channel. Its gap starts at `since_ms` and lasts until the channel is joined."""
        self._channels.setdefault(channel_id, _ChannelCoverage(since_ms, reason))

    def untrack(self, channel_id: str, at_ms: int) -> Gap | None:
        """Stop tracking a channel; return its open gap, if any."""
        channel = self._channels.pop(channel_id, None)
        return _gap_until(channel_id, channel, at_ms) if channel else None

    def joined(self, channel_id: str, connection: int, at_ms: int) -> Gap | None:
        """Record a join by a connection; return the gap that it ends, if any."""
        channel = self._channels.get(channel_id)
        if channel is None:
            return None
        channel.joined_ms.setdefault(connection, at_ms)
        if channel.heard_since_ms is not None:
            return None
        gap = _gap_until(channel_id, channel, at_ms)
        channel.unheard_since_ms, channel.heard_since_ms = None, at_ms
        return gap

    def lost(self, channel_id: str, connection: int, since_ms: int, at_ms: int, reason: str) -> Gap | None:
        """Record that a connection lost the channel at `since_ms` or later, noticed at `at_ms`.

        Return the gap if another connection took over too late to avoid one.
        """
        channel = self._channels.get(channel_id)
        if channel is None or channel.joined_ms.pop(connection, None) is None or channel.heard_since_ms is None:
            return None
        taken_over_ms = min(channel.joined_ms.values(), default=None)
        if taken_over_ms is not None and taken_over_ms <= since_ms:
            return None
        channel.ended.append((channel.heard_since_ms, min(since_ms, at_ms)))
        channel.heard_since_ms = taken_over_ms
        if taken_over_ms is not None:
            return Gap(channel_id, since_ms, taken_over_ms, reason)
        channel.unheard_since_ms, channel.reason = since_ms, reason
        return None

    def refused(self, channel_id: str, reason: str) -> None:
        """Record on a channel's open gap why the channel cannot be joined."""
        channel = self._channels.get(channel_id)
        if channel is not None and channel.unheard_since_ms is not None:
            channel.reason = reason

    def heard(self) -> int:
        """Return the number of channels that are currently heard."""
        # Another thread also calls this, hence the copy.
        return sum(channel.heard_since_ms is not None for channel in list(self._channels.values()))

    def split(self, at_ms: int) -> list[Gap]:
        """Return the open gaps up to `at_ms` and continue them as new gaps."""
        gaps = []
        for channel_id, channel in self._channels.items():
            gap = _gap_until(channel_id, channel, at_ms)
            if gap:
                gaps.append(gap)
                channel.unheard_since_ms = at_ms
        return gaps

    def observed(self, end_ms: int) -> dict[str, int]:
        """Return the observed ms of each channel in [end_ms - 1000, end_ms).

        Must be called once per second, in order.
        """
        start_ms = end_ms - SECOND_MS
        seconds = {}
        for channel_id, channel in self._channels.items():
            if not channel.ended and channel.heard_since_ms is not None and channel.heard_since_ms <= start_ms:
                seconds[channel_id] = SECOND_MS
                continue
            spans = list(channel.ended)
            if channel.heard_since_ms is not None:
                spans.append((channel.heard_since_ms, end_ms))
            seconds[channel_id] = sum(max(0, min(b, end_ms) - max(a, start_ms)) for a, b in spans)
            channel.ended = [span for span in channel.ended if span[1] > end_ms]
        return seconds


class RecordedGaps(Intervals):
    """The recorded gaps of one channel, which correct the observed time claimed by pulses."""

    @classmethod
    def of(cls, events: Iterable[EventRecord]) -> Self:
        """Return the gaps among a channel's events."""
        return cls((event.at_ms, event.until_ms) for event in events if event.kind == "gap" and event.until_ms)

    def observed_ms(self, claimed_ms: int, start_ms: int, end_ms: int) -> int:
        """Return the observed ms in [start_ms, end_ms): the claimed ms, limited to the time outside gaps.

        Pulses are still written until a dead connection is detected, so the gap, which is recorded later, takes
        precedence.
        """
        return min(claimed_ms, end_ms - start_ms - self.overlap_ms(start_ms, end_ms))


def _gap_until(channel_id: str, channel: _ChannelCoverage, at_ms: int) -> Gap | None:
    since_ms = channel.unheard_since_ms
    return None if since_ms is None or at_ms <= since_ms else Gap(channel_id, since_ms, at_ms, channel.reason)
