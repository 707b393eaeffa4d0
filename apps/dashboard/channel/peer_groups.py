"""Percentiles of a channel within its peer groups: live channels of the same size, category or language."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.live.live_channels import LiveChannels
from apps.live.readings import ChannelNow
from core.errors import ServiceUnavailable
from core.metrics.bands import band_of
from core.metrics.display import ordinal
from core.metrics.percentiles import MIN_PEERS, percentile

log = logging.getLogger(__name__)

SIZE = "size"


@dataclass(frozen=True, slots=True)
class Peer:
    """The fields of a live channel that comparisons use."""

    category: str
    language: str
    values: Mapping[str, float]

    @property
    def size(self) -> str:
        """The label of its viewer band, empty while viewer counts are unknown."""
        return f"{band_of(self.values['viewers']).label} viewers" if "viewers" in self.values else ""


@dataclass(frozen=True, slots=True)
class PeerGroup:
    """A peer group of a channel, and the channel's percentile in it, or None if it has no value or too few peers.

    `label` describes the group; `among` is the number of its channels that have a value.
    """

    key: str
    label: str
    percent: int | None
    among: int


Peers = Mapping[str, Peer]

_GROUPS: Mapping[str, Callable[[Peer], str]] = {
    SIZE: lambda peer: peer.size,
    "category": lambda peer: peer.category,
    "language": lambda peer: peer.language,
}


def peer_groups(channel_id: str, metric: str, peers: Peers, keys: Iterable[str] = _GROUPS) -> list[PeerGroup]:
    """Return a channel's peer groups. Only channels that the metric's board would rank are compared."""
    own = peers.get(channel_id)
    return [_peer_group(key, _GROUPS[key], own, metric, peers) for key in keys]


def _peer_group(key: str, group: Callable[[Peer], str], own: Peer | None, metric: str, peers: Peers) -> PeerGroup:
    label = group(own) if own else ""
    if own is None or not label:
        return PeerGroup(key, label, None, 0)
    values = [peer.values[metric] for peer in peers.values() if metric in peer.values and group(peer) == label]
    percent = percentile(own.values[metric], values) if metric in own.values else None
    return PeerGroup(key, label, percent, len(values))


def note(group: PeerGroup) -> str:
    """Return the text that is displayed below a channel's percentile."""
    if not group.label:
        return "unknown for this channel"
    if group.among < MIN_PEERS:
        return f"fewer than {MIN_PEERS} live channels: {group.label}"
    return f"among {group.among:,} live channels: {group.label}"


class PeerCache:
    """Caches the peers until the live channels are read again."""

    def __init__(self) -> None:
        self._cached: tuple[Mapping[str, ChannelNow], Peers] = ({}, {})

    def get(self, now: Mapping[str, ChannelNow]) -> Peers:
        """Return the channels as peers, by id."""
        channels, peers = self._cached
        if now is not channels:
            peers = {channel_id: _peer(channel) for channel_id, channel in now.items()}
            self._cached = now, peers
        return peers


PEERS = PeerCache()


def read_peer_groups(
    channels: LiveChannels, channel_id: str, metric: str, now_ms: int, keys: Iterable[str] = _GROUPS
) -> list[PeerGroup]:
    """Return a channel's peer groups now, without percentiles while Redis is unavailable."""
    try:
        return peer_groups(channel_id, metric, PEERS.get(channels.live(now_ms)), keys)
    except ServiceUnavailable as error:
        log.warning("peer groups not read: %s", error)
        return peer_groups(channel_id, metric, {}, keys)


def peer_group_json(group: PeerGroup) -> dict[str, Any]:
    """Return the JSON that static/js/standing.js reads."""
    return {"key": group.key, "percent": ordinal(group.percent), "note": note(group)}


def _peer(channel: ChannelNow) -> Peer:
    """Return a channel with its comparable values. Values of windows that were not heard are unknown, not 0."""
    values = {
        key: value
        for key, value in channel.values.items()
        if key == "viewers" or (channel.coverage_of(key) > 0 and key not in channel.unranked)
    }
    return Peer(channel.profile.category, channel.profile.language_name, values)
