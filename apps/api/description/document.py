"""The OpenAPI description as served."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import orjson
from drf_spectacular.generators import SchemaGenerator


@cache
def description() -> dict[str, Any]:
    """Return the OpenAPI description."""
    generator: Any = SchemaGenerator  # drf-spectacular has no types
    document: dict[str, Any] = generator(urlconf="apps.api.rest.urls").get_schema(request=None, public=True)
    return document


@cache
def description_bytes() -> bytes:
    """Return the description as indented JSON."""
    return orjson.dumps(description(), option=orjson.OPT_INDENT_2) + b"\n"


@cache
def description_digest() -> bytes:
    """Return a digest that differs between releases with different descriptions."""
    return hashlib.blake2b(description_bytes(), digest_size=12).digest()
