"""Live columns of the channel list on the admin site, read for a whole page at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from apps.channels.models import Channel
from apps.channels.queries import tracked_live_channels
from apps.curation.models import OptOut
from apps.dashboard.channel.tracking import OUT, TrackingState, describe_tracking
from apps.dashboard.queries import read_channels
from apps.live.display import channel_display
from apps.live.readings import ChannelNow, LiveBoards, Reading
from core.metrics.display import ABSENT, count

# unheard: live on Twitch, but without a recent window. ended: chat continues after the broadcast.
State = Literal["live", "unheard", "ended", "offline", "never"]
STATES = {
    "live": "live",
    "unheard": "live, not heard",
    "ended": "stream ended",
    "offline": "offline",
    "never": "never seen live",
}


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """The live columns of a channel as text; ABSENT where unknown. `why` says why it is or is not tracked."""

    state: State
    rank: str
    viewers: str
    coverage: str
    messages: str
    why: str

    @property
    def state_text(self) -> str:
        return STATES[self.state]


def read_channel_rows(
    boards: LiveBoards, channels: Sequence[Channel], now_ms: int
) -> tuple[dict[str, ChannelRow], bool]:
    """Return the rows by channel id, and whether live values could be read. The number of queries is constant."""
    ids = [channel.pk for channel in channels]
    reading = read_channels(boards, ids, now_ms) if ids else None
    out = set(OptOut.objects.filter(kind=OptOut.Kind.CHANNEL, twitch_id__in=ids).values_list("twitch_id", flat=True))
    rank_of = ranker(sorted(tracked_live_channels().values_list("viewers", flat=True)))
    rows = {channel.pk: channel_row(channel, reading, rank_of, is_out=channel.pk in out) for channel in channels}
    return rows, reading is not None or not ids


def ranker(viewers: Sequence[int]) -> Callable[[int], int]:
    """Return a function that returns the rank, from 1, of a viewer count in `viewers`, which must be sorted."""
    return lambda count: len(viewers) - bisect_right(viewers, count) + 1


def channel_row(
    channel: Channel, reading: Reading | None, rank_of: Callable[[int], int], *, is_out: bool
) -> ChannelRow:
    """Return the row of a channel; without a reading, it shows only the state that Twitch last reported."""
    now = reading.channels.get(channel.pk) if reading else None
    state = _state(channel, reading, now)
    display = channel_display(now) if now and now.end_ms is not None and state in ("live", "ended") else None
    is_ranked = channel.is_wanted and channel.offline_since is None and not (channel.blocked or is_out)
    viewers = channel.viewers if state in ("live", "unheard") else None
    return ChannelRow(
        state,
        count(rank_of(channel.viewers)) if is_ranked else ABSENT,
        display.values.get("viewers", ABSENT) if display and state == "live" else count(viewers),
        f"{display.coverage}%" if display else ABSENT,
        display.values.get("messages", ABSENT) if display else ABSENT,
        _why(OUT if is_out else describe_tracking(channel, rank_of), channel),
    )


def _state(channel: Channel, reading: Reading | None, now: ChannelNow | None) -> State:
    if reading and now and reading.has_live(now):
        return "live"
    if channel.is_wanted and channel.offline_since is None:
        return "live" if reading is None else "unheard"
    if reading and now and reading.has_recent(now):
        return "ended"
    return "never" if channel.last_seen_at is None else "offline"


def _why(tracking: TrackingState, channel: Channel) -> str:
    return f"{tracking.text} Reason: {channel.reason}." if channel.reason else tracking.text
