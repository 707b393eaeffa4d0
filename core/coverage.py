"""When each wanted channel was listened to: the milliseconds of every second, and the gaps between."""

from __future__ import annotations

from dataclasses import dataclass, field

SECOND_MS = 1_000


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval, both ends included, in which a wanted channel was not, or not surely, listened to."""

    channel_id: str
    from_ms: int
    until_ms: int
    reason: str


@dataclass(slots=True)
class _Watch:
    unjoined_since_ms: int | None
    reason: str
    joined_since_ms: int | None = None
    ended: list[tuple[int, int]] = field(default_factory=list)


class Coverage:
    """Follows joins and losses of all wanted channels. Times are those of the producer's clock."""

    def __init__(self) -> None:
        self._watches: dict[str, _Watch] = {}

    def want(self, channel_id: str, since_ms: int, reason: str) -> None:
        """Begin to want a channel; until it is joined it lies in a gap since `since_ms`."""
        self._watches.setdefault(channel_id, _Watch(since_ms, reason))

    def unwant(self, channel_id: str, at_ms: int) -> Gap | None:
        """Stop wanting a channel; returns the gap it was in."""
        watch = self._watches.pop(channel_id, None)
        return _close(channel_id, watch, at_ms) if watch else None

    def joined(self, channel_id: str, at_ms: int) -> Gap | None:
        """Note that the channel is heard from now on; returns the gap that ends."""
        watch = self._watches.get(channel_id)
        if watch is None or watch.joined_since_ms is not None:
            return None
        gap = _close(channel_id, watch, at_ms)
        watch.unjoined_since_ms, watch.joined_since_ms = None, at_ms
        return gap

    def lost(self, channel_id: str, since_ms: int, at_ms: int, reason: str) -> None:
        """Note that nothing is heard any more, surely since `since_ms`, noticed at `at_ms`."""
        watch = self._watches.get(channel_id)
        if watch is None or watch.joined_since_ms is None:
            return
        watch.ended.append((watch.joined_since_ms, min(since_ms, at_ms)))
        watch.joined_since_ms, watch.unjoined_since_ms, watch.reason = None, since_ms, reason

    def split(self, at_ms: int) -> list[Gap]:
        """Return the gaps that are still open, up to now; they go on from here as new ones."""
        gaps = []
        for channel_id, watch in self._watches.items():
            gap = _close(channel_id, watch, at_ms)
            if gap:
                gaps.append(gap)
                watch.unjoined_since_ms = at_ms
        return gaps

    def observed(self, end_ms: int) -> dict[str, int]:
        """Return, per wanted channel, how much of [end_ms - 1000, end_ms) was listened to, in ms.

        To be asked for every second once, in order.
        """
        start_ms = end_ms - SECOND_MS
        seconds = {}
        for channel_id, watch in self._watches.items():
            spans = list(watch.ended)
            if watch.joined_since_ms is not None:
                spans.append((watch.joined_since_ms, end_ms))
            seconds[channel_id] = sum(max(0, min(b, end_ms) - max(a, start_ms)) for a, b in spans)
            watch.ended = [span for span in watch.ended if span[1] > end_ms]
        return seconds


def _close(channel_id: str, watch: _Watch, at_ms: int) -> Gap | None:
    since_ms = watch.unjoined_since_ms
    return None if since_ms is None or at_ms <= since_ms else Gap(channel_id, since_ms, at_ms, watch.reason)
