"""Public tracking state of a channel, without curators' notes and reasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings

from apps.channels.models import Channel
from apps.channels.queries import tracked_live_channels
from apps.curation.decisions import has_opted_out
from core.channels.selection import max_channels

State = Literal["listed", "pinned", "kept", "blocked", "out", "below", "unknown"]


@dataclass(frozen=True, slots=True)
class TrackingState:
    """The tracking state of a channel, with its reason as text.

    `can_request` means that users may request the channel; `login`, if known, then fills the form.
    """

    state: State
    text: str
    can_request: bool = False
    login: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"state": self.state, "text": self.text, "can_request": self.can_request, "login": self.login}


OUT = TrackingState("out", "Not tracked: the channel has opted out.")


def tracking_state(channel_id: str) -> TrackingState:
    """Return the tracking state of a channel according to the latest channel list."""
    channel = Channel.objects.filter(pk=channel_id).first()
    if has_opted_out(channel_id):
        return OUT
    if channel is None:
        text = "Not tracked: this channel has never been on the channel list."
        return TrackingState("unknown", text, can_request=True)
    return describe_tracking(channel, _read_rank)


def describe_tracking(channel: Channel, rank_of: Callable[[int], int]) -> TrackingState:
    """Return the tracking state of a channel that has not opted out; `rank_of` returns the rank of a viewer count."""
    if channel.blocked:
        return TrackingState("blocked", f"Not tracked: removed from the list by the curators{_until(channel)}.")
    if channel.pinned:
        return TrackingState("pinned", f"Tracked: pinned by the curators{_until(channel)}.")
    count = settings.CHANNELS_WANTED
    if not channel.is_wanted:
        text = f"Not tracked: not among the {count:,} most viewed live channels."
        return TrackingState("below", text, can_request=True, login=channel.login)
    if channel.offline_since is not None:
        minutes = settings.OFFLINE_KEPT_S // 60
        return TrackingState("kept", f"Tracked for up to {minutes} more minutes, because its stream has ended.")
    rank = rank_of(channel.viewers)
    if rank <= count:
        return TrackingState("listed", f"Tracked: rank {rank:,} by viewers (the top {count:,} are tracked).")
    text = f"Tracked until it falls below rank {max_channels(count):,} by viewers; now rank {rank:,}."
    return TrackingState("listed", text)


def _read_rank(viewers: int) -> int:
    return tracked_live_channels().filter(viewers__gt=viewers).count() + 1


def _until(channel: Channel) -> str:
    return f" until {channel.decided_until:%-d %b %Y, %H:%M} UTC" if channel.decided_until else ""
