"""Where a channel stands among the live ones that are like it: by size, by category and by language."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.live.live_channels import LIVE_CHANNELS
from apps.live.readings import ChannelNow
from core.errors import ServiceAway
from core.metrics.bands import band_of
from core.metrics.percentiles import FEWEST, percentile

log = logging.getLogger(__name__)

SIZE = "size"


@dataclass(frozen=True, slots=True)
class Peer:
    """A live channel, as it is compared with others."""

    category: str
    language: str
    values: Mapping[str, float]

    @property
    def size(self) -> str:
        """The band of its viewers in words, empty while they are unknown."""
        return f"{band_of(self.values['viewers']).label} viewers" if "viewers" in self.values else ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A channel's place in one group: the percentage of the others below it, None where that says nothing.

    `label` is what the channels of the group have in common, `among` how many of them have a value.
    """

    key: str
    label: str
    percent: int | None
    among: int


Field = Mapping[str, Peer]

_GROUPS: Mapping[str, Callable[[Peer], str]] = {
    SIZE: lambda peer: peer.size,
    "category": lambda peer: peer.category,
    "language": lambda peer: peer.language,
}


def standings(channel_id: str, metric: str, field: Field) -> list[Standing]:
    """Return a channel's place in each group; only channels that the metric's board would rank are compared."""
    own = field.get(channel_id)
    return [_standing(key, group, own, metric, field) for key, group in _GROUPS.items()]


def _standing(key: str, group: Callable[[Peer], str], own: Peer | None, metric: str, field: Field) -> Standing:
    label = group(own) if own else ""
    if own is None or not label:
        return Standing(key, label, None, 0)
    values = [peer.values[metric] for peer in field.values() if metric in peer.values and group(peer) == label]
    percent = percentile(own.values[metric], values) if metric in own.values else None
    return Standing(key, label, percent, len(values))


def note(standing: Standing) -> str:
    """Return what stands under a channel's place. The script does the same in static/js/standing.js."""
    if not standing.label:
        return "not known of this channel now"
    if standing.among < FEWEST:
        return f"fewer than {FEWEST} live channels: {standing.label}"
    return f"among {standing.among:,} live channels: {standing.label}"


class Peers:
    """The live channels as they are compared, made of the field whenever that is read anew."""

    def __init__(self) -> None:
        self._made: tuple[Mapping[str, ChannelNow], Field] = ({}, {})

    def get(self, now_ms: int) -> Field:
        """Return the live channels by id. Raises: ServiceAway."""
        channels, peers = self._made
        if (now := LIVE_CHANNELS.live(now_ms)) is not channels:
            peers = {channel_id: _peer(one) for channel_id, one in now.items()}
            self._made = now, peers
        return peers


PEERS = Peers()


def read_standings(channel_id: str, metric: str, now_ms: int) -> list[Standing]:
    """Return a channel's place now; places that say nothing while Redis is away."""
    try:
        return standings(channel_id, metric, PEERS.get(now_ms))
    except ServiceAway as error:
        log.warning("a channel is shown without its place among others: %s", error)
        return standings(channel_id, metric, {})


def standing_json(standing: Standing) -> dict[str, Any]:
    """Return a place as the script takes it."""
    return {"key": standing.key, "percent": standing.percent, "note": note(standing)}


def _peer(channel: ChannelNow) -> Peer:
    """Return a channel with the values that may be compared: nothing counts as 0 that nobody listened to."""
    values = {
        key: value
        for key, value in channel.values.items()
        if key == "viewers" or (channel.coverage_of(key) > 0 and key not in channel.unranked)
    }
    return Peer(channel.profile.category, channel.profile.language, values)
