"""Channel endpoints: profiles and live values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request

from apps.api.description.schema import operation
from apps.api.lookups import Readings
from apps.api.rest.paging import page, read_cursor
from apps.api.rest.request_schemas import ChannelsQuery
from apps.api.rest.response_schemas import channels as schemas
from apps.api.rest.responses import ApiResponse, Table
from apps.api.rest.view import TABLES, ApiView, run_in_db_thread
from apps.api.scopes import Scope
from apps.channels.queries import name_filter
from apps.curation.queries import public_channels
from apps.live.directory import TWITCH, Profile, matches_text, profile_of
from apps.live.readings import ChannelNow, Reading, state_of
from apps.metrics.board_reader import LiveValues
from apps.metrics.exports.formats import ExportColumn
from core.channels.account import is_twitch_id
from core.channels.address import parse_search
from core.errors import NotFound

FIELDS = tuple(schemas.Channel().fields)


@dataclass(frozen=True, slots=True)
class KnownChannel:
    """A channel that is or was tracked."""

    profile: Profile
    is_live: bool

    @property
    def started_at(self) -> str | None:
        return self.profile.started_at or None

    @property
    def url(self) -> str:
        return f"{TWITCH}{self.profile.login}"


@dataclass(frozen=True, slots=True)
class MeasuredChannel:
    """A channel with its live values, and the end of the newest window of all channels."""

    channel: ChannelNow
    newest_end_ms: int | None

    @property
    def state(self) -> str:
        channel = self.channel
        if channel.end_ms is None:
            return "absent"
        live = LiveValues(channel.end_ms, channel.coverage, channel.values, channel.unranked, channel.apart)
        return state_of(channel.profile, live, self.newest_end_ms or channel.end_ms)


class ChannelListView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}
    renderer_classes = TABLES

    @operation(
        "list_channels",
        "List channels",
        "Channels",
        query=ChannelsQuery,
        responses=schemas.ChannelList,
    )
    async def get(self, _request: Request) -> ApiResponse:
        query = self.query
        after, limit = read_cursor(self.list_id, query.get("cursor")) or "", query["limit"]
        text, is_exact = parse_search(query.get("q", ""))
        live = (await self.services.readings.of_channels()).live()
        if query.get("live"):
            profiles = search_live(live, text, after, is_exact=is_exact)
        else:
            excluded = live.keys() if "live" in query else ()
            stored = await run_in_db_thread(search_stored, text, after, limit + 1, excluded, is_exact=is_exact)
            profiles = [live[profile.id].profile if profile.id in live else profile for profile in stored]
        profiles = profiles[: limit + 1]
        channels = [KnownChannel(profile, profile.id in live) for profile in profiles]
        document = schemas.ChannelList.produce(page(channels, limit, lambda channel: channel.profile.id, self.list_id))
        return ApiResponse(document, table=_table(document["items"]))


class ChannelView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation("get_channel", "Get a channel", "Channels", responses=schemas.Channel)
    async def get(self, _request: Request, channel_id: str) -> ApiResponse:
        channel, reading = await find_channel(self.services.readings, channel_id)
        return ApiResponse(schemas.Channel.produce(KnownChannel(channel.profile, reading.has_live(channel))))


class ChannelLiveView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation(
        "get_live_values",
        "Get live values of a channel",
        "Channels",
        responses=schemas.LiveChannel,
        description="Requests within the same second get the same data.",
    )
    async def get(self, _request: Request, channel_id: str) -> ApiResponse:
        channel, reading = await find_channel(self.services.readings, channel_id)
        return ApiResponse(schemas.LiveChannel.produce(MeasuredChannel(channel, reading.newest_end_ms)))


async def find_channel(readings: Readings, channel_id: str) -> tuple[ChannelNow, Reading]:
    """Return a live or stored channel, and the reading of the live channels.

    Raises: NotFound, ServiceUnavailable.
    """
    if not is_twitch_id(channel_id):
        raise NotFound("Use the channel's Twitch ID: up to 20 digits.")
    channels, reading = await find_channels(readings, [channel_id])
    if channel_id not in channels:
        raise NotFound(f"No channel has the ID {channel_id}.")
    return channels[channel_id], reading


async def find_channels(readings: Readings, channel_ids: Collection[str]) -> tuple[dict[str, ChannelNow], Reading]:
    """Return the live and stored channels with these Twitch IDs, keyed by ID in no particular order, and the reading
    of all live channels. Unknown channels are omitted. Raises: ServiceUnavailable.
    """
    reading = await readings.of_channels()
    live = {i: reading.channels[i] for i in channel_ids if i in reading.channels}
    recent = {i: channel for i, channel in live.items() if reading.has_recent(channel)}
    others = [i for i in channel_ids if i not in recent]
    stored = await run_in_db_thread(public_channels().in_bulk, others) if others else {}
    silent = {i: ChannelNow(profile_of(channel), None, 0.0, {}, {}, {}) for i, channel in stored.items()}
    return recent | silent, reading


def search_live(live: Mapping[str, ChannelNow], text: str, after: str, *, is_exact: bool = False) -> list[Profile]:
    """Return the live channels that match a search, sorted by id, starting after `after`."""
    profiles = (channel.profile for channel in live.values() if channel.profile.id > after)
    return sorted((p for p in profiles if matches_text(p, text, is_exact=is_exact)), key=lambda profile: profile.id)


def search_stored(
    text: str, after: str, limit: int, excluded: Collection[str] = (), *, is_exact: bool = False
) -> list[Profile]:
    """Return up to `limit` channels that match a search, sorted by id, starting after `after`.

    All channels that were ever tracked are searched, except `excluded`.
    """
    channels = public_channels().filter(pk__gt=after).exclude(pk__in=excluded).order_by("pk")
    if text:
        channels = channels.filter(name_filter(text, is_exact=is_exact))
    return [profile_of(channel) for channel in channels[:limit]]


def _table(items: list[dict[str, Any]]) -> Table:
    return Table([ExportColumn(name) for name in FIELDS], lambda: [[item[name] for name in FIELDS] for item in items])
