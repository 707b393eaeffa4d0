"""Schemas of responses. They describe what the views return; tests validate every response against them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.serializers import (
    BooleanField,
    CharField,
    DateTimeField,
    DictField,
    FloatField,
    IntegerField,
    ListField,
)

from apps.api.rest.fields import OpenText
from core.metrics.table import METRICS

STATES = ["live", "quiet", "ended", "stale"]
_DISTINCT = ", ".join(f"`{metric.key}`" for metric in METRICS if metric.distinct)
COVERAGE = "Share of the time in which the channel was heard, 0 to 1."


class ResponseSchema(serializers.Serializer[Any]):
    # Names with a meaning in Python or in serializers end with an underscore. No docstring: the docstrings of schemas
    # are their descriptions, and would be inherited from here.
    def get_fields(self) -> dict[str, Any]:
        return {name.removesuffix("_"): field for name, field in super().get_fields().items()}


def _by_metric(name: str, field: Any) -> type[ResponseSchema]:
    """Return a schema with an optional field for each metric, described by its definition and unit."""
    fields = {
        metric.key: field(required=False, help_text=f"{metric.definition} Unit: {metric.unit}.") for metric in METRICS
    }
    return type(name, (ResponseSchema,), {"__doc__": "By metric; what is not known is absent.", **fields})


Values = _by_metric("Values", FloatField)


class BoardEntry(ResponseSchema):
    """A board that there is."""

    metric = CharField()
    label_ = CharField()
    unit = CharField()
    definition = CharField()


class BoardList(ResponseSchema):
    """All boards."""

    items = BoardEntry(many=True)
    next = CharField(allow_null=True)


class BoardRow(ResponseSchema):
    """A channel on a board."""

    rank = IntegerField(help_text="From 1, by `value`; of equal values the greater id as text comes first.")
    channel_id = CharField(help_text="Twitch's id.")
    login = CharField()
    name = CharField()
    category = CharField()
    language = CharField(help_text="By its English name.")
    value = FloatField(help_text="In the unit of the board.")
    coverage = FloatField(help_text=f"{COVERAGE} It is that of the window of `value`.")
    end = DateTimeField(help_text="When the window of `value` ended.")
    state = OpenText(
        STATES, help_text="`quiet`: nobody wrote in 30 s; `ended`: offline; `stale`: no window came for 10 s."
    )
    moved = IntegerField(allow_null=True, help_text="Places it has risen within a minute.")
    is_new = BooleanField(help_text="It was not ranked a minute ago.")


class Board(ResponseSchema):
    """A board as it is now."""

    metric = CharField()
    label_ = CharField()
    unit = CharField()
    category = CharField(allow_blank=True)
    language = CharField(allow_blank=True)
    band = CharField(allow_blank=True)
    newest_end = DateTimeField(allow_null=True, help_text="When the newest window of all ended.")
    viewers_at = DateTimeField(allow_null=True, help_text="When Twitch was asked for viewers.")
    late_dropped = IntegerField(allow_null=True, help_text="Records that came too late to be counted.")
    rows = BoardRow(many=True)


class Channel(ResponseSchema):
    """Who a channel is."""

    id = CharField(help_text="Twitch's id: it stays when the login changes.")
    login = CharField()
    name = CharField()
    category = CharField()
    language = CharField(help_text="By its English name.")
    title = CharField()
    started_at = DateTimeField(allow_null=True, help_text="When its stream began; null when it is not live.")
    is_live = BooleanField()
    url = CharField(help_text="The channel on Twitch.")


class ChannelList(ResponseSchema):
    """Channels by their ids, a page of them."""

    items = Channel(many=True)
    next = CharField(allow_null=True)


class LiveChannel(ResponseSchema):
    """A channel's values now."""

    channel_id = CharField()
    end = DateTimeField(
        allow_null=True,
        help_text="When the window of all other `values` ended, which moves every second; null when it has none.",
    )
    distinct_end = DateTimeField(
        allow_null=True,
        help_text=f"When the window of {_DISTINCT} ended, which moves every 5 s; null before the first.",
    )
    newest_end = DateTimeField(allow_null=True, help_text="When the newest window of all ended.")
    coverage = FloatField(help_text=f"{COVERAGE} It is that of the window that ended at `end`.")
    distinct_coverage = FloatField(allow_null=True, help_text="The same of the window that ended at `distinct_end`.")
    state = OpenText([*STATES, "absent"], help_text="As on boards; `absent`: it has no window.")
    values = Values(help_text="Of the past 30 s.")
    unranked = DictField(child=CharField(), help_text="By metric, why it is not ranked.")
    apart = DictField(child=IntegerField(), help_text="What was heard and is in no metric, by kind.")


