"""Response schemas for the multi-channel query."""

from __future__ import annotations

from rest_framework.serializers import (
    BooleanField,
    CharField,
    DateField,
    DictField,
    FloatField,
    IntegerField,
    ListField,
)

from apps.api.rest.fields import OpenText
from apps.api.rest.response_schemas.base import ResponseSchema, Seconds, UtcTime
from core.metrics.formulas import COMPLETE_FROM


class DayPeak(ResponseSchema):
    """The busiest minute of a period."""

    value = FloatField()
    at = UtcTime(source="end_ms", help_text="End of the minute.")


class PeriodFigures(ResponseSchema):
    """Values, peaks and durations of a channel over whole UTC days."""

    values = DictField(
        child=FloatField(allow_null=True),
        help_text="By metric; see `range` in `/metrics`. Null if unknown. `excitement` is undefined over whole days.",
    )
    peaks = DictField(child=DayPeak(allow_null=True), help_text="By metric; see `peak` in `/metrics`.")
    messages = IntegerField(allow_null=True, help_text="Number of messages; null if nothing was heard.")
    hours_watched = FloatField(
        source="summary.hours_watched",
        allow_null=True,
        help_text="Sum of the known viewer counts of all seconds, divided by 3,600; null if viewer counts are known "
        "for less than half of the time on air.",
    )
    on_air_s = Seconds(source="summary.on_air_ms", help_text="Seconds on air.")
    heard_s = Seconds(source="summary.heard_ms", help_text="Seconds in which the channel was heard.")
    missed_s = Seconds(
        source="summary.missed_ms", help_text="Seconds in which the channel was on air or tracked, but not heard."
    )
    coverage_on_air = FloatField(
        source="summary.coverage_on_air",
        allow_null=True,
        help_text="Share of the time on air that was heard, 0 to 1; null if it was never on air.",
    )
    is_lower_bound = BooleanField(
        source="summary.lower_bounds.chat",
        help_text=f"`coverage_on_air` is below {COMPLETE_FROM}, so chat counts and their peaks are lower bounds.",
    )
    is_viewers_lower_bound = BooleanField(
        source="summary.lower_bounds.viewers",
        help_text=f"Viewer counts are known for less than {COMPLETE_FROM} of the time on air, so their peak and "
        "`hours_watched` are lower bounds.",
    )


class DayColumns(ResponseSchema):
    """Values of each day, column-oriented."""

    day = ListField(child=DateField(), help_text="UTC day, oldest first.")
    values = DictField(
        child=ListField(child=FloatField(allow_null=True)),
        help_text="Values by metric, in its unit; null means unknown.",
    )
    on_air_s = ListField(child=FloatField(), help_text="Seconds on air.")
    heard_s = ListField(child=FloatField(), help_text="Seconds in which the channel was heard.")


class HourColumns(ResponseSchema):
    """Values of each hour, column-oriented; `hour_start` lists the start times.

    `on_air_s` and `heard_s` are computed from hourly windows. The daily values are computed from minutes, so the two
    can differ if a day contains a gap, or the start or end of a broadcast.
    """

    values = DictField(
        child=ListField(child=FloatField(allow_null=True)),
        help_text="Values by metric, in its unit. Null means unknown: the hour is not stored, or nothing was heard.",
    )
    on_air_s = ListField(child=FloatField(), help_text="Seconds on air.")
    heard_s = ListField(child=FloatField(), help_text="Seconds in which the channel was heard.")


class PeriodChannel(ResponseSchema):
    """A channel with its figures."""

    channel_id = CharField(source="profile.id")
    login = CharField(source="profile.login")
    name = CharField(source="profile.name")
    total = PeriodFigures(help_text="Over all days.")
    previous = PeriodFigures(
        allow_null=True, help_text="Over the same number of days before `first_day`; null unless `compare` is true."
    )
    days = DayColumns(allow_null=True, help_text="By day; null unless `grain` is `day`.")
    hours = HourColumns(allow_null=True, help_text="By hour; null unless `grain` is `hour`.")


class PeriodTotals(ResponseSchema):
    """Sums over all channels; unknown figures count as 0."""

    channels = IntegerField(help_text="Number of channels.")
    live_channels = IntegerField(help_text="Number of channels that were on air.")
    messages = IntegerField()
    hours_watched = FloatField()
    on_air_s = Seconds(source="on_air_ms", help_text="Seconds on air.")
    is_lower_bound = BooleanField(help_text="At least one channel has a value that is unknown or a lower bound.")


class PeriodResult(ResponseSchema):
    """Figures for several channels over the same UTC days."""

    first_day = DateField()
    last_day = DateField(help_text="Inclusive.")
    grain = OpenText(known=["total", "day", "hour"])
    hour_start = ListField(
        source="hour_start_ms",
        child=UtcTime(),
        allow_null=True,
        help_text="Start of each hour of `hours`, oldest first; null unless `grain` is `hour`.",
    )
    units = DictField(child=CharField(), help_text="Units of `values`, by metric.")
    peak_units = DictField(child=CharField(), help_text="Units of `peaks`, by metric.")
    items = PeriodChannel(many=True)
    totals = PeriodTotals()
    previous_totals = PeriodTotals(allow_null=True, help_text="Null unless `compare` is true.")
