"""The live values of several channels at one moment, as JSON, CSV or NDJSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apps.api.lookups import Readings
from apps.api.problems import FieldError, invalid_field, invalid_request
from apps.api.rest.channels import MeasuredChannel, find_channels
from apps.api.rest.paging import Page
from apps.api.rest.response_schemas.channels import LiveChannelList
from apps.api.rest.responses import ApiResponse, Table
from apps.live.board import FILTERS
from apps.live.subscriptions import CHANNELS_MAX, BadFrame, read_ids
from apps.metrics.exports.formats import COVERAGE, Cell, ExportColumn, metric_column
from apps.metrics.spans import iso
from core.metrics.table import METRICS

_ONLY_STREAM = "Only the event stream accepts this parameter. Omit it, or request text/event-stream."
# Coverage has its own column, so it is not repeated as a metric.
_METRICS = [metric for metric in METRICS if metric.key != COVERAGE.name]
_FIELDS = [
    ExportColumn("channel_id"),
    ExportColumn("state"),
    ExportColumn("end", "UTC"),
    COVERAGE,
    ExportColumn("distinct_end", "UTC"),
    ExportColumn("distinct_coverage"),
    ExportColumn("newest_end", "UTC"),
    *(metric_column(metric, metric.unit) for metric in _METRICS),
]


def requested_channels(query: Mapping[str, Any]) -> Sequence[str]:
    """Return the requested channel IDs, in order. Raises: Problem.

    `n` has no effect here, but is accepted, because generated clients always send the default values of parameters.
    """
    if refused := [name for name in ("boards", "table", *FILTERS) if query.get(name)]:
        raise invalid_request([FieldError(name, _ONLY_STREAM) for name in refused])
    if "channels" not in query:
        raise invalid_field("channels", f"Send 1 to {CHANNELS_MAX} channel IDs.")
    try:
        read_ids(query["channels"])
    except BadFrame as error:
        raise invalid_field("channels", str(error)) from None
    ids: list[str] = query["channels"]
    return ids


async def measured_channels(readings: Readings, channel_ids: Sequence[str]) -> list[MeasuredChannel]:
    """Return the channels with their live values, in order. Raises: Problem if one is unknown; ServiceUnavailable."""
    channels, reading = await find_channels(readings, channel_ids)
    if unknown := set(channel_ids) - channels.keys():
        raise invalid_field("channels", f"No channel has the ID {min(unknown)}.")
    return [MeasuredChannel(channels[channel_id], reading.newest_end_ms) for channel_id in channel_ids]


def snapshot(channels: Sequence[MeasuredChannel]) -> ApiResponse:
    """Return the live values of channels as a response, cached for a second."""
    document = LiveChannelList.produce(Page(channels))
    return ApiResponse(document, table=Table(_FIELDS, lambda: list(map(_row, channels))))


def _row(measured: MeasuredChannel) -> list[Cell]:
    channel = measured.channel
    return [
        channel.profile.id,
        measured.state,
        _time(channel.end_ms),
        channel.coverage,
        _time(channel.distinct_end_ms),
        channel.distinct_coverage,
        _time(measured.newest_end_ms),
        *(channel.values.get(metric.key) for metric in _METRICS),
    ]


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso(at_ms)