class Gap(ResponseSchema):
    """A time in which a channel was not, or not surely, heard."""

    from_ = DateTimeField()
    to = DateTimeField()
    reason = CharField()


class Columns(ResponseSchema):
    """Windows by columns."""

    end = ListField(child=DateTimeField(), help_text="When each window ended.")
    coverage = ListField(child=FloatField(), help_text=COVERAGE)
    values = DictField(
        child=ListField(child=FloatField(allow_null=True)),
        help_text="By metric, in its unit; null means unknown.",
    )


class Peak(ResponseSchema):
    """The highest value in a range."""

    value = FloatField()
    at = DateTimeField(help_text="End of its minute, or of its 30-second window in ranges up to 30 minutes.")


class RangeSummary(ResponseSchema):
    """Values and peaks of the metrics over the range, computed from whole minutes."""

    from_ = DateTimeField(help_text="Start of the first minute, or of the first hour where minutes have expired.")
    to = DateTimeField(help_text="End of the last stored minute or hour.")
    values = DictField(child=FloatField(allow_null=True), help_text="By metric; see `range` in `/metrics`.")
    peaks = DictField(child=Peak(allow_null=True), help_text="By metric; see `peak` in `/metrics`.")
    hourly_average_only = BooleanField(help_text="Of the older hours no peaks are stored: only viewers have one.")
    heard_s = FloatField(help_text="Seconds in which the channel was heard.")
    missed_s = FloatField(
        help_text="Seconds in which the channel was tracked and not heard. The rest is off air or not tracked."
    )
    on_air_s = FloatField(help_text="Seconds in which the channel was on air, as far as known.")
    hours_watched = FloatField(
        allow_null=True, help_text="Sum of the viewers of every known second, in hours. Nothing is filled in."
    )


class Series(ResponseSchema):
    """Metrics of a channel over time."""

    channel_id = CharField()
    from_ = DateTimeField()
    to = DateTimeField()
    grain = OpenText(["live", "minute", "hour"])
    window_s = IntegerField(help_text="How long a window is.")
    step_s = IntegerField(help_text="How far apart windows end.")
    units = DictField(child=CharField(), help_text="By metric.")
    points = Columns(help_text="By columns, oldest first; all have the same length.")
    gaps = Gap(many=True, help_text="When the channel was not, or not surely, heard.")
    coverage = FloatField(help_text="Share of the span in which the channel was heard, 0 to 1.")
    coverage_on_air = FloatField(
        allow_null=True, help_text="Share of the time on air that was heard, 0 to 1; null if never on air."
    )
    is_lower_bound = BooleanField(
        help_text="Messages were missed, or may have been: counts and peaks are at least as high as stated."
    )
    summary = RangeSummary()


class Event(ResponseSchema):
    """Something that happened in a channel."""

    id = CharField()
    at = DateTimeField()
    to = DateTimeField(allow_null=True, help_text="Until when it lasted, or what was summed.")
    kind = CharField()
    count = IntegerField(allow_null=True)
    label_ = CharField(help_text="For people to read.")


class EventList(ResponseSchema):
    """Events by time, a page of them."""

    items = Event(many=True)
    next = CharField(allow_null=True)


class Stream(ResponseSchema):
    """A broadcast that has ended."""

    id = CharField(help_text="Names it among the channel's streams.")
    channel_id = CharField()
    started = DateTimeField()
    ended = DateTimeField()
    peak_viewers = IntegerField(allow_null=True)
    mean_viewers = FloatField(allow_null=True)
    hours_watched = FloatField(
        allow_null=True,
        help_text="Sum of the viewers of every known second, in hours; null if viewers are known for less than half.",
    )
    viewers_coverage = FloatField(
        allow_null=True, help_text="Share of its length for which viewers are known, 0 to 1; null if not recorded."
    )
    messages = IntegerField()
    coverage = FloatField(help_text=COVERAGE)
    is_lower_bound = BooleanField(help_text="Part of it was not heard, so counts are lower bounds.")


