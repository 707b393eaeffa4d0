"""Schemas of queries and bodies. A field whose name is a Python keyword has a trailing underscore here."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.api.rest.fields import ChannelId, ChannelText, Choice, CommaList, Day, Flag, Moment, Text, WholeNumber
from apps.live.board import SIZES
from apps.metrics.chart_ranges import RANGES
from apps.metrics.exports.intervals import INTERVALS
from core.channels.address import TEXT_MAX, InvalidChannel, parse_search
from core.channels.stream import CATEGORY_MAX, LANGUAGE_MAX
from core.metrics.bands import BANDS
from core.metrics.columns import STORED_GRAINS
from core.metrics.table import METRIC

# Maximum number of channels in a multi-channel query.
CHANNELS_MAX = 500
CURSOR = "`next` of the previous page. All other parameters except `limit` must be the same as for that page."
BAND = "Viewers: " + ", ".join(f"`{band.key}` {band.label}" for band in BANDS) + "."


class RequestSchema(serializers.Serializer[Any]):
    # No docstring: it would become the description of every body schema that inherits it.
    def get_fields(self) -> dict[str, Any]:
        return {name.removesuffix("_"): field for name, field in super().get_fields().items()}


class BoardFilters(RequestSchema):
    category = ChannelText(required=False, max_length=CATEGORY_MAX, help_text="Category name.")
    language = ChannelText(required=False, max_length=LANGUAGE_MAX, help_text="Twitch's language code, such as `en`.")
    band = Choice(required=False, choices=[band.key for band in BANDS], help_text=BAND)


class BoardQuery(BoardFilters):
    n = WholeNumber(required=False, default=SIZES[0], min_value=1, max_value=SIZES[-1], help_text="Number of rows.")


class PageQuery(RequestSchema):
    cursor = serializers.CharField(required=False, max_length=500, help_text=CURSOR)
    limit = WholeNumber(required=False, default=50, min_value=1, max_value=200, help_text="Maximum number of items.")


class ChannelsQuery(PageQuery):
    q = serializers.CharField(
        required=False,
        max_length=TEXT_MAX,
        help_text="Part of a channel's name or login, or its ID or Twitch URL (exact match).",
    )
    live = Flag(
        required=False, help_text="`true`: only live channels; `false`: only channels that are not live. Default: all."
    )

    def validate_q(self, text: str) -> str:
        try:
            parse_search(text)
        except InvalidChannel as error:
            raise serializers.ValidationError(str(error)) from None
        return text


class TimeRangeQuery(RequestSchema):
    range = Choice(
        required=False, choices=list(RANGES), help_text="Range that ends now. Default: `24h`, unless `from` is given."
    )
    from_ = Moment(required=False, help_text="Start of the time span, instead of `range`.")
    to = Moment(
        required=False,
        help_text="End of the time span. Requires `from`. Default: now; for a series, the end of its last complete "
        "interval.",
    )


class SeriesQuery(TimeRangeQuery):
    metrics = CommaList(
        tuple(METRIC),
        required=False,
        default=["viewers", "messages"],
        help_text="Metric keys, as `a,b` or repeated: " + ", ".join(f"`{key}`" for key in METRIC) + ".",
    )
    grain = Choice(
        required=False,
        choices=list(STORED_GRAINS),
        help_text="Windows: `live` (30 s, one every 10 s), `minute` or `hour`. Default: the finest grain "
        "with at most 2,500 windows.",
    )
    interval = Choice(
        required=False,
        choices=list(INTERVALS),
        help_text="Instead of `grain`: windows of 30 s, one every 30 s (`30s`) or every 10 s (`10s`), of a minute "
        "(`1m`) or of an hour (`1h`). By default, windows in CSV and NDJSON do not overlap, and JSON contains all "
        "stored windows.",
    )


class EventsQuery(TimeRangeQuery, PageQuery):
    pass


class PeriodBody(RequestSchema):
    """A multi-channel query. Send one of `channels`, `watchlist`, `segment` and `category`."""

    channels = serializers.ListField(
        child=ChannelId(), required=False, min_length=1, max_length=CHANNELS_MAX, help_text="Channel IDs."
    )
    watchlist = serializers.IntegerField(required=False, min_value=1, help_text="ID of one of your watchlists.")
    segment = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text="ID of one of your segments. Selects the channels that currently match it by their live values or, "
        "if the segment has a range of days, by their values over that range.",
    )
    category = ChannelText(
        required=False,
        max_length=CATEGORY_MAX,
        help_text=f"Category name. Selects up to {CHANNELS_MAX} channels that were live on or after `first_day` and "
        "were in this category when last seen, most viewers first.",
    )
    metrics = serializers.ListField(
        child=Choice(choices=tuple(METRIC)),
        required=False,
        default=["viewers", "messages"],
        min_length=1,
        max_length=len(METRIC),
        help_text="Metric keys.",
    )
    first_day = Day(help_text="First UTC day, such as `2026-11-01`.")
    last_day = Day(help_text="Last UTC day, inclusive. It must have ended.")
    grain = Choice(
        required=False,
        default="total",
        choices=["total", "day", "hour"],
        help_text="`day` adds the values of each UTC day, `hour` those of each UTC hour.",
    )
    compare = serializers.BooleanField(
        required=False, default=False, help_text="Add the figures for the same number of days before `first_day`."
    )


class NoQuery(RequestSchema):
    """The query of an operation without parameters."""


class WatchlistBody(RequestSchema):
    """A watchlist to create."""

    name = Text(max_length=60, help_text="Must be unique in your account; a name that is taken returns 400.")
    channels = serializers.ListField(
        child=ChannelId(),
        required=False,
        max_length=100,
        help_text="Channel IDs, in order.",
    )


class WatchlistChange(WatchlistBody):
    """Changes to a watchlist."""

    name = Text(required=False, max_length=60, help_text="New name. Returns 400 if another of your watchlists has it.")
