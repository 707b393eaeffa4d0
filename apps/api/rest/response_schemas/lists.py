"""Responses of watchlists and segments."""

from __future__ import annotations

from typing import Any

from rest_framework.serializers import CharField, DateTimeField, IntegerField, ListField

from apps.api.rest.response_schemas.base import Converted, ResponseSchema


class WatchedChannels(Converted, ListField):
    """The ids of a watchlist's channels, in its order."""

    def to_representation(self, data: Any) -> list[str]:
        return list(data.values_list("channel_id", flat=True))


class Watchlist(ResponseSchema):
    """Channels that your account keeps together."""

    id = IntegerField(source="pk")
    name = CharField()
    created = DateTimeField(source="created_at")
    channels = WatchedChannels(source="watched", child=CharField(), help_text="The ids of its channels, in its order.")


class WatchlistList(ResponseSchema):
    """Your account's watchlists, a page of them."""

    items = Watchlist(many=True)
    next = CharField(allow_null=True)


class Segment(ResponseSchema):
    """A search for channels that your account keeps."""

    id = IntegerField(source="pk")
    name = CharField()
    created = DateTimeField(source="created_at")
    query = CharField(help_text="The search, as the page Discover has it in its address.")


class SegmentList(ResponseSchema):
    """Your account's segments, a page of them."""

    items = Segment(many=True)
    next = CharField(allow_null=True)
