"""Live values over HTTP: as server-sent events, or once as JSON, CSV or NDJSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from apps.api.authentication import digest_from_header
from apps.api.description.schema import operation
from apps.api.live.connections import acquire_lease
from apps.api.live.events import event_stream
from apps.api.live.snapshot import measured_channels, requested_channels, snapshot
from apps.api.problems import invalid_field
from apps.api.rest.conditional_requests import require_match
from apps.api.rest.fields import Choice, CommaList, Flag
from apps.api.rest.request_schemas import BoardFilters
from apps.api.rest.response_schemas.channels import LiveChannelList
from apps.api.rest.responses import NO_STORE
from apps.api.rest.view import TABLES, ApiView
from apps.api.scopes import Scope
from apps.live.board import BOARD_KEYS, FILTERS, SIZES, Board
from apps.live.consumer import SUBSCRIPTIONS_MAX
from apps.live.subscriptions import (
    CHANNELS_MAX,
    BadFrame,
    ChannelsSpec,
    Subscribe,
    SubscriptionSpec,
    TableSpec,
    read_ids,
)

_DESCRIPTION = """\
Each event is a frame in JSON. A subscription begins with `{"type": "snapshot", "id": "viewers", "seq": 1, …}`; later
frames have the type `push`. Frames of a board contain `board` and `rows`, those of channels contain `channels` by ID,
and those of the table contain `rows` by ID. A push of the table with `is_whole: false` contains only the changed rows,
and the IDs of removed rows in `gone`. Times in frames are milliseconds since 1970, UTC.

`end_ms` of a board's row is the end of the window of its `value`. A channel has two windows: `distinct_end_ms` is the
end of the window of `chatters`, `excitement` and `repetition`, which is updated every 5 s, and `end_ms` is the end of
the window of all other `values`. `distinct_coverage` and `coverage` give the coverage of these two windows. `language`
is Twitch's language code, and `language_name` is the language's English name. `display` contains the values formatted
as Twitchly's pages show them. Do not parse it: the format may change.

Every frame has an ID. To resume, send the last ID as `Last-Event-ID` with the same subscriptions: you get a snapshot of
each subscription that has newer data. Any other ID is ignored, and you get snapshots of all subscriptions. A newer
frame replaces one that you have not read yet. A client that reads nothing for a minute is disconnected. A `problem`
event says what is unavailable; it is also the last event after your key expires or is revoked. The WebSocket
`/api/v1/socket` accepts the same `Authorization` header and sends the same frames.

To get values only once, send `channels` with `Accept: application/json` or `format=json`; CSV and NDJSON work likewise.
JSON contains the fields of `/channels/{channel_id}/live` for each channel; CSV and NDJSON contain one row of values per
channel. The request does not count as a live connection. Requests within the same second get the same data.
"""


class EventStreamRenderer(BaseRenderer):
    """Takes part in content negotiation only, because the view writes the events itself."""

    media_type = "text/event-stream"
    format = "event-stream"


class LiveQuery(BoardFilters):
    boards = CommaList(BOARD_KEYS, required=False, help_text="Boards, by metric, as `a,b` or repeated.")
    n = Choice(required=False, default=SIZES[0], choices=list(SIZES), help_text="Number of rows per board.")
    channels = CommaList(required=False, help_text=f"Up to {CHANNELS_MAX} channel IDs, as `a,b` or repeated.")
    table = Flag(required=False, default=False, help_text="Stream the table of all live channels, every 2 s.")


class LiveView(ApiView):
    scopes = {"get": Scope.LIVE}
    renderer_classes = [EventStreamRenderer, *TABLES]

    @operation(
        "stream_live",
        "Stream boards, selected channels or all live channels, or get channel values once",
        "Live",
        query=LiveQuery,
        responses={
            (200, "application/json"): LiveChannelList,
            (200, "text/csv"): str,
            (200, "application/x-ndjson"): str,
            (200, "text/event-stream"): str,
        },
        description=_DESCRIPTION,
    )
    async def get(self, request: Request) -> HttpResponseBase:
        if not isinstance(request.accepted_renderer, EventStreamRenderer):
            ids = requested_channels(self.query)
            return snapshot(await measured_channels(self.services.readings, ids))
        return await self._stream(request)

    async def _stream(self, request: Request) -> StreamingHttpResponse:
        subscriptions = requested_subscriptions(self.query)
        require_match(request.headers, "")
        lease = await acquire_lease(self.api_client)
        key_digest = digest_from_header(request.META["HTTP_AUTHORIZATION"])
        last_id = request.META.get("HTTP_LAST_EVENT_ID", "")
        stream: Any = event_stream(self.services, self.api_client, key_digest, subscriptions, last_id, lease)
        # X-Accel-Buffering: a buffering proxy would delay the events.
        headers = {"Cache-Control": NO_STORE, "X-Accel-Buffering": "no"}
        return StreamingHttpResponse(stream, content_type="text/event-stream", headers=headers)


def requested_subscriptions(query: Mapping[str, Any]) -> list[Subscribe]:
    """Return the requested subscriptions by name: each board under its metric, and `channels` and `table` if requested.

    Raises: Problem.
    """
    specs: dict[str, SubscriptionSpec] = {metric: _board(metric, query) for metric in query.get("boards", ())}
    if "channels" in query:
        specs["channels"] = _channels(query["channels"])
    if query["table"]:
        specs["table"] = TableSpec()
    if not 1 <= len(specs) <= SUBSCRIPTIONS_MAX:
        reason = f"Request 1 to {SUBSCRIPTIONS_MAX} subscriptions in total."
        raise invalid_field("boards", f"{reason} Each board counts as one; `channels` and `table` count as one each.")
    return [Subscribe(name, spec) for name, spec in specs.items()]


def _board(metric: str, query: Mapping[str, Any]) -> Board:
    return Board(metric, int(query["n"]), *(query.get(name, "") for name in FILTERS))


def _channels(ids: list[str]) -> ChannelsSpec:
    try:
        return ChannelsSpec(read_ids(ids))
    except BadFrame as error:
        raise invalid_field("channels", str(error)) from None
