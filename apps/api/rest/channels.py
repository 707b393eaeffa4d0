"""Endpoints of channels: profiles and live values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request

from apps.api.description.schema import operation
from apps.api.rest import response_schemas
from apps.api.rest.paging import page, read_cursor
from apps.api.rest.readings import Readings
from apps.api.rest.request_schemas import ChannelsQuery
from apps.api.rest.responses import ApiResponse, Table, utc_datetime
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

FIELDS = ("id", "login", "name", "category", "language", "title", "started_at", "is_live", "url")


class ChannelListView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}
    renderer_classes = TABLES

    @operation(
        "list_channels",
        "The channels that are known, by their ids",
        "Channels",
        query=ChannelsQuery,
        responses=response_schemas.ChannelList,
    )
    async def get(self, _request: Request) -> ApiResponse:
        query = self.query
        after, limit = read_cursor(self.path, query.get("cursor")) or "", query["limit"]
        text, is_exact = parse_search(query.get("q", ""))
        live = (await self.services.readings.of_channels()).live()
        if query["live"]:
            profiles = search_live(live, text, after, is_exact=is_exact)
        else:
            stored = await run_in_db_thread(search_stored, text, after, limit + 1, is_exact=is_exact)
            profiles = [live[profile.id].profile if profile.id in live else profile for profile in stored]
        profiles = profiles[: limit + 1]

        def to_json(profile: Profile) -> dict[str, Any]:
            return profile_json(profile, is_live=profile.id in live)

        document = page(profiles, limit, lambda profile: profile.id, to_json, self.path)
        return ApiResponse(document, table=_table(document["items"]))


class ChannelView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation("get_channel", "Who a channel is", "Channels", responses=response_schemas.Channel)
    async def get(self, _request: Request, channel_id: str) -> ApiResponse:
        channel, reading = await find_channel(self.services.readings, channel_id)
        return ApiResponse(profile_json(channel.profile, is_live=reading.has_live(channel)))


class ChannelLiveView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation(
        "get_live_values",
        "A channel's values, now",
        "Channels",
        responses=response_schemas.LiveChannel,
        description="All who ask within a second get the same reading.",
    )
    async def get(self, _request: Request, channel_id: str) -> ApiResponse:
        channel, reading = await find_channel(self.services.readings, channel_id)
        return ApiResponse(live_json(channel, reading.newest_end_ms))


async def find_channel(readings: Readings, channel_id: str) -> tuple[ChannelNow, Reading]:
    """Return a live or stored channel, and the reading of the live channels.

    Raises: NotFound, ServiceAway.
    """
    if not is_twitch_id(channel_id):
        raise NotFound("A channel is named by Twitch's id: up to 20 digits.")
    reading = await readings.of_channels()
    channel = reading.channels.get(channel_id)
    if channel is not None and reading.has_recent(channel):
        return channel, reading
    stored = await run_in_db_thread(public_channels().filter(pk=channel_id).first)
    if stored is None:
        raise NotFound(f"There is no channel with the id {channel_id}.")
    return ChannelNow(profile_of(stored), None, 0.0, {}, {}, {}), reading


def search_live(live: Mapping[str, ChannelNow], text: str, after: str, *, is_exact: bool = False) -> list[Profile]:
    """Return the live channels that match a search, by id, from the one after `after`."""
    profiles = (channel.profile for channel in live.values() if channel.profile.id > after)
    return sorted((p for p in profiles if matches_text(p, text, is_exact=is_exact)), key=lambda profile: profile.id)


def search_stored(text: str, after: str, limit: int, *, is_exact: bool = False) -> list[Profile]:
    """Return the same for all channels that were ever tracked, up to `limit`."""
    channels = public_channels().filter(pk__gt=after).order_by("pk")
    if text:
        channels = channels.filter(name_filter(text, is_exact=is_exact))
    return [profile_of(channel) for channel in channels[:limit]]


def profile_json(profile: Profile, *, is_live: bool) -> dict[str, Any]:
    return {
        "id": profile.id,
        "login": profile.login,
        "name": profile.name,
        "category": profile.category,
        "language": profile.language,
        "title": profile.title,
        "started_at": profile.started_at or None,
        "is_live": is_live,
        "url": f"{TWITCH}{profile.login}",
    }


def live_json(channel: ChannelNow, newest_end_ms: int | None) -> dict[str, Any]:
    return {
        "channel_id": channel.profile.id,
        "end": utc_datetime(channel.end_ms),
        "newest_end": utc_datetime(newest_end_ms),
        "coverage": channel.coverage,
        "distinct_end": utc_datetime(channel.distinct_end_ms),
        "distinct_coverage": channel.distinct_coverage,
        "state": _state(channel, newest_end_ms),
        "values": channel.values,
        "unranked": channel.unranked,
        "apart": channel.apart,
    }


def _state(channel: ChannelNow, newest_end_ms: int | None) -> str:
    if channel.end_ms is None:
        return "absent"
    live = LiveValues(channel.end_ms, channel.coverage, channel.values, channel.unranked, channel.apart)
    return state_of(channel.profile, live, newest_end_ms or channel.end_ms)


def _table(items: list[dict[str, Any]]) -> Table:
    return Table([ExportColumn(name) for name in FIELDS], lambda: [[item[name] for name in FIELDS] for item in items])
