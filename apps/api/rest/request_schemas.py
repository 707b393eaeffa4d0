"""Schemas of queries and bodies. A field named like a Python keyword ends with an underscore here."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.api.rest.fields import ChannelId, Choice, CommaList, Flag, Text
from apps.live.board import CATEGORY_MAX, LANGUAGE_MAX, SIZES
from apps.metrics.exports.intervals import INTERVALS
from apps.metrics.queries import RANGES
from core.channels.address import TEXT_MAX, InvalidChannel, parse_search
from core.metrics.bands import BANDS
from core.metrics.columns import STORED_GRAINS
from core.metrics.table import METRIC

CURSOR = "Where the list goes on: `next` of the page before."
BAND = "Viewers: " + ", ".join(f"`{band.key}` {band.label}" for band in BANDS) + "."


class RequestSchema(serializers.Serializer[Any]):
    # No docstring: it would become the description of every body that inherits it.
    def get_fields(self) -> dict[str, Any]:
        return {name.removesuffix("_"): field for name, field in super().get_fields().items()}


class BoardFilters(RequestSchema):
    category = serializers.CharField(required=False, max_length=CATEGORY_MAX, help_text="A category by its name.")
    language = serializers.CharField(required=False, max_length=LANGUAGE_MAX, help_text="A language by Twitch's code.")
    band = Choice(required=False, choices=[band.key for band in BANDS], help_text=BAND)


class BoardQuery(BoardFilters):
    n = serializers.IntegerField(
        required=False, default=SIZES[0], min_value=1, max_value=SIZES[-1], help_text="How many rows."
    )


class PageQuery(RequestSchema):
    cursor = serializers.CharField(required=False, max_length=500, help_text=CURSOR)
    limit = serializers.IntegerField(
        required=False, default=50, min_value=1, max_value=200, help_text="How many at most."
    )


class ChannelsQuery(PageQuery):
    q = serializers.CharField(
        required=False,
        max_length=TEXT_MAX,
        help_text="A part of a channel's name or login, its id, or its address on Twitch, which finds it alone.",
    )
    live = Flag(required=False, default=False, help_text="Only channels that are live.")

    def validate_q(self, text: str) -> str:
        try:
            parse_search(text)
        except InvalidChannel as error:
            raise serializers.ValidationError(str(error)) from None
        return text


class TimeRangeQuery(RequestSchema):
    range = Choice(required=False, choices=list(RANGES), help_text="How far back from now; `24h` without `from`.")
    from_ = serializers.DateTimeField(required=False, help_text="Since when, instead of a range.")
    to = serializers.DateTimeField(required=False, help_text="Until when; now where it is missing. It needs `from`.")


class SeriesQuery(TimeRangeQuery):
    metrics = CommaList(
        tuple(METRIC),
        required=False,
        default=["viewers", "messages"],
        help_text="Metrics by their keys, as `a,b` or repeated: " + ", ".join(f"`{key}`" for key in METRIC) + ".",
    )
    grain = Choice(
        required=False,
        choices=list(STORED_GRAINS),
        help_text="Windows: `live` is 30 s at every 10th second, `minute`, `hour`. Without it the finest "
        "that gives at most 2,500 of them.",
    )
    interval = Choice(
        required=False,
        choices=list(INTERVALS),
        help_text="Instead of `grain`: windows of 30 s every 30 s (`30s`) or every 10 s (`10s`), of a minute or "
        "an hour. Without it, CSV and NDJSON have windows that do not overlap, and JSON all that are stored.",
    )


class EventsQuery(TimeRangeQuery, PageQuery):
    pass


class NoQuery(RequestSchema):
    """The query of an operation without parameters."""


class WatchlistBody(RequestSchema):
    """A watchlist to be made."""

    name = Text(max_length=60, help_text="Yours has no other list of this name.")
    channels = serializers.ListField(
        child=ChannelId(),
        required=False,
        max_length=100,
        help_text="The ids of its channels, in their order.",
    )


class WatchlistChange(WatchlistBody):
    """What shall be otherwise about a watchlist."""

    name = Text(required=False, max_length=60, help_text="Another name.")
