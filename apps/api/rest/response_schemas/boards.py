"""Response schemas for boards."""

from __future__ import annotations

from rest_framework.serializers import BooleanField, CharField, FloatField, IntegerField

from apps.api.rest.fields import OpenText
from apps.api.rest.response_schemas.base import COVERAGE, LANGUAGE, LANGUAGE_NAME, STATES, ResponseSchema, UtcTime


class BoardEntry(ResponseSchema):
    """An available board."""

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

    rank = IntegerField(help_text="From 1, by `value`. If values are equal, the greater ID (as text) comes first.")
    channel_id = CharField(source="id", help_text="Twitch ID.")
    login = CharField()
    name = CharField()
    category = CharField()
    language = CharField(help_text=LANGUAGE)
    language_name = CharField(help_text=LANGUAGE_NAME)
    value = FloatField(help_text="In the board's unit.")
    coverage = FloatField(help_text=f"{COVERAGE} Refers to the window of `value`.")
    end = UtcTime(source="end_ms", help_text="End of the window of `value`.")
    state = OpenText(STATES, help_text="`quiet`: no messages in 30 s; `ended`: offline; `stale`: no window for 10 s.")
    moved = IntegerField(allow_null=True, help_text="Change of rank in the past minute; positive means up.")
    is_new = BooleanField(help_text="Whether the channel was not ranked a minute ago.")


class Board(ResponseSchema):
    """A board's current state."""

    metric = CharField(source="board.metric")
    label_ = CharField(source="metric.label")
    unit = CharField(source="metric.unit")
    category = CharField(source="board.category", allow_blank=True)
    language = CharField(source="board.language", allow_blank=True, help_text="Language code, as in the request.")
    language_name = CharField(allow_blank=True, help_text=LANGUAGE_NAME)
    band = CharField(source="board.band", allow_blank=True)
    newest_end = UtcTime(source="reading.newest_end_ms", allow_null=True, help_text="End of the newest window.")
    viewers_at = UtcTime(source="reading.viewers_at_ms", allow_null=True, help_text="Time of the viewer counts.")
    late_dropped = IntegerField(
        source="reading.late_dropped",
        allow_null=True,
        help_text="Number of records that arrived too late to be counted.",
    )
    rows = BoardRow(many=True)
