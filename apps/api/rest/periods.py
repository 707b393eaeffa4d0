"""The query for several channels over UTC days: selection of channels, limits and reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework.request import Request

from apps.api.description.schema import operation
from apps.api.problems import invalid_field
from apps.api.rest.lists import owner_of
from apps.api.rest.period_results import Result, figures_of, period_table
from apps.api.rest.request_schemas import CHANNELS_MAX, PeriodBody
from apps.api.rest.response_schemas import periods as schemas
from apps.api.rest.responses import REVALIDATE, ApiResponse
from apps.api.rest.view import TABLES, ApiView, run_in_cassandra_thread, run_in_db_thread
from apps.api.scopes import Scope
from apps.curation.queries import public_channels
from apps.live.directory import Profile, profile_of
from apps.live.readings import ChannelNow
from apps.live.search import PERIODS, read_saved
from apps.live.table import matching_rows
from apps.metrics.days import read_days
from apps.metrics.hours import read_hours
from apps.metrics.periods import Hours, Period
from apps.workspaces.queries import channels_of, find_segment, find_watchlist
from core.errors import NotFound
from core.metrics.ranges import RangeSummary
from core.metrics.table import METRIC, Metric
from core.pipeline.records import EPOCH_MS
from core.times import DAY_MS, datetime_of, day_of, midnight_ms
from twitchly.clock import now_ms

# Maximum number of channels times days, including the previous period.
CHANNEL_DAYS_MAX = 40_000
# Maximum number of channels times hours: half a second of computation, and at most 13 MB of JSON.
CHANNEL_HOURS_MAX = 50_000
SELECTIONS = ("channels", "watchlist", "segment", "category")


class PeriodQueryView(ApiView):
    scopes = {"post": Scope.READ_SERIES}
    renderer_classes = TABLES

    @operation(
        "query",
        "Compare channels over whole days",
        "History",
        request=PeriodBody,
        responses=schemas.PeriodResult,
        description="Values of several days are computed from sums over their minutes, not from daily averages. "
        f"Channels times days, including those of the previous period, must not exceed {CHANNEL_DAYS_MAX:,}. "
        f"With the grain `hour`, channels times hours must not exceed {CHANNEL_HOURS_MAX:,}. "
        "CSV and NDJSON have a row per channel, or per channel and day or hour.",
    )
    async def post(self, _request: Request) -> ApiResponse:
        body = self.body(PeriodBody)
        period, keys = requested_period(body, now_ms()), list(dict.fromkeys(body["metrics"]))
        profiles = await self._selected(body, period)
        whole = Period(period.previous.from_ms, period.until_ms) if body["compare"] else period
        check_cost(len(profiles), period, whole, body["grain"])
        metrics = [METRIC[key] for key in keys]
        days = await run_in_cassandra_thread(
            read_days, [profile.id for profile in profiles], whole.from_ms, whole.until_ms, metrics
        )
        by_hour = body["grain"] == "hour"
        hours = await run_in_cassandra_thread(_hours, days, period, metrics) if by_hour else {}
        by_day = body["grain"] == "day"
        items = [
            figures_of(profile, days[profile.id], period, keys, by_day=by_day, hours=hours.get(profile.id))
            for profile in profiles
        ]
        result = Result(period, body["grain"], keys, items)
        response = ApiResponse(schemas.PeriodResult.produce(result), REVALIDATE, table=period_table(result))
        return await self.render_in_thread(response) if by_hour else response

    async def _selected(self, body: Mapping[str, Any], period: Period) -> list[Profile]:
        """Return the public channels that a body selects. Raises: Problem, ServiceUnavailable."""
        given = [name for name in SELECTIONS if name in body]
        if len(given) != 1:
            raise invalid_field(given[1] if given else SELECTIONS[0], f"Send one of {', '.join(SELECTIONS)}.")
        if "segment" in body:
            query = await run_in_db_thread(_segment_query, self.api_client.owner_id, body["segment"])
            search = read_saved(query)
            channels: Mapping[str, ChannelNow] = (
                await run_in_db_thread(self.services.periods.of, PERIODS[search.range], now_ms())
                if search.range
                else (await self.services.readings.of_channels()).live()
            )
            rows = matching_rows(search, channels.values())
            return [row.channel.profile for row in rows[:CHANNELS_MAX]]
        profiles = await run_in_db_thread(_stored_profiles, self.api_client.owner_id, body, period.from_ms)
        if "channels" in body and (unknown := set(body["channels"]) - {profile.id for profile in profiles}):
            raise invalid_field("channels", f"No channel has the ID {min(unknown)}.")
        return profiles


def requested_period(body: Mapping[str, Any], now_ms: int) -> Period:
    """Return the requested period. Raises: Problem."""
    from_ms, last_ms = (midnight_ms(body[name]) for name in ("first_day", "last_day"))
    if last_ms + DAY_MS > now_ms:
        raise invalid_field("last_day", f"The day has not ended. The last complete day is {day_of(now_ms - DAY_MS)}.")
    if from_ms > last_ms:
        raise invalid_field("first_day", "It must not be after “last_day”.")
    if from_ms < EPOCH_MS:
        raise invalid_field("first_day", f"Nothing is recorded before {day_of(EPOCH_MS)}.")
    return Period(from_ms, last_ms + DAY_MS)


def check_cost(channels: int, period: Period, whole: Period, grain: str) -> None:
    """Reject a query that reads too many rows; `whole` includes the previous period. Raises: Problem."""
    if channels * whole.days > CHANNEL_DAYS_MAX:
        note = "" if whole == period else " (including the previous period)"
        reason = _over(channels, whole.days, "day", CHANNEL_DAYS_MAX, note)
        raise invalid_field("first_day", f"{reason} Request fewer days or channels.")
    if grain == "hour" and channels * period.hours > CHANNEL_HOURS_MAX:
        reason = _over(channels, period.hours, "hour", CHANNEL_HOURS_MAX)
        raise invalid_field("grain", f"{reason} Request fewer days or channels, or the grain “day”.")


def _over(channels: int, length: int, unit: str, limit: int, note: str = "") -> str:
    """Return the reason why a query reads too many rows; `length` is in `unit`s."""
    product = f"{channels:,} channels × {length:,} {unit}s{note} is {channels * length:,} channel-{unit}s"
    return f"{product}. The limit is {limit:,}."


def _hours(days: Mapping[str, Sequence[RangeSummary]], period: Period, metrics: Sequence[Metric]) -> dict[str, Hours]:
    """Return each channel's values by hour in a period. Raises: ServiceUnavailable."""
    inside = {i: found[-period.days :] for i, found in days.items()}
    keys = [metric.key for metric in metrics]
    hours = read_hours(inside, period.from_ms, period.until_ms, metrics, now_ms())
    return {i: Hours.of(summaries, keys) for i, summaries in hours}


def _segment_query(owner_id: int, segment_id: int) -> str:
    try:
        return find_segment(owner_id, segment_id).query
    except NotFound as error:
        raise invalid_field("segment", str(error)) from None


def _stored_profiles(owner_id: int, body: Mapping[str, Any], from_ms: int) -> list[Profile]:
    if "category" in body:
        since = datetime_of(from_ms)
        channels = public_channels().filter(category=body["category"], last_seen_at__gte=since)
        return [profile_of(channel) for channel in channels.order_by("-viewers", "pk")[:CHANNELS_MAX]]
    ids = list(dict.fromkeys(body["channels"])) if "channels" in body else _watched(owner_id, body["watchlist"])
    known = public_channels().in_bulk(ids)
    return [profile_of(known[channel_id]) for channel_id in ids if channel_id in known]


def _watched(owner_id: int, watchlist_id: int) -> list[str]:
    try:
        return channels_of(find_watchlist(owner_of(owner_id), watchlist_id))
    except NotFound as error:
        raise invalid_field("watchlist", str(error)) from None
