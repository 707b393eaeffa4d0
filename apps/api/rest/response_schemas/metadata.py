"""Responses of metrics and of the service's status."""

from __future__ import annotations

from rest_framework.serializers import BooleanField, CharField, FloatField, IntegerField

from apps.api.rest.fields import OpenText
from apps.api.rest.response_schemas.base import ResponseSchema, Seconds, UtcTime


class Metric(ResponseSchema):
    """How a metric is defined."""

    key = CharField(source="metric.key")
    label_ = CharField(source="metric.label")
    name = CharField(source="metric.name")
    unit = CharField(source="metric.unit")
    decimals = IntegerField(source="metric.decimals", help_text="How it is usually written.")
    definition = CharField(source="metric.definition")
    formula = CharField(source="metric.formula")
    empty = CharField(source="metric.empty", help_text="When there is no value.")
    floor = CharField(help_text="Below what a channel is not ranked; empty without such.")
    longer = CharField(source="metric.longer", help_text="How the value of a minute or an hour is computed.")
    range = CharField(source="metric.ranged", help_text="How the value of a range is computed.")
    peak = CharField(source="metric.peak", help_text="Which peak a range has.")
    every_s = IntegerField(help_text="How often its live value moves.")
    is_ranked = BooleanField(source="metric.ranked", help_text="It has a board.")
    is_count = BooleanField(source="metric.is_count", help_text="Below full coverage it is a lower bound.")
    is_by_length = BooleanField(
        source="metric.by_length", help_text="It grows with the window: windows of different lengths do not compare."
    )
    version = IntegerField(source="metric.version", help_text="Of the formula.")


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
    since = UtcTime(source="since_ms")
    cause = CharField(help_text="In plain words.")


class Status(ResponseSchema):
    """Whether figures move, and how far they can be trusted."""

    now = UtcTime(source="now_ms")
    source_ = OpenText(["simulated", "twitch"], help_text="Which Twitch the figures come from.")
    state = OpenText(["live", "stale", "unknown"], help_text="`stale`: nothing came for 30 s.")
    newest_end = UtcTime(source="newest_end_ms", allow_null=True, help_text="When the newest window of all ended.")
    age_s = Seconds(source="age_ms", allow_null=True, help_text="How long ago that was.")
    viewers_at = UtcTime(source="viewers_at_ms", allow_null=True, help_text="When Twitch was asked for viewers.")
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