class StreamList(ResponseSchema):
    """Broadcasts, the newest first, a page of them."""

    items = Stream(many=True)
    next = CharField(allow_null=True)


class HourOfChatters(ResponseSchema):
    """Who wrote in a clock hour."""

    end = DateTimeField(help_text="When the clock hour ends.")
    chatters = IntegerField(help_text="Different people who wrote in it.")


class StreamMoment(ResponseSchema):
    """An exciting moment."""

    end = DateTimeField(help_text="When its window ended.")
    excitement = FloatField()


class StreamSummary(Stream):
    """A broadcast that has ended, with its hours and its moments."""

    chatters_by_hour = HourOfChatters(many=True)
    moments = StreamMoment(many=True, help_text="The most exciting ones, by time.")


class Metric(ResponseSchema):
    """How a metric is defined."""

    key = CharField()
    label_ = CharField()
    name = CharField()
    unit = CharField()
    decimals = IntegerField(help_text="How it is usually written.")
    definition = CharField()
    formula = CharField()
    empty = CharField(help_text="When there is no value.")
    floor = CharField(help_text="Below what a channel is not ranked; empty without such.")
    longer = CharField(help_text="How the value of a minute or an hour is computed.")
    range = CharField(help_text="How the value of a range is computed.")
    peak = CharField(help_text="Which peak a range has.")
    every_s = IntegerField(help_text="How often its live value moves.")
    is_ranked = BooleanField(help_text="It has a board.")
    is_count = BooleanField(help_text="Below full coverage it is a lower bound.")
    is_by_length = BooleanField(help_text="It grows with the window: windows of different lengths do not compare.")
    version = IntegerField(help_text="Of the formula.")


class CountingRule(ResponseSchema):
    """A rule that formulas do not state."""

    key = CharField()
    title = CharField()
    text = CharField()


class MetricList(ResponseSchema):
    """All metrics."""

    items = Metric(many=True)
    next = CharField(allow_null=True)
    rules = CountingRule(many=True, help_text="With them every metric can be recounted from raw IRC lines.")


class LastingIncident(ResponseSchema):
    """What is wrong now."""

    rule = CharField(help_text="What kind it is; kinds may be added.")
    since = DateTimeField()
    cause = CharField(help_text="In plain words.")


class Status(ResponseSchema):
    """Whether figures move, and how far they can be trusted."""

    now = DateTimeField()
    source_ = OpenText(["simulated", "twitch"], help_text="Which Twitch the figures come from.")
    state = OpenText(["live", "stale", "unknown"], help_text="`stale`: nothing came for 30 s.")
    newest_end = DateTimeField(allow_null=True, help_text="When the newest window of all ended.")
    age_s = FloatField(allow_null=True, help_text="How long ago that was.")
    viewers_at = DateTimeField(allow_null=True, help_text="When Twitch was asked for viewers.")
    viewers = OpenText(["fresh", "stale", "unknown"])
    channels = IntegerField(help_text="How many are live and listened to.")
    late_dropped = IntegerField(allow_null=True, help_text="Records that came too late to be counted.")
    trust = OpenText(
        ["trusted", "partial", "untrusted", "starting", "unknown"],
        help_text="Whether live figures can be trusted. `partial`: an incident limits them, or less than 95% of the "
        "chat was heard in the past 30 s or the past hour; `starting`: nothing has been counted yet.",
    )
    coverage_hour = FloatField(allow_null=True, help_text="Mean share of the past hour in which channels were heard.")
    incidents = LastingIncident(many=True, help_text="What is wrong now; what was is on the page Status.")


class Watchlist(ResponseSchema):
    """Channels that your account keeps together."""

    id = IntegerField()
    name = CharField()
    created = DateTimeField()
    channels = ListField(child=CharField(), help_text="The ids of its channels, in its order.")


class WatchlistList(ResponseSchema):
    """Your account's watchlists, a page of them."""

    items = Watchlist(many=True)
    next = CharField(allow_null=True)


class Segment(ResponseSchema):
    """A search for channels that your account keeps."""

    id = IntegerField()
    name = CharField()
    created = DateTimeField()
    query = CharField(help_text="The search, as the page Discover has it in its address.")


class SegmentList(ResponseSchema):
    """Your account's segments, a page of them."""

    items = Segment(many=True)
    next = CharField(allow_null=True)
