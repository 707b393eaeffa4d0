"""Live channels outside the channel list, with the viewers that each has gained since it was first seen there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from core.channels.stream import Stream

# A poll returns 1.4 times as many streams as are tracked. Of the untracked ones, the OUTSIDE_MAX with the most viewers
# are kept.
OUTSIDE_MAX = 200


@dataclass(frozen=True, slots=True)
class OutsideChannel:
    """A live channel that is not tracked.

    `since_ms` is the time of the poll that first found it outside the list, `since_viewers` its viewer count in that
    poll.
    """

    id: str
    login: str
    name: str
    category: str
    viewers: int
    since_ms: int
    since_viewers: int

    @property
    def gained(self) -> int:
        """Viewers gained since `since_ms`; negative if the channel has lost viewers."""
        return self.viewers - self.since_viewers


def outside_channels(
    polled: Iterable[Stream],
    *,
    tracked: Collection[str],
    excluded: Collection[str],
    before: Mapping[str, OutsideChannel],
    now_ms: int,
) -> list[OutsideChannel]:
    """Return up to OUTSIDE_MAX polled live channels that are neither tracked nor excluded, by descending viewers.

    `before` is the previous result, by id. A channel that is not in `before` gets `now_ms` as its `since_ms`.
    """
    free = [stream for stream in polled if stream.live and stream.id not in tracked and stream.id not in excluded]
    free.sort(key=lambda stream: (-(stream.viewers or 0), stream.id))
    return [_outside(stream, before.get(stream.id), now_ms) for stream in free[:OUTSIDE_MAX]]


def rising_channels(outside: Iterable[OutsideChannel]) -> list[OutsideChannel]:
    """Return the channels that have gained viewers, greatest gain first."""
    gaining = [channel for channel in outside if channel.gained > 0]
    return sorted(gaining, key=lambda channel: (-channel.gained, -channel.viewers, channel.id))


def _outside(stream: Stream, before: OutsideChannel | None, now_ms: int) -> OutsideChannel:
    viewers = stream.viewers or 0
    since_ms, since_viewers = (before.since_ms, before.since_viewers) if before else (now_ms, viewers)
    return OutsideChannel(stream.id, stream.login, stream.name, stream.category, viewers, since_ms, since_viewers)
