"""A file that is sent while it is written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from apps.metrics.exports.formats import CONTENT_TYPES, ExportColumn, Format, writer_of
from apps.metrics.exports.series import Rows
from apps.metrics.spans import iso

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def require_safe_file(view: View[P]) -> View[P]:
    """Answer GET with a file, and HEAD with its headers alone: nothing is read to be thrown away."""

    @wraps(view)
    def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if request.method != "HEAD" or not response.streaming:
            return response
        return HttpResponse(status=response.status_code, headers=dict(response.items()))

    return cast("View[P]", require_safe(answer))


def file_of(
    form: Format, fields: Sequence[ExportColumn], pieces: AsyncIterator[Rows], stem: str
) -> StreamingHttpResponse:
    """Return a file of rows that come piece by piece; `stem` is its name without the ending."""
    response = StreamingHttpResponse(cast("Any", _written(form, fields, pieces)), content_type=CONTENT_TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="{stem}.{form}"'
    return response


def table_file(
    form: Format, fields: Sequence[ExportColumn], pieces: Iterable[Rows], stem: str
) -> StreamingHttpResponse:
    """Return a file of rows that are known already."""
    return file_of(form, fields, _given(pieces), stem)


def stamp(at_ms: int) -> str:
    """Return a moment as the name of a file has it."""
    return iso(at_ms // 1000 * 1000).replace(":", "")


async def _written(form: Format, fields: Sequence[ExportColumn], pieces: AsyncIterator[Rows]) -> AsyncIterator[str]:
    writer = writer_of(form, fields)
    yield writer.head()
    async for rows in pieces:
        yield writer.rows(rows)


async def _given(pieces: Iterable[Rows]) -> AsyncIterator[Rows]:
    for rows in pieces:
        yield rows
