"""Public tracking state of a channel, without notes and reasons of curators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings

from apps.channels.models import Channel
from apps.curation.decisions import has_opted_out
from core.channels.selection import max_channels

State = Literal["listed", "pinned", "kept", "blocked", "out", "below", "unknown"]


@dataclass(frozen=True, slots=True)
class TrackingState:
    """Whether and why a channel is tracked; `can_ask`: it may be requested."""

    state: State
    text: str
    can_ask: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"state": self.state, "said": self.text, "can_ask": self.can_ask}


def tracking_state(channel_id: str) -> TrackingState:
    """Return the tracking state of a channel by the latest channel list."""
    channel = Channel.objects.filter(pk=channel_id).first()
    if has_opted_out(channel_id):
        return TrackingState("out", "Not followed: the channel has opted out of being counted.")
    if channel is None:
        return TrackingState("unknown", "Not followed: it was never among the channels on the list.", can_ask=True)
    if channel.blocked:
        return TrackingState("blocked", f"Not followed: the curators took it off the list{_until(channel)}.")
    if channel.pinned:
        return TrackingState("pinned", f"Followed whatever its rank: pinned by the curators{_until(channel)}.")
    return _state_by_rank(channel)


def _state_by_rank(channel: Channel) -> TrackingState:
    count = settings.CHANNELS_WANTED
    if not channel.is_wanted:
        text = f"Not followed: it is not among the {count:,} most viewed live channels."
        return TrackingState("below", text, can_ask=True)
    if channel.offline_since is not None:
        minutes = settings.OFFLINE_KEPT_S // 60
        return TrackingState("kept", f"Followed for up to {minutes} min more: its stream has ended.")
    rank = Channel.objects.filter(is_wanted=True, offline_since=None, viewers__gt=channel.viewers).count() + 1
    if rank <= count:
        return TrackingState("listed", f"Followed: number {rank:,} by viewers, and the first {count:,} are.")
    text = f"Followed until it falls behind number {max_channels(count):,} by viewers: now it is number {rank:,}."
    return TrackingState("listed", text)


def _until(channel: Channel) -> str:
    return f" until {channel.decided_until:%-d %b %Y, %H:%M} UTC" if channel.decided_until else ""
