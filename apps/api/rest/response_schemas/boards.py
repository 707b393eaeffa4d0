"""Responses of boards."""

from __future__ import annotations

from rest_framework.serializers import BooleanField, CharField, FloatField, IntegerField

from apps.api.rest.fields import OpenText
from apps.api.rest.response_schemas.base import COVERAGE, STATES, ResponseSchema, UtcTime


class BoardEntry(ResponseSchema):
    """A board that there is."""

    metric = CharField(source="key")
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
    channel_id = CharField(source="id", help_text="Twitch's id.")
    login = CharField()
    name = CharField()
    category = CharField()
    language = CharField(help_text="By its English name.")
    value = FloatField(help_text="In the unit of the board.")
    coverage = FloatField(help_text=f"{COVERAGE} It is that of the window of `value`.")
    end = UtcTime(source="end_ms", help_text="When the window of `value` ended.")
    state = OpenText(
        STATES, help_text="`quiet`: nobody wrote in 30 s; `ended`: offline; `stale`: no window came for 10 s."
    )
    moved = IntegerField(allow_null=True, help_text="Places it has risen within a minute.")
    is_new = BooleanField(help_text="It was not ranked a minute ago.")


class Board(ResponseSchema):
    """A board as it is now."""

    metric = CharField(source="board.metric")
    label_ = CharField(source="metric.label")
    unit = CharField(source="metric.unit")
    category = CharField(source="board.category", allow_blank=True)
    language = CharField(source="board.language", allow_blank=True)
    band = CharField(source="board.band", allow_blank=True)
    newest_end = UtcTime(
        source="reading.newest_end_ms", allow_null=True, help_text="When the newest window of all ended."
    )
    viewers_at = UtcTime(
        source="reading.viewers_at_ms", allow_null=True, help_text="When Twitch was asked for viewers."
    )
    late_dropped = IntegerField(
        source="reading.late_dropped", allow_null=True, help_text="Records that came too late to be counted."
    )
    rows = BoardRow(many=True)
