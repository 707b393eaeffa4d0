"""Response schemas for a channel's history."""

from __future__ import annotations

from rest_framework.serializers import BooleanField, CharField, DictField, FloatField, IntegerField, ListField

from apps.api.rest.fields import OpenText
from apps.api.rest.response_schemas.base import COVERAGE, PairSchema, ResponseSchema, Seconds, TextId, UtcTime
from core.metrics.formulas import COMPLETE_FROM


class Gap(ResponseSchema):
    """A time span in which a channel was not heard or may not have been heard."""

    from_ = UtcTime(source="from_ms")
    to = UtcTime(source="until_ms")
    reason = CharField()


class Columns(ResponseSchema):
    """Windows, column-oriented."""

    end = ListField(source="end_ms", child=UtcTime(), help_text="End of each window.")
    coverage = ListField(child=FloatField(), help_text=COVERAGE)
    values = DictField(
        child=ListField(child=FloatField(allow_null=True)),
        help_text="Values by metric, in its unit; null means unknown.",
    )


class Peak(ResponseSchema):
    """The highest value in a range."""

    value = FloatField()
    at = UtcTime(
        source="end_ms",
        help_text="End of its minute, or of its 30-second window in ranges of up to 30 minutes within the past 48 h.",
    )


class RangeSummary(ResponseSchema):
    """Values and peaks of the metrics over the range, computed from whole minutes."""

    from_ = UtcTime(
        source="summary.from_ms",
        help_text="Start of the first minute, or of the first hour where minutes have expired.",
    )
    to = UtcTime(source="summary.until_ms", help_text="End of the last stored minute or hour.")
    values = DictField(child=FloatField(allow_null=True), help_text="By metric; see `range` in `/metrics`.")
    units = DictField(child=CharField(), help_text="Units of `values`, by metric. `chatters` is the mean per minute.")
    peaks = DictField(
        child=Peak(allow_null=True), help_text="By metric; see `peak` in `/metrics`. `coverage` has no peak."
    )
    peak_units = DictField(
        child=CharField(),
        help_text="Units of `peaks`, by metric. Peaks of `chatters` are per 30 s in ranges of up to 30 minutes "
        "within the past 48 h, otherwise per minute.",
    )
    hourly_average_only = BooleanField(
        source="summary.hourly_average_only",
        help_text="The range includes old hours, for which `viewers` is the only metric with a stored peak, so "
        "`peaks` is null for all other metrics.",
    )
    heard_s = Seconds(source="summary.heard_ms", help_text="Seconds in which the channel was heard.")
    missed_s = Seconds(
        source="summary.missed_ms",
        help_text="Seconds in which the channel was on air or tracked, but not heard. In the rest of the range, it "
        "was off air or not tracked.",
    )
    on_air_s = Seconds(
        source="summary.on_air_ms",
        help_text="Seconds in which the channel is known to have been on air. Time on air begins at the start time "
        "that Twitch reports.",
    )
    hours_watched = FloatField(
        source="summary.hours_watched",
        allow_null=True,
        help_text="Sum of the known viewer counts of all seconds, divided by 3,600. Missing seconds are not filled in.",
    )


class Series(ResponseSchema):
    """Metrics of a channel over time."""

    channel_id = CharField()
    from_ = UtcTime(source="from_ms")
    to = UtcTime(source="until_ms")
    grain = OpenText(source="series.range.grain", known=["live", "minute", "hour"])
    window_s = IntegerField(help_text="Length of a window, in seconds.")
    step_s = IntegerField(help_text="Interval between window ends, in seconds.")
    units = DictField(
        child=CharField(),
        help_text="Units of the values in `points`, by metric. The unit of `chatters` includes the window length.",
    )
    points = Columns(help_text="Column-oriented, oldest first. All columns have the same length.")
    gaps = Gap(
        source="series.gaps",
        many=True,
        help_text="Time spans when the channel was on air or tracked, but not reliably heard. Gaps that are inferred "
        "from stored windows are accurate to the minute, or to the hour in old ranges. The gaps within the range of "
        "`summary` add up to `summary.missed_s`.",
    )
    coverage = FloatField(
        source="series.summary.coverage", help_text="Share of the span in which the channel was heard, 0 to 1."
    )
    coverage_on_air = FloatField(
        source="series.summary.coverage_on_air",
        allow_null=True,
        help_text="Share of the time on air that was heard, 0 to 1; null if the channel is not known to have been on "
        "air.",
    )
    is_lower_bound = BooleanField(
        source="series.summary.lower_bounds.chat",
        help_text=f"`coverage_on_air` is below {COMPLETE_FROM}: messages were missed or may have been missed. Counts "
        "and peaks are lower bounds, except those of viewers; see `is_viewers_lower_bound`.",
    )
    is_viewers_lower_bound = BooleanField(
        source="series.summary.lower_bounds.viewers",
        help_text=f"Viewer counts are known for less than {COMPLETE_FROM} of the time on air, so their peak and "
        "`hours_watched` are lower bounds.",
    )
    summary = RangeSummary()


class Event(ResponseSchema):
    """Something that happened in a channel."""

    id = CharField()
    at = UtcTime(source="at_ms")
    to = UtcTime(
        source="until_ms",
        allow_null=True,
        help_text="End of a gap, or of the interval that `count` covers; null for other events.",
    )
    kind = CharField()
    count = IntegerField(allow_null=True)
    label_ = CharField(help_text="Human-readable description.")


class EventList(ResponseSchema):
    """A page of events, in chronological order."""

    items = Event(many=True)
    next = CharField(allow_null=True)


class Stream(ResponseSchema):
    """A finished broadcast."""

    id = TextId(source="started_ms", help_text="Unique among the channel's streams.")
    channel_id = CharField()
    started = UtcTime(source="started_ms")
    ended = UtcTime(source="ended_ms")
    peak_viewers = IntegerField(allow_null=True)
    mean_viewers = FloatField(allow_null=True)
    hours_watched = FloatField(
        source="watched",
        allow_null=True,
        help_text="Sum of the known viewer counts of all seconds, divided by 3,600; null if viewer counts are known "
        "for less than half of the stream.",
    )
    viewers_coverage = FloatField(
        allow_null=True,
        help_text="Share of the stream for which viewer counts are known, 0 to 1; null if not recorded.",
    )
    messages = IntegerField()
    coverage = FloatField(help_text=COVERAGE)
    is_lower_bound = BooleanField(
        source="lower_bounds.chat",
        help_text=f"`coverage` is below {COMPLETE_FROM}, so chat counts are lower bounds.",
    )
    is_viewers_lower_bound = BooleanField(
        source="lower_bounds.viewers",
        help_text=f"Viewer counts are known for less than {COMPLETE_FROM} of the stream, so `peak_viewers` and "
        "`hours_watched` are lower bounds.",
    )


class StreamList(ResponseSchema):
    """A page of broadcasts, newest first."""

    items = Stream(many=True)
    next = CharField(allow_null=True)


class HourOfChatters(PairSchema):
    """Chatters in a clock hour."""

    end = UtcTime(help_text="End of the clock hour.")
    chatters = IntegerField(help_text="Distinct chatters.")


class StreamMoment(PairSchema):
    """A peak of excitement."""

    end = UtcTime(help_text="End of its window.")
    excitement = FloatField()


class StreamSummary(Stream):
    """A finished broadcast with its chatters by hour and its peaks of excitement."""

    chatters_by_hour = HourOfChatters(many=True)
    moments = StreamMoment(many=True, help_text="The highest peaks, in chronological order.")
