"""Response schemas for channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.serializers import BooleanField, CharField, DateTimeField, DictField, FloatField, IntegerField

from apps.api.rest.fields import OpenText
from apps.api.rest.response_schemas.base import COVERAGE, LANGUAGE, LANGUAGE_NAME, STATES, ResponseSchema, UtcTime
from core.metrics.table import METRICS

_DISTINCT = ", ".join(f"`{metric.key}`" for metric in METRICS if metric.distinct)


def _by_metric(name: str, field: Any) -> type[ResponseSchema]:
    """Return a schema with an optional field for each metric, described by its definition and unit."""
    fields = {
        metric.key: field(required=False, help_text=f"{metric.definition} Unit: {metric.unit}.") for metric in METRICS
    }
    return type(name, (_Mapping,), {"__doc__": "Values by metric. Unknown values are absent.", **fields})


class _Mapping(ResponseSchema):
    @classmethod
    def produce(cls, instance: Mapping[str, Any]) -> Any:
        return instance


Values = _by_metric("Values", FloatField)


class Channel(ResponseSchema):
    """A channel's profile."""

    id = CharField(source="profile.id", help_text="Twitch ID. It stays the same when the login changes.")
    login = CharField(source="profile.login")
    name = CharField(source="profile.name")
    category = CharField(source="profile.category")
    language = CharField(source="profile.language", help_text=LANGUAGE)
    language_name = CharField(source="profile.language_name", help_text=LANGUAGE_NAME)
    title = CharField(source="profile.title")
    started_at = DateTimeField(allow_null=True, help_text="Start of the stream; null if offline or not tracked.")
    is_live = BooleanField()
    url = CharField(help_text="URL of the channel on Twitch.")


class ChannelList(ResponseSchema):
    """A page of channels, sorted by ID."""

    items = Channel(many=True)
    next = CharField(allow_null=True)


class LiveChannel(ResponseSchema):
    """A channel's live values."""

    channel_id = CharField(source="channel.profile.id")
    end = UtcTime(
        source="channel.end_ms",
        allow_null=True,
        help_text=f"End of the window of all `values` except {_DISTINCT}, updated every second; null without a window.",
    )
    distinct_end = UtcTime(
        source="channel.distinct_end_ms",
        allow_null=True,
        help_text=f"End of the window of {_DISTINCT}, updated every 5 s; null before the first.",
    )
    newest_end = UtcTime(source="newest_end_ms", allow_null=True, help_text="End of the newest window.")
    coverage = FloatField(source="channel.coverage", help_text=f"{COVERAGE} Refers to the window that ended at `end`.")
    distinct_coverage = FloatField(
        source="channel.distinct_coverage",
        allow_null=True,
        help_text="Coverage of the window that ended at `distinct_end`.",
    )
    state = OpenText([*STATES, "absent"], help_text="As on boards. `absent`: no window.")
    values = Values(source="channel.values", help_text="Values over the past 30 s.")
    unranked = DictField(
        source="channel.unranked", child=CharField(), help_text="Reason why the channel is not ranked, by metric."
    )
    apart = DictField(source="channel.apart", child=IntegerField(), help_text="Number of excluded messages, by kind.")


class LiveChannelList(ResponseSchema):
    """Live values of several channels, in the order of the request."""

    items = LiveChannel(many=True)
