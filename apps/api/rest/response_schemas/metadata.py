"""Response schemas for metrics and service status."""

from __future__ import annotations

from rest_framework.serializers import BooleanField, CharField, FloatField, IntegerField

from apps.api.rest.fields import OpenText
from apps.api.rest.response_schemas.base import ResponseSchema, Seconds, UtcTime
from core.metrics.formulas import COMPLETE_FROM


class Metric(ResponseSchema):
    """Definition of a metric."""

    key = CharField(source="metric.key")
    label_ = CharField(source="metric.label")
    name = CharField(source="metric.name")
    unit = CharField(source="metric.unit")
    decimals = IntegerField(source="metric.decimals", help_text="Number of decimal places shown.")
    definition = CharField(source="metric.definition")
    formula = CharField(source="metric.formula")
    empty = CharField(source="metric.empty", help_text="Conditions under which the metric has no value.")
    floor = CharField(help_text="Ranking threshold; empty if there is none.")
    longer = CharField(source="metric.longer", help_text="Computation of the value for a minute or hour.")
    range = CharField(source="metric.ranged", help_text="Computation of the value for a range.")
    peak = CharField(source="metric.peak", help_text="Definition of the peak in a range.")
    every_s = IntegerField(help_text="Update interval of the live value, in seconds.")
    is_ranked = BooleanField(source="metric.ranked", help_text="Whether the metric has a board.")
    is_count = BooleanField(
        source="metric.is_count",
        help_text=f"Whether its values are lower bounds when coverage is below {COMPLETE_FROM}.",
    )
    is_by_length = BooleanField(
        source="metric.by_length",
        help_text="Whether its values grow with the window length, so that windows of different lengths are not "
        "comparable.",
    )
    version = IntegerField(source="metric.version", help_text="Version of the formula.")


class CountingRule(ResponseSchema):
    """A counting rule that is not part of the formulas."""

    key = CharField()
    title = CharField()
    text = CharField()


class MetricList(ResponseSchema):
    """All metrics."""

    items = Metric(many=True)
    next = CharField(allow_null=True)
    rules = CountingRule(many=True, help_text="With these rules, every metric can be recomputed from raw IRC lines.")


class LastingIncident(ResponseSchema):
    """An open incident."""

    rule = CharField(help_text="Kind of incident. More kinds may be added.")
    since = UtcTime(source="since_ms")
    cause = CharField(help_text="Cause in plain words.")


class Status(ResponseSchema):
    """Freshness and reliability of the data."""

    now = UtcTime(source="now_ms")
    source_ = OpenText(["simulated", "twitch"], help_text="Source of the data.")
    state = OpenText(["live", "stale", "unknown"], help_text="`stale`: no data for 30 s.")
    newest_end = UtcTime(source="newest_end_ms", allow_null=True, help_text="End of the newest window.")
    age_s = Seconds(source="age_ms", allow_null=True, help_text="Age of the newest window.")
    viewers_at = UtcTime(source="viewers_at_ms", allow_null=True, help_text="Time of the viewer counts.")
    viewers = OpenText(["fresh", "stale", "unknown"])
    channels = IntegerField(help_text="Number of live channels that are tracked.")
    late_dropped = IntegerField(allow_null=True, help_text="Number of records that arrived too late to be counted.")
    trust = OpenText(
        ["trusted", "partial", "untrusted", "starting", "unknown"],
        help_text="Whether live figures can be trusted. `partial`: an incident affects them, or less than 95% of the "
        "chat was heard in the past 30 s or the past hour; `starting`: nothing has been counted yet.",
    )
    coverage_hour = FloatField(
        allow_null=True,
        help_text="Mean share of channels heard, 0 to 1, over the measured part of the past hour; null without "
        "measurements.",
    )
    coverage_hour_measured_s = Seconds(
        source="coverage_hour_measured_ms",
        allow_null=True,
        help_text="Seconds of the past hour for which `coverage_hour` was measured; fewer than 3,600 after a start or "
        "an interruption.",
    )
    incidents = LastingIncident(many=True, help_text="Open incidents. Past incidents are on the Status page.")
