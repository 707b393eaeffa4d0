"""View responses, their renderers (JSON, and CSV and NDJSON for tables), and content negotiation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from django.http.request import MediaType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response

from apps.api.problems import Problem, invalid_field
from apps.metrics.exports.formats import Cell, ExportColumn, writer_of

# A parameter of every operation.
FORMAT = "format"
# Values of Cache-Control: clients may cache responses, but shared caches must not.
NO_STORE = "no-store"
REVALIDATE = "private, no-cache"
ONE_SECOND = "private, max-age=1"
FIVE_SECONDS = "private, max-age=5"
ONE_MINUTE = "private, max-age=60"
ONE_HOUR = "private, max-age=3600"
_WITH_ETAG = (FIVE_SECONDS, ONE_MINUTE, ONE_HOUR, REVALIDATE)


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a response, for CSV and NDJSON."""

    fields: Sequence[ExportColumn]
    rows: Callable[[], Sequence[Sequence[Cell]]]


class ApiResponse(Response):
    """A view's response: a JSON document, the same data as a table if it has rows, and its headers.

    Without an `etag`, the ETag is a hash of the content. Responses that are cached for 1 s or not stored have no ETag.
    """

    def __init__(
        self,
        document: Any,
        cache_control: str = ONE_SECOND,
        table: Table | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        etag: str = "",
    ) -> None:
        super().__init__(document, status=status, headers={"Cache-Control": cache_control, **(headers or {})})
        self.table, self._etag = table, etag
        self.renderer_context: dict[str, Any] = {"response": self}

    def add_etag(self) -> str:
        """Add the ETag header for the rendered content and return the tag, or "" if there is none."""
        is_hashed = self.status_code == 200 and self["Cache-Control"] in _WITH_ETAG
        etag = self._etag or (weak_etag(self.content) if is_hashed else "")
        if etag:
            self["ETag"] = etag
        return etag


class JsonRenderer(BaseRenderer):
    """Renders JSON with times in UTC."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, *_: Any) -> bytes:
        return b"" if data is None else _json(data)


class CsvRenderer(BaseRenderer):
    """Renders a header with units, then one line per row."""

    media_type = "text/csv"
    format = "csv"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:  # noqa: ARG002  its interface
        return b"" if data is None else _render_table("csv", renderer_context["response"])


class NdjsonRenderer(BaseRenderer):
    """Renders the units, then one object per line."""

    media_type = "application/x-ndjson"
    format = "ndjson"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:  # noqa: ARG002  its interface
        return b"" if data is None else _render_table("ndjson", renderer_context["response"])


class Negotiation(DefaultContentNegotiation):
    """Chooses the renderer for a request. Raises: Problem."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        if format_suffix and FORMAT in request.GET:
            raise invalid_field(
                FORMAT, f"The URL already selects the format with .{format_suffix}. Omit the parameter."
            )
        named = format_suffix or request.GET.get(FORMAT)
        renderer = choose(tuple(map(type, renderers)), request.META.get("HTTP_ACCEPT", ""), named)
        return renderer, renderer.media_type


@lru_cache(maxsize=1_000)
def choose(renderers: tuple[type[BaseRenderer], ...], accept: str, named: str | None) -> BaseRenderer:
    """Return the renderer for the format `named` in the URL, or else for an Accept header. Raises: Problem."""
    if named:
        chosen = next((renderer for renderer in renderers if renderer.format == named), None)
    else:
        weighted = [(weight(renderer.media_type, accept), renderer) for renderer in renderers]
        # If weights are equal, the first renderer wins, because it has the operation's default format.
        best, chosen = max(weighted, key=lambda pair: pair[0])
        chosen = chosen if best > 0 else None
    if chosen is None:
        formats = ", ".join(f"{renderer.format} ({renderer.media_type})" for renderer in renderers)
        raise Problem("not-acceptable", f"Available formats: {formats}.")
    return chosen()


def weight(media_type: str, accept: str) -> float:
    """Return the weight of a media type in an Accept header, or 0 if it is not accepted. Source: RFC 9110, 12.5.1."""
    accepted = [MediaType(token) for token in accept.split(",") if token.strip()]
    if not accepted:
        return 1.0
    for names in _ranges(media_type):
        weights = [_quality(item) for item in accepted if f"{item.main_type}/{item.sub_type}".lower() in names]
        if weights:
            return max(weights)
    return 0.0


def _quality(item: MediaType) -> float:
    """Return the weight of a media range, or 1 if the weight is invalid, such as `q=nan`."""
    return item.quality if 0 <= item.quality <= 1 else 1.0


def _ranges(media_type: str) -> Sequence[tuple[str, ...]]:
    """Return the media ranges that match a media type, most specific first."""
    main, _, _ = media_type.partition("/")
    return (media_type,), (f"{main}/*",), ("*/*", "*/")


def weak_etag(content: bytes) -> str:
    """Return a weak entity tag, for content that may be sent compressed."""
    return f"W/{_hash_tag(content)}"


def strong_etag(document: Any) -> str:
    """Return a strong entity tag for a JSON document, for use with If-Match. The document is never sent compressed."""
    return _hash_tag(_json(document))


def _json(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def _hash_tag(content: bytes) -> str:
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def _render_table(file_format: Any, response: ApiResponse) -> bytes:
    assert response.table is not None  # noqa: S101  only views with tables have this renderer
    writer = writer_of(file_format, response.table.fields)
    return (writer.head() + writer.rows(response.table.rows())).encode()
