"""Streamed file responses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from apps.metrics.exports.formats import CONTENT_TYPES, ExportColumn, Format, sheet_writer_of
from apps.metrics.exports.series import Rows
from apps.metrics.spans import iso

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def require_safe_file(view: View[P]) -> View[P]:
    """Allow GET and HEAD. HEAD returns the headers only, without reading any rows."""

    @wraps(view)
    def respond(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if request.method != "HEAD" or not response.streaming:
            return response
        return HttpResponse(status=response.status_code, headers=dict(response.items()))

    return cast("View[P]", require_safe(respond))


def file_of(
    form: Format, columns: Sequence[ExportColumn], batches: AsyncIterator[Rows], stem: str
) -> StreamingHttpResponse:
    """Return a file whose rows are read in batches; `stem` is its name without the extension."""
    response = StreamingHttpResponse(cast("Any", _write(form, columns, batches)), content_type=CONTENT_TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="{stem}.{form}"'
    return response


def table_file(
    form: Format, columns: Sequence[ExportColumn], batches: Iterable[Rows], stem: str
) -> StreamingHttpResponse:
    """Return a file of rows that have already been read."""
    return file_of(form, columns, _as_async(batches), stem)


def stamp(at_ms: int) -> str:
    """Return a time for use in a file name."""
    return iso(at_ms // 1000 * 1000).replace(":", "")


async def _write(form: Format, columns: Sequence[ExportColumn], batches: AsyncIterator[Rows]) -> AsyncIterator[str]:
    writer = sheet_writer_of(form, columns)
    yield writer.head()
    async for rows in batches:
        yield writer.rows(rows)


async def _as_async(batches: Iterable[Rows]) -> AsyncIterator[Rows]:
    for rows in batches:
        yield rows
