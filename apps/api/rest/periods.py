"""The query for several channels over UTC days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request

from apps.api.description.schema import operation
from apps.api.problems import invalid_field
from apps.api.rest.lists import owner_of
from apps.api.rest.request_schemas import CHANNELS_MAX, PeriodBody
from apps.api.rest.response_schemas import periods as schemas
from apps.api.rest.responses import REVALIDATE, ApiResponse, Table
from apps.api.rest.view import TABLES, ApiView, run_in_cassandra_thread, run_in_db_thread
from apps.api.scopes import Scope
from apps.curation.queries import public_channels
from apps.live.directory import Profile, profile_of
from apps.live.readings import ChannelNow
from apps.live.search import PERIODS, read_saved
from apps.live.table import matching_rows
from apps.metrics.days import read_days
from apps.metrics.exports.formats import Cell, ExportColumn, metric_column
from apps.metrics.periods import Days, Figures, Period, Totals
from apps.workspaces.queries import channels_of, find_segment, find_watchlist
from core.errors import NotFound
from core.metrics.days import join
from core.metrics.ranges import RangeSummary
from core.metrics.table import METRIC
from core.metrics.units import average_unit, unit_of
from core.pipeline.records import EPOCH_MS
from core.times import DAY_MS, datetime_of, day_of, midnight_ms
from twitchly.clock import now_ms

# Maximum number of days of all channels together, including the previous period.
CHANNEL_DAYS_MAX = 40_000
SELECTIONS = ("channels", "watchlist", "segment", "category")


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """A channel with its figures; `previous` and `days` are None unless requested."""

    profile: Profile
    total: Figures
    previous: Figures | None
    days: Days | None


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a query."""

    period: Period
    grain: str
    keys: Sequence[str]
    items: Sequence[ChannelFigures]

    @property
    def first_day(self) -> dt.date:
        return day_of(self.period.from_ms)

    @property
    def last_day(self) -> dt.date:
        return day_of(self.period.until_ms - DAY_MS)

    @property
    def units(self) -> dict[str, str]:
        return {key: average_unit(METRIC[key]) for key in self.keys}

    @property
    def peak_units(self) -> dict[str, str]:
        return {key: unit_of(METRIC[key], "minute") for key in self.keys if METRIC[key].has_peak}

    @property
    def totals(self) -> Totals:
        return Totals([item.total for item in self.items])

    @property
    def previous_totals(self) -> Totals | None:
        previous = [item.previous for item in self.items if item.previous is not None]
        return Totals(previous) if previous else None


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
        "CSV and NDJSON have a row per channel, or per channel and day.",
    )
    async def post(self, _request: Request) -> ApiResponse:
        body = self.body(PeriodBody)
        period, keys = requested_period(body, now_ms()), list(dict.fromkeys(body["metrics"]))
        profiles = await self._selected(body, period)
        whole = Period(period.previous.from_ms, period.until_ms) if body["compare"] else period
        if len(profiles) * whole.days > CHANNEL_DAYS_MAX:
            reason = f"{len(profiles):,} channels times {whole.days:,} days exceed {CHANNEL_DAYS_MAX:,}."
            raise invalid_field("first_day", f"{reason} Request fewer days or channels.")
        metrics = [METRIC[key] for key in keys]
        days = await run_in_cassandra_thread(
            read_days, [profile.id for profile in profiles], whole.from_ms, whole.until_ms, metrics
        )
        by_day = body["grain"] == "day"
        items = [_figures(profile, days[profile.id], period, keys, by_day=by_day) for profile in profiles]
        result = Result(period, body["grain"], keys, items)
        return ApiResponse(schemas.PeriodResult.produce(result), REVALIDATE, table=period_table(result))

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


def period_table(result: Result) -> Table:
    """Return a result as rows: one per channel, or one per channel and day."""
    by_day = result.grain == "day"
    metrics = [metric_column(METRIC[key], unit) for key, unit in result.units.items()]
    fields = [ExportColumn("channel_id"), ExportColumn("login"), ExportColumn("name")]
    times = [ExportColumn("on_air_s", "s"), ExportColumn("heard_s", "s")]
    if by_day:
        fields += [ExportColumn("day", "UTC"), *metrics, *times]
    else:
        counts = [ExportColumn("message_count", "messages"), ExportColumn("hours_watched", "h")]
        fields += [*metrics, *counts, *times, ExportColumn("missed_s", "s")]
        if result.previous_totals is not None:
            fields += [ExportColumn(f"previous_{column.name}", column.unit) for column in metrics]

    def cells() -> list[list[Cell]]:
        return [row for item in result.items for row in (_day_rows(item) if by_day else [_row(item)])]

    return Table(fields, cells)


def _figures(
    profile: Profile, days: Sequence[RangeSummary], period: Period, keys: Sequence[str], *, by_day: bool
) -> ChannelFigures:
    before, inside = days[: -period.days], days[-period.days :]
    return ChannelFigures(
        profile,
        Figures(join(inside), keys),
        Figures(join(before), keys) if before else None,
        Days(inside, keys) if by_day else None,
    )


def _row(item: ChannelFigures) -> list[Cell]:
    total = item.total
    previous: Iterable[Cell] = item.previous.values.values() if item.previous else ()
    summary = total.summary
    times = (summary.on_air_ms / 1000, summary.heard_ms / 1000, summary.missed_ms / 1000)
    return [*_names(item), *total.values.values(), total.messages, summary.hours_watched, *times, *previous]


def _day_rows(item: ChannelFigures) -> list[list[Cell]]:
    assert item.days is not None  # noqa: S101  the result has the grain day
    rows = zip(item.days.day, *item.days.values.values(), item.days.on_air_s, item.days.heard_s, strict=True)
    return [[*_names(item), str(day), *cells] for day, *cells in rows]


def _names(item: ChannelFigures) -> list[Cell]:
    return [item.profile.id, item.profile.login, item.profile.name]


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
