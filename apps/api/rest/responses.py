"""Responses of views, and their renderers: JSON, and CSV and NDJSON for tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer

from apps.metrics.exports.formats import Cell, ExportColumn, writer_of

# Values of Cache-Control: responses are cached by clients, never by shared caches.
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


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A response of a view: a JSON document, the same as a table if it has rows, and its headers.

    Without an `etag`, the content is hashed, unless it is cached for a second only.
    """

    document: Any
    cache_control: str = ONE_SECOND
    table: Table | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str = ""

    def etag_of(self, content: bytes) -> str:
        """Return the entity tag for the rendered content, "" for none."""
        return self.etag or (weak_etag(content) if self.cache_control in _WITH_ETAG and self.status == 200 else "")


class JsonRenderer(BaseRenderer):
    """Renders JSON with times in UTC."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: ApiResponse, *_: Any) -> bytes:
        return _json(data.document)


class CsvRenderer(BaseRenderer):
    """Renders a header with units, then one line per row."""

    media_type = "text/csv"
    format = "csv"

    def render(self, data: ApiResponse, *_: Any) -> bytes:
        return _render_table("csv", data)


class NdjsonRenderer(BaseRenderer):
    """Renders the units, then one object per line."""

    media_type = "application/x-ndjson"
    format = "ndjson"

    def render(self, data: ApiResponse, *_: Any) -> bytes:
        return _render_table("ndjson", data)


def weak_etag(content: bytes) -> str:
    """Return a weak entity tag, for content that may be sent compressed."""
    return f"W/{_hash_tag(content)}"


def strong_etag(document: Any) -> str:
    """Return a strong entity tag of a JSON document, for If-Match. Its response is never compressed."""
    return _hash_tag(_json(document))


def _json(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def _hash_tag(content: bytes) -> str:
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def _render_table(file_format: Any, response: ApiResponse) -> bytes:
    assert response.table is not None  # noqa: S101  only views with tables have this renderer
    writer = writer_of(file_format, response.table.fields)
    return (writer.head() + writer.rows(response.table.rows())).encode()
