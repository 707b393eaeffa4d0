"""Why a channel is listened to, or why not, as everybody may know it: no note and no reason of the curators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings

from apps.channels.models import Channel
from apps.curation.decisions import has_opted_out
from core.channels.selection import max_channels

State = Literal["listed", "pinned", "kept", "blocked", "out", "below", "unknown"]


@dataclass(frozen=True, slots=True)
class Following:
    """How a channel stands with the list, in words; `can_ask`: it may be asked for."""

    state: State
    said: str
    can_ask: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"state": self.state, "said": self.said, "can_ask": self.can_ask}


def following_of(channel_id: str) -> Following:
    """Return why the channel is, or is not, followed, by the list of the last minute."""
    channel = Channel.objects.filter(pk=channel_id).first()
    if has_opted_out(channel_id):
        return Following("out", "Not followed: the channel has opted out of being counted.")
    if channel is None:
        return Following("unknown", "Not followed: it was never among the channels on the list.", can_ask=True)
    if channel.blocked:
        return Following("blocked", f"Not followed: the curators took it off the list{_until(channel)}.")
    if channel.pinned:
        return Following("pinned", f"Followed whatever its rank: pinned by the curators{_until(channel)}.")
    return _by_rank(channel)


def _by_rank(channel: Channel) -> Following:
    count = settings.CHANNELS_WANTED
    if not channel.is_wanted:
        said = f"Not followed: it is not among the {count:,} most viewed live channels."
        return Following("below", said, can_ask=True)
    if channel.offline_since is not None:
        minutes = settings.OFFLINE_KEPT_S // 60
        return Following("kept", f"Followed for up to {minutes} min more: its stream has ended.")
    rank = Channel.objects.filter(is_wanted=True, offline_since=None, viewers__gt=channel.viewers).count() + 1
    if rank <= count:
        return Following("listed", f"Followed: number {rank:,} by viewers, and the first {count:,} are.")
    said = f"Followed until it falls behind number {max_channels(count):,} by viewers: now it is number {rank:,}."
    return Following("listed", said)


def _until(channel: Channel) -> str:
    return f" until {channel.decided_until:%-d %b %Y, %H:%M} UTC" if channel.decided_until else ""
