"""Response schemas for watchlists and segments."""

from __future__ import annotations

from typing import Any

from rest_framework.serializers import CharField, DateTimeField, IntegerField, ListField

from apps.api.rest.response_schemas.base import Converted, ResponseSchema


class WatchedChannels(Converted, ListField):
    """Channel IDs of a watchlist, in order."""

    def to_representation(self, data: Any) -> list[str]:
        return list(data.values_list("channel_id", flat=True))


class Watchlist(ResponseSchema):
    """A list of channels in your account."""

    id = IntegerField(source="pk")
    name = CharField()
    created = DateTimeField(source="created_at")
    channels = WatchedChannels(source="watched", child=CharField(), help_text="Channel IDs, in watchlist order.")


class WatchlistList(ResponseSchema):
    """A page of your watchlists."""

    items = Watchlist(many=True)
    next = CharField(allow_null=True)


class Segment(ResponseSchema):
    """A channel search saved in your account."""

    id = IntegerField(source="pk")
    name = CharField()
    created = DateTimeField(source="created_at")
    query = CharField(help_text="The search as a query string for the Discover page.")


class SegmentList(ResponseSchema):
    """A page of your segments."""

    items = Segment(many=True)
    next = CharField(allow_null=True)
