"""Data for a shared watchlist: its channels with live values and the past hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from apps.accounts.models import User
from apps.dashboard.models import ShareLink
from apps.dashboard.queries import read_channels
from apps.dashboard.shares.page import fields_of
from apps.dashboard.watchlists.page import read_metric, read_paths
from apps.live.display import channel_json
from apps.live.readings import LiveBoards
from apps.workspaces.models import Watchlist
from apps.workspaces.queries import channels_of, find_watchlist
from core.errors import NotFound, Refused
from core.inputs.numbers import parse_whole_number


@dataclass(frozen=True, slots=True)
class SharedList:
    """The watchlist of a link, its channels, and the metric of their sparklines."""

    watchlist: Watchlist
    channel_ids: list[str]
    metric: str


def list_query(owner: User, fields: Mapping[str, str]) -> str:
    """Return the query string for a link to one of the owner's watchlists. Raises: Refused."""
    errors: list[str] = []
    metric = read_metric(fields, errors)
    if errors:
        raise Refused(" ".join(errors))
    try:
        watchlist = find_watchlist(owner, parse_whole_number(fields.get("list", "")) or 0)
    except NotFound as error:
        raise Refused(str(error)) from None
    return urlencode({"list": watchlist.pk, "metric": metric})


def find_list(link: ShareLink) -> SharedList:
    """Return the watchlist of a link. Raises: NotFound if it has been deleted."""
    fields = fields_of(link.query)
    try:
        watchlist = find_watchlist(link.owner, int(fields["list"]))
    except NotFound:
        raise NotFound("This watchlist has been deleted. Ask the person who sent the link for a new one.") from None
    return SharedList(watchlist, channels_of(watchlist), fields["metric"])


def live_values(boards: LiveBoards, link: ShareLink, now_ms: int) -> dict[str, Any] | None:
    """Return the live values of the channels, or None while Redis is unavailable. Raises: NotFound."""
    reading = read_channels(boards, find_list(link).channel_ids, now_ms)
    if reading is None:
        return None
    return {
        "now_ms": now_ms,
        "channels": {channel_id: channel_json(channel) for channel_id, channel in reading.channels.items()},
    }


def paths(link: ShareLink, now_ms: int) -> dict[str, Any] | None:
    """Return the sparkline of each channel's past hour, or None while history is unavailable. Raises: NotFound."""
    shared = find_list(link)
    lines = read_paths(shared.channel_ids, shared.metric, now_ms)
    return None if lines is None else {"paths": lines}
