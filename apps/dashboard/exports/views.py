"""What can be taken along of a chart: its windows, or what happened in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from apps.dashboard.access import look_required, of_channel, refused
from apps.dashboard.channel.spans import BadSpan, iso
from apps.dashboard.choices import asked_range
from apps.dashboard.directory import Profile
from apps.dashboard.exports.formats import CONTENT_TYPES, Field, Format, writer_of
from apps.dashboard.exports.series import EVENT_FIELDS, POINT_FIELDS, Rows, event_rows, finer, pieces, point_rows
from apps.dashboard.queries import find_profile, read_series
from apps.metrics import queries as history
from apps.metrics.queries import Range, Series
from core.columns import STORED_GRAINS
from twitchly.clock import now_ms

ROWS: dict[str, tuple[list[Field], Callable[[Series], Rows]]] = {
    "windows": (POINT_FIELDS, point_rows),
    "events": (EVENT_FIELDS, event_rows),
}


@require_GET
@never_cache
@look_required
@of_channel
def channel_file(request: HttpRequest, channel_id: str, what: str, form: Format) -> HttpResponseBase:
    """Give a channel's windows or events as a file that is written while it is read.

    Query: `range`, or `from` and `until`; `grain` for other windows than the chart's.
    """
    now = now_ms()
    shown = _shown(request, now)
    profile = find_profile(channel_id, now)
    first, *rest = pieces(shown, now)
    series = read_series(channel_id, first, now)
    if series is None:
        return refused("History cannot be read just now. Try again soon.", 503)
    fields, rows_of = ROWS[what]
    body = _written(form, fields, rows_of, series, rest, channel_id, now)
    return _file(body, form, f"{_stem(profile, shown, now)}-{what if what == 'events' else shown.grain}")


def _shown(request: HttpRequest, now: int) -> Range:
    """Raises: BadSpan."""
    shown, grain = asked_range(request.GET.dict(), now), request.GET.get("grain", "")
    if not grain:
        return shown
    known = next((one for one in STORED_GRAINS if one == grain), None)
    if known is None:
        raise BadSpan(f"There is no such grain. There are {', '.join(STORED_GRAINS)}.")
    other = finer(shown, known, now)
    if other is None:
        raise BadSpan(f"Not all windows of the grain {grain} are kept for so long. Take a coarser one, or less time.")
    return other


async def _written(
    form: Format,
    fields: Sequence[Field],
    rows_of: Callable[[Series], Rows],
    first: Series,
    rest: Sequence[Range],
    channel_id: str,
    now: int,
) -> AsyncIterator[str]:
    """Yield the file. Where history goes away meanwhile the transfer breaks off: half a file is not a file."""
    writer = writer_of(form, fields)
    yield writer.head() + writer.rows(rows_of(first))
    for piece in rest:
        yield writer.rows(rows_of(await sync_to_async(history.series)(channel_id, piece, now)))


def _file(body: AsyncIterator[str], form: Format, stem: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(cast("Any", body), content_type=CONTENT_TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="{stem}.{form}"'
    return response


def _stem(profile: Profile, shown: Range, now: int) -> str:
    until_ms = now if shown.until_ms is None else shown.until_ms
    since, until = (iso(ms // 1000 * 1000).replace(":", "") for ms in (until_ms - shown.span_ms, until_ms))
    return f"twitchly-{profile.login or profile.id}-{since}-{until}"
