"""What a view answers with, and how it is written: JSON, or for tables CSV and NDJSON."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer

from apps.metrics.exports.formats import Cell, ExportColumn, writer_of

# How long an answer may be kept by who asked, beside which it is never kept for others.
NEVER = "no-store"
ASK_FIRST = "private, no-cache"
A_SECOND = "private, max-age=1"
FIVE_SECONDS = "private, max-age=5"
A_MINUTE = "private, max-age=60"
AN_HOUR = "private, max-age=3600"
_KEPT = (FIVE_SECONDS, A_MINUTE, AN_HOUR, ASK_FIRST)


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of an answer, for those who take no JSON."""

    fields: Sequence[ExportColumn]
    rows: Callable[[], Sequence[Sequence[Cell]]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A document, the same as a table where it has rows, and how long it may be kept.

    `tag` is an entity tag; without one the content is hashed, unless the answer is only valid for a second.
    """

    document: Any
    kept: str = A_SECOND
    table: Table | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    tag: str = ""

    def tag_of(self, content: bytes) -> str:
        """Return its entity tag, "" where it has none."""
        return self.tag or (weak_tag(content) if self.kept in _KEPT and self.status == 200 else "")


class JsonRenderer(BaseRenderer):
    """JSON with times in UTC."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Answer, *_: Any) -> bytes:
        return _json(data.document)


class CsvRenderer(BaseRenderer):
    """A head with units, then a line a row."""

    media_type = "text/csv"
    format = "csv"

    def render(self, data: Answer, *_: Any) -> bytes:
        return _written("csv", data)


class NdjsonRenderer(BaseRenderer):
    """The units first, then an object a line."""

    media_type = "application/x-ndjson"
    format = "ndjson"

    def render(self, data: Answer, *_: Any) -> bytes:
        return _written("ndjson", data)


def weak_tag(content: bytes) -> str:
    """Return a weak entity tag: the answer may travel compressed."""
    return f"W/{_tag(content)}"


def strong_tag(document: Any) -> str:
    """Return a strong entity tag of a JSON document, good for If-Match: such an answer is never compressed."""
    return _tag(_json(document))


def moment(at_ms: int | None) -> datetime | None:
    """Return a moment as answers have it."""
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)


def _json(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def _tag(content: bytes) -> str:
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def _written(form: Any, answer: Answer) -> bytes:
    assert answer.table is not None  # noqa: S101  only views with a table offer this
    writer = writer_of(form, answer.table.fields)
    return (writer.head() + writer.rows(answer.table.rows())).encode()
